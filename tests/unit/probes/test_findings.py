"""What a round of answers means for the release."""

import pytest

from interlock.probes.findings import findings, remedy_for
from interlock.probes.probe import ANONYMOUS, INVALID, Answer, Asked, Proof
from interlock.probes.summary import summarise
from interlock.verdict.finding import Check, Finding, Signal


def an_answer(
    proof: Proof, identity: str = "admin", status: int | None = 200, probe: str = "GET /modules", reason: str = "why"
) -> Answer:
    return Answer(probe, identity, status, proof, reason)


def found(*answers: Answer, build: str | None = None, expected_build: str | None = None) -> list[tuple[Signal, str]]:
    asked = Asked(answers, build)
    told = findings(asked, check=Check.PROBE_AFTER, expected_build=expected_build)
    return [(finding.signal, finding.message) for finding in told]


PROVED = an_answer(Proof.PROVED)
LOCKED = an_answer(Proof.LOCKED, ANONYMOUS, 401)


def test_a_locked_door_and_a_proved_page_give_nothing():
    assert found(LOCKED, PROVED) == []


def test_a_failed_answer_stops_the_release():
    assert found(PROVED, an_answer(Proof.FAILED, status=500, probe="GET /flags", reason="answered 500")) == [
        (Signal.STOP, "GET /flags as admin: answered 500")
    ]


def test_an_unproved_answer_is_a_caution():
    assert found(PROVED, an_answer(Proof.UNPROVED, "viewer", reason="too large")) == [
        (Signal.CAUTION, "GET /modules as viewer is unproved: too large")
    ]


def test_a_locked_door_alone_is_never_clear():
    assert [signal for signal, _ in found(LOCKED)] == [Signal.CAUTION, Signal.CAUTION]


def test_an_endpoint_that_nobody_real_was_asked_for_is_a_caution():
    locked = an_answer(Proof.LOCKED, ANONYMOUS, 401, "GET /flags")

    assert found(LOCKED, PROVED, locked) == [
        (Signal.CAUTION, "GET /flags is unproved: its door is locked, but nobody was expected to get in")
    ]


def test_a_public_endpoint_needs_nobody_real():
    public = an_answer(Proof.PROVED, ANONYMOUS, probe="GET /health")

    assert found(LOCKED, PROVED, public) == []


def test_public_endpoints_alone_are_a_caution():
    assert found(an_answer(Proof.PROVED, ANONYMOUS)) == [(Signal.CAUTION, "nothing was asked as a logged-in person")]


def test_a_second_probe_of_the_same_name_is_not_covered_by_the_first():
    assert [signal for signal, _ in found(LOCKED, PROVED, LOCKED)] == [Signal.CAUTION]


def test_no_probes_at_all_are_a_caution():
    assert found() == [(Signal.CAUTION, "no endpoint was asked")]


def test_silence_for_one_reason_is_one_finding():
    names = [f"GET /{letter}" for letter in "abcde"]
    silent = [an_answer(Proof.FAILED, status=None, probe=name, reason="refused") for name in names]

    assert found(PROVED, *silent) == [(Signal.STOP, "GET /a, GET /b, GET /c and 2 more as admin: refused")]


def test_an_identity_that_cannot_be_logged_in_is_a_caution():
    silent = an_answer(Proof.UNPROVED, "viewer", None, reason="TOKEN is not set")

    assert found(PROVED, silent) == [(Signal.CAUTION, "GET /modules as viewer: unproved: TOKEN is not set")]


def test_another_build_than_the_expected_one_stops_the_release():
    assert found(PROVED, build="1", expected_build="2") == [
        (Signal.STOP, "an old instance answers: build 1 instead of 2")
    ]


def test_an_expected_build_that_is_not_told_is_a_caution():
    assert [signal for signal, _ in found(PROVED, expected_build="2")] == [Signal.CAUTION]


def test_the_expected_build_gives_nothing():
    assert found(PROVED, build="2", expected_build="2") == []


def test_a_finding_carries_its_check_and_a_remedy():
    failed = an_answer(Proof.FAILED, status=404)

    assert findings(Asked((PROVED, failed)), check=Check.PROBE_BEFORE) == (
        Finding(Check.PROBE_BEFORE, Signal.STOP, "GET /modules as admin: why", remedy_for(failed)),
    )


def test_a_rate_limit_is_called_one():
    assert "a rate limit of the application stopped it" in remedy_for(an_answer(Proof.FAILED, status=429))


@pytest.mark.parametrize("status", [None, 200, 302, 401, 404, 418, 429, 500])
@pytest.mark.parametrize("identity", [ANONYMOUS, INVALID, "admin"])
@pytest.mark.parametrize("proof", [Proof.FAILED, Proof.UNPROVED])
def test_there_is_always_something_to_do(proof: Proof, identity: str, status: int | None):
    assert remedy_for(an_answer(proof, identity, status))


def test_a_summary_counts_every_proof():
    assert summarise(Asked((PROVED, PROVED, LOCKED))) == "2 proved, 1 locked, 0 unproved, 0 failed"
