from dataclasses import replace

import pytest
from tests.unit.report.builders import (
    CAUTION,
    STOP,
    a_record,
    a_step,
    a_table,
    a_timeline,
    a_verification,
    altered,
    an_answer,
    asked,
    caution_without_an_identity,
    clear_with_applied_steps,
    clear_with_nothing_to_do,
    missing,
    stop_at_verify_before,
    stop_half_way,
    unexpected,
)

from interlock.probes.probe import Asked, Unprobed
from interlock.release.record import AppliedStep, Plan
from interlock.report.endpoints import pair_answers
from interlock.report.evidence import evidence
from interlock.report.headline import headline
from interlock.report.steps import State, outcome, progress
from interlock.verdict.finding import Check, Finding
from interlock.verdict.judge import Verdict

PENDING = Plan(("0005",), "0007", (a_step("0006"), a_step("0007")))
STOPPED_BEFORE_THE_GATE = a_timeline((Check.CONNECT, 0.1, ""), (Check.VERIFY_BEFORE, 0.1, "", STOP))


def proofs(record) -> dict[str, object]:
    return {one.subject: one.signal for one in evidence(record)}


def test_clear_says_what_was_proved():
    assert headline(clear_with_nothing_to_do()) == (
        "Proved: the live schema is what the chain defines at 0006 (142 objects), all 12 mapped classes can be "
        "selected and 1 endpoint works. Nothing was pending; the database was not touched."
    )


@pytest.mark.parametrize(
    ("number", "clause"), [(1, "the 1 endpoint that was asked works"), (2, "all 2 endpoints that were asked work")]
)
def test_pages_that_were_not_asked_are_not_among_those_that_work(number: int, clause: str):
    answers = asked(*[(200, 200, 401)] * number)
    page = Unprobed("GET /reports/{kind}", "needs the path parameter kind")

    assert clause in headline(a_record(asked_after=replace(answers, left_out=(page,))))


@pytest.mark.parametrize("operation", ["POST /orders", "GET /api/admin/modules"])
def test_what_is_no_page_or_was_asked_after_all_is_not_left_out(operation: str):
    answers = replace(asked((200, 200, 401)), left_out=(Unprobed(operation, "not a safe method"),))

    assert "1 endpoint works" in headline(a_record(asked_after=answers))


def test_stop_says_where_and_what_became_of_the_database():
    assert headline(stop_at_verify_before()) == (
        "Failed at verify before. The database was not touched; revision 0007 is pending."
    )


def test_half_way_names_every_revision_by_what_became_of_it():
    assert outcome(stop_half_way()) == "Revision 0006 ran; revision 0007 did not finish; revision 0008 did not run."


def test_locked_doors_prove_no_endpoint():
    record = caution_without_an_identity()

    assert proofs(record)["Endpoints"] is CAUTION
    assert "endpoint" not in headline(record)


def test_the_first_revision_that_is_left_is_where_a_failed_apply_broke_off():
    record = a_record(
        timeline=a_timeline((Check.APPLY, 1.0, "failed", STOP)),
        plan=PENDING,
        applied=(AppliedStep(a_step("0006"), 1.0, True),),
    )

    assert [one.state for one in progress(record)] == [State.DONE, State.UNFINISHED]


def test_an_apply_that_was_killed_may_have_touched_the_database():
    silent = Verdict((Finding(Check.APPLY, STOP, "did not report"),))
    record = a_record(verdict=silent, timeline=STOPPED_BEFORE_THE_GATE, plan=PENDING, after=None, asked_after=None)

    assert outcome(record) == "Revision 0006 did not finish; revision 0007 did not run."
    assert proofs(record)["Schema"] is None
    assert {pair.proof for pair in pair_answers(record)} == {"unproved"}


def test_before_the_gate_revisions_are_pending():
    record = a_record(timeline=STOPPED_BEFORE_THE_GATE, plan=PENDING)

    assert outcome(record) == "The database was not touched; revisions 0006 and 0007 are pending."


def test_a_comparison_from_before_proves_nothing_once_revisions_ran():
    record = clear_with_applied_steps()

    assert proofs(a_record(applied=record.applied, plan=record.plan, after=None))["Schema"] is None


@pytest.mark.parametrize("change", [missing(a_table("a")), altered(a_table("a"), a_table("a"), signal=CAUTION)])
def test_a_schema_that_lacks_something_is_not_proved(change):
    assert proofs(a_record(after=a_verification(drift=(change,))))["Schema"] is not None
    assert "the live schema" not in headline(a_record(after=a_verification(drift=(change,))))


def test_something_unexpected_and_harmless_leaves_the_rest_proved():
    record = a_record(after=a_verification(drift=(unexpected(a_table("notes")),)))

    assert "the live schema holds all that the chain defines at 0006 (142 objects)" in headline(record)


def test_models_are_proved_only_where_the_check_reported():
    assert proofs(a_record(timeline=STOPPED_BEFORE_THE_GATE))["Models"] is None


def test_the_same_question_asked_twice_keeps_both_answers():
    twice = Asked((an_answer("POST /a", "admin", 500), an_answer("POST /a", "admin", 200)))

    pairs = pair_answers(a_record(asked_before=None, asked_after=twice))

    assert [pair.proof for pair in pairs] == ["failed", "proved"]


def test_one_failed_answer_spoils_its_endpoint():
    record = a_record(asked_after=asked((200, 500, 401), (200, 200, 401)))

    assert [one.clause for one in evidence(record)][-1] == "1 of 2 endpoints are proved to work"
