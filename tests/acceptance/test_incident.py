"""The founding incident, and the states that look like its happy end without being it."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from interlock.cli.incident import PAGES, REALLY_AT, Scene, claim_head, production
from interlock.cli.present import Silence
from interlock.cli.request import blank_record
from interlock.errors import ExitCode
from interlock.probes.ask import ask
from interlock.probes.probe import ANONYMOUS, Probe, Proof
from interlock.release.logbook import Outcome
from interlock.release.pipeline import release
from interlock.release.restamp import restamp
from interlock.verdict.finding import Check, Signal
from tests.acceptance.conftest import Interlock


@pytest.fixture(scope="module")
def incident() -> Iterator[Scene]:
    """Production on the day of the incident."""
    with production() as scene:
        yield scene


@pytest.fixture(scope="module")
def released(incident: Scene) -> Scene:
    """Production after the guard's remedy: re-stamped and released."""
    assert run(incident).record.verdict.signal is Signal.STOP
    restamp(incident.request(), None, may_write=lambda _change: True, on_wait=lambda _holder: None)
    assert run(incident).record.verdict.signal is Signal.CLEAR
    return incident


def run(scene: Scene, **how) -> Outcome:
    return release(scene.request(**how), blank_record("release", "production"), Silence())


def statuses(outcome: Outcome, identity: str) -> dict[str, int | None]:
    asked = outcome.record.asked_after
    assert asked is not None
    return {answer.probe: answer.status for answer in asked.answers if answer.identity == identity}


def test_the_story_is_told_from_401_over_500_and_stop_to_clear(interlock: Interlock, tmp_path: Path):
    said = interlock("demo", "incident")

    told = said.out
    assert said.code == ExitCode.CLEAR, said
    assert told.index("401  GET /api/v1/admin/modules") < told.index("500  GET /api/v1/admin/modules")
    assert told.index("STOP") < told.index("table public.analytics_modules, by 0008_row_level_security")
    assert told.index("column public.feature_flags.module_key, by 0007_flags_of_modules") < told.index("restamp:")
    assert told.index(f"it says {REALLY_AT} now") < told.index("CLEAR")
    assert "500      200     proved" in told
    assert (tmp_path / "interlock-report" / "report.html").exists()


def test_what_the_old_script_called_success_proves_nothing(incident: Scene):
    probes = [Probe(page, expect={ANONYMOUS: frozenset({401})}) for page in PAGES]

    answers = ask(incident.api.url, probes).answers

    assert [answer.status for answer in answers] == [401, 401, 401]
    assert {answer.proof for answer in answers} == {Proof.LOCKED}


def test_the_guard_says_stop_with_what_is_missing_and_touches_nothing(incident: Scene):
    outcome = run(incident)

    missing = {str(blamed.change): blamed.maker for blamed in outcome.record.before.drift}
    assert outcome.exit_code == ExitCode.STOP
    assert missing["Missing table public.analytics_modules"] == "0008_row_level_security"
    assert missing["Missing column public.feature_flags.module_key"] == "0007_flags_of_modules"
    assert outcome.record.before.located == (REALLY_AT,)
    assert outcome.record.before.is_located
    assert outcome.record.applied == ()


def test_after_the_remedy_every_page_answers_the_administrator(released: Scene):
    outcome = run(released)

    assert outcome.exit_code == ExitCode.CLEAR
    assert {statuses(outcome, "administrator")[f"GET {page}"] for page in PAGES} == {200}


def test_a_withheld_token_is_not_clear(released: Scene):
    outcome = run(released, is_token_withheld=True)

    assert outcome.record.verdict.signal is Signal.CAUTION
    assert outcome.exit_code == ExitCode.CAUTION


def test_an_old_build_cannot_vouch_for_the_new_release(released: Scene):
    outcome = run(released, expected_build="the-new-one")

    assert outcome.record.verdict.signal is Signal.STOP
    assert any("old instance" in finding.message for finding in outcome.record.verdict.findings)


def test_a_password_that_does_not_work_is_not_clear(released: Scene):
    stranger = replace(released, administrator=replace(released.administrator, password="wrong"))

    assert run(stranger).record.verdict.signal is Signal.STOP


def test_an_application_that_is_not_there_is_not_clear(released: Scene):
    gone = replace(released, api=replace(released.api, port=1))

    assert run(gone).record.verdict.signal is Signal.STOP


def test_a_release_that_nobody_was_asked_about_is_caution_at_best(released: Scene):
    request = replace(released.request(), application=None)

    outcome = release(request, blank_record("release", "production"), Silence())

    assert outcome.record.verdict.signal is Signal.CAUTION


def test_an_empty_database_stamped_at_head_is_not_clear(released: Scene):
    url = released.server.create_database("empty")
    claim_head(url)

    outcome = run(replace(released, url=url))

    assert outcome.record.verdict.signal is Signal.STOP
    assert outcome.record.before.located == ("base",)
    assert outcome.record.before.is_located


def test_one_column_gone_after_the_release_is_stop_though_every_page_answered_before(released: Scene):
    with psycopg.connect(released.url.as_text(), autocommit=True) as connection:
        connection.execute("alter table analytics_modules rename column name to title")
        try:
            outcome = run(released)
        finally:
            connection.execute("alter table analytics_modules rename column title to name")

    stops = {finding.check for finding in outcome.record.verdict.findings if finding.signal is Signal.STOP}
    assert stops == {Check.VERIFY_BEFORE}
