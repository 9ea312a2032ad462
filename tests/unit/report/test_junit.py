from xml.etree import ElementTree

import pytest
from tests.unit.report.builders import (
    CAUTION,
    RECORDS,
    STOP,
    a_record,
    a_timeline,
    caution_without_an_identity,
    clear_with_applied_steps,
    stop_because_a_stage_is_silent,
    stop_half_way,
    with_hostile_names,
)

from interlock.report.junit import as_junit
from interlock.verdict.finding import Check, Finding, Signal
from interlock.verdict.judge import Verdict


def suites(record) -> dict[str, ElementTree.Element]:
    return {suite.get("name", ""): suite for suite in ElementTree.fromstring(as_junit(record))}  # noqa: S314


def outcomes(suite: ElementTree.Element) -> dict[str | None, str]:
    return {
        case.get("name"): next((part.tag for part in case if part.tag != "system-out"), "passed")
        for case in suite.iter("testcase")
    }


@pytest.mark.parametrize("name", RECORDS)
def test_the_totals_are_those_of_the_cases(name: str):
    root = ElementTree.fromstring(as_junit(RECORDS[name]()))  # noqa: S314

    for suite in (root, *root):
        assert int(suite.get("tests", "")) == len(list(suite.iter("testcase")))
        for attribute, tag in {"failures": "failure", "errors": "error", "skipped": "skipped"}.items():
            assert int(suite.get(attribute, "")) == len(list(suite.iter(tag)))


@pytest.mark.parametrize("name", RECORDS)
def test_the_verdict_decides_what_readers_count(name: str):
    record = RECORDS[name]()
    root = ElementTree.fromstring(as_junit(record))  # noqa: S314

    is_red = int(root.get("failures", "")) + int(root.get("errors", "")) > 0
    assert is_red == (record.verdict.signal is STOP)
    assert record.verdict.signal is not CAUTION or int(root.get("skipped", "")) > 0


def test_every_check_that_passed_is_a_case():
    record = a_record()

    assert all(outcomes(suites(record)[check])[check] == "passed" for check in {s.check for s in record.timeline})


def test_a_stop_is_a_failure_with_its_remedy():
    [failure] = suites(stop_half_way())["apply"].iter("failure")

    assert failure.get("message", "").startswith("0007 did not finish")
    assert "next: 0006 stays" in (failure.text or "")


def test_a_caution_is_skipped_and_never_passed():
    suite = suites(caution_without_an_identity())["probe after"]

    told = outcomes(suite)
    assert [told[name] for name in told if name and "door is locked" in name] == ["skipped"]
    assert Check.PROBE_AFTER not in told


def test_a_check_that_did_not_report_is_an_error():
    assert outcomes(suites(stop_because_a_stage_is_silent())["probe after"]) == {"did not report": "error"}


def test_a_stage_that_says_stop_without_a_finding_does_not_pass():
    record = a_record(timeline=a_timeline((Check.APPLY, 1.0, "?", Signal.STOP)))

    assert outcomes(suites(record)["apply"]) == {"apply": "failure"}


def test_a_verdict_without_a_report_is_an_error():
    assert outcomes(suites(a_record(timeline=()))["verdict"]) == {"verdict": "error"}


def test_what_failed_before_and_works_now_is_no_failure():
    told = suites(clear_with_applied_steps())

    assert outcomes(told["probe before"])["GET /api/admin/modules as admin"] == "skipped"
    assert outcomes(told["probe after"])["GET /api/admin/modules as admin"] == "passed"


def test_what_failed_before_is_a_failure_where_the_check_says_so():
    finding = Finding(Check.PROBE_BEFORE, STOP, "it fails already")
    record = clear_with_applied_steps()
    judged = a_record(verdict=Verdict((finding,)), asked_before=record.asked_before)

    assert outcomes(suites(judged)["probe before"])["GET /api/admin/modules as admin"] == "failure"


def test_hostile_characters_leave_valid_xml():
    text = as_junit(with_hostile_names())

    assert "\\x00" in text
    assert "<script>" not in text
    assert not any(ord(character) < 32 and character != "\n" for character in text)
