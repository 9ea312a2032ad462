"""What the guard found, on record: told by the guard's own reports, read by the API and the console."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from interlock.control.domain.releases import HealthCounts
from interlock.release.record import ReleaseRecord, Stage
from interlock.report.html import as_html
from interlock.report.json import as_json
from interlock.report.legible import legible
from interlock.verdict.finding import Check, Signal
from tests.integration.control.conftest import Api, Member, People
from tests.unit.report import builders

PATH = "/api/v1/admin/releases"
HEALTH = "/api/v1/admin/health"


def told(record: ReleaseRecord, project: str = "shop") -> dict[str, Any]:
    return {"project": project, "record": legible(json.loads(as_json(record))), "page": as_html(record)}


def put(api: Api, recorder: Member, record: ReleaseRecord, project: str = "shop") -> None:
    answer = api.ask("POST", PATH, recorder, json=told(record, project))
    assert answer.status_code == 201, answer.text


@pytest.fixture
def recorder(people: People) -> Member:
    return people.member("platform", "recorder")


@pytest.mark.parametrize("make", builders.RECORDS.values(), ids=list(builders.RECORDS))
def test_whatever_the_guard_writes_can_be_put_on_record_and_is_read_again_as_it_was(
    api: Api, people: People, recorder: Member, make: Any
):
    record = make()
    put(api, recorder, record)

    root = people.super_admin()
    found = api.get(f"{PATH}/{record.id}", root).json()
    sent = legible(json.loads(as_json(record)))
    times = {"began", "ended"}  # spelt as the API spells times
    assert {name: part for name, part in found["record"].items() if name not in times} == {
        name: part for name, part in sent.items() if name not in times
    }
    assert found["summary"]["signal"] == record.verdict.signal.name
    page = api.get(f"{PATH}/{record.id}/report", root)
    assert page.text == as_html(record)
    assert page.headers["Content-Security-Policy"].startswith("sandbox;")
    assert page.headers["Content-Disposition"].startswith("attachment;")


def test_a_recorder_may_record_and_do_nothing_else(api: Api, recorder: Member):
    record = builders.clear_with_applied_steps()
    put(api, recorder, record)

    for path in (PATH, f"{PATH}/{record.id}", HEALTH, "/api/v1/admin/organisations", "/api/v1/admin/audit-events"):
        assert api.get(path, recorder).status_code == 403, path


@pytest.mark.parametrize("role", ["admin", "analyst", "viewer"])
def test_nobody_of_an_organisation_records_or_reads_releases(api: Api, people: People, role: str):
    member = people.member("acme", role)

    assert api.ask("POST", PATH, member, json=told(builders.clear_with_applied_steps())).status_code == 403
    assert api.get(PATH, member).status_code == 403
    assert people.sql("select count(*) from releases") == [(0,)]


def test_the_same_run_may_be_told_twice_and_another_one_of_its_id_is_refused(
    api: Api, people: People, recorder: Member
):
    record = builders.clear_with_applied_steps()
    put(api, recorder, record)
    put(api, recorder, record)
    other = told(builders.stop_half_way())
    other["record"]["id"] = record.id

    refused = api.ask("POST", PATH, recorder, json=other)

    assert refused.status_code == 409
    assert people.sql("select count(*) from releases") == [(1,)]
    assert people.sql("select action, resource_id from audit_events where resource_type = 'release'") == [
        ("create", record.id)
    ]


def test_a_record_that_is_none_of_the_guards_is_refused(api: Api, recorder: Member):
    good = told(builders.clear_with_applied_steps())
    for broken in (
        {"format": "interlock-release/2"},
        {"verdict": {**good["record"]["verdict"], "signal": "GREEN"}},
        {"id": "../../etc"},
        {"timeline": None},
        {"project": "a\0b"},
    ):
        answer = api.ask("POST", PATH, recorder, json=good | {"record": good["record"] | broken})
        assert answer.status_code == 422, broken


def test_a_long_record_is_taken_and_a_body_of_that_length_is_refused_elsewhere(
    api: Api, people: People, recorder: Member
):
    long = told(builders.clear_with_applied_steps())
    long["page"] += " " * 2_000_000

    assert api.ask("POST", PATH, recorder, json=long).status_code == 201
    root = people.super_admin()
    refused = api.ask("POST", "/api/v1/admin/organisations", root, json={"key": "a", "name": "x" * 2_000_000})
    assert refused.status_code == 413


def test_releases_are_listed_newest_first_page_by_page_and_by_project_and_signal(
    api: Api, people: People, recorder: Member
):
    base = builders.clear_with_applied_steps()
    for number in range(5):
        later = base.began + timedelta(hours=number)
        put(api, recorder, replace(base, id=f"run-{number}", began=later), "shop" if number % 2 else "blog")
    put(api, recorder, builders.stop_half_way(), "shop")
    root = people.super_admin()

    def ids(**query: Any) -> list[str]:
        found, cursor = [], None
        while True:
            page = api.get(PATH, root, params={"limit": 2, **query} | ({"cursor": cursor} if cursor else {})).json()
            found += [each["summary"]["id"] for each in page["items"]]
            cursor = page["next_cursor"]
            if cursor is None:
                return found

    assert ids(signal="CLEAR") == ["run-4", "run-3", "run-2", "run-1", "run-0"]
    assert ids(project="shop", signal="CLEAR") == ["run-3", "run-1"]
    assert len(ids()) == 6
    assert ids(project="nothing") == []


def a_run(number: int, *answers: tuple[str, int | None]) -> ReleaseRecord:
    base = builders.a_record()
    asked = builders.asked()
    said = tuple(builders.an_answer(probe, "ada", status) for probe, status in answers)
    return replace(
        base,
        id=f"run-{number}",
        began=base.began + timedelta(hours=number),
        asked_before=None,
        asked_after=replace(asked, answers=said),
        timeline=(Stage(Check.PROBE_AFTER, 0.0, 0.1, Signal.CLEAR, ""),),
    )


def counts(api: Api, people: People) -> dict[str, int]:
    said = api.get(HEALTH, people.super_admin()).json()
    return {name: number for name, number in said.items() if name != "last_asked_at"}


def test_health_is_what_each_endpoint_said_last_and_since_when(api: Api, people: People, recorder: Member):
    put(api, recorder, a_run(1, ("GET /orders", 200), ("GET /invoices", 200)))
    put(api, recorder, a_run(2, ("GET /orders", 500), ("GET /invoices", 200)))
    put(api, recorder, a_run(3, ("GET /orders", 500)))
    root = people.super_admin()

    items = api.get(f"{HEALTH}/endpoints", root).json()["items"]

    by_probe = {each["answer"]["probe"]: each for each in items}
    orders, invoices = by_probe["GET /orders"], by_probe["GET /invoices"]
    assert (orders["answer"]["proof"], orders["answer"]["status"], orders["release_id"]) == ("failed", 500, "run-3")
    assert orders["since"] < orders["asked_at"]
    # It was left out of the newest run: nobody knows what it says by now, and it does not count as working.
    assert (invoices["is_current"], orders["is_current"]) == (False, True)
    assert counts(api, people) == {"total": 2, "failed": 1, "unproved": 0, "not_asked": 1}
    assert api.get(HEALTH, root).json()["last_asked_at"] == orders["asked_at"]


def test_a_run_that_reached_nothing_leaves_no_answer_standing_as_todays(api: Api, people: People, recorder: Member):
    """The application is down, or its document cannot be fetched: the run asks nobody, and nobody knows anything."""
    put(api, recorder, a_run(1, ("GET /orders", 200), ("GET /invoices", 200)))
    put(api, recorder, a_run(2))

    assert counts(api, people) == {"total": 2, "failed": 0, "unproved": 0, "not_asked": 2}


def test_a_run_that_reached_nothing_says_nothing_of_other_projects_or_of_what_was_asked_later(
    api: Api, people: People, recorder: Member
):
    put(api, recorder, a_run(1, ("GET /orders", 200)))
    put(api, recorder, a_run(2), "another")
    put(api, recorder, replace(a_run(0), id="told-late"))

    assert counts(api, people)["not_asked"] == 0


def test_health_that_nobody_looked_after_for_a_day_needs_attention():
    counts = HealthCounts(total=1, failed=0, unproved=0, not_asked=0, last_asked_at=datetime(2026, 8, 1, tzinfo=UTC))

    assert counts.is_long_ago(datetime(2026, 8, 3, tzinfo=UTC))
    assert not counts.is_long_ago(datetime(2026, 8, 1, 12, tzinfo=UTC))
    assert not replace(counts, total=0, last_asked_at=None).is_long_ago(datetime(2026, 8, 3, tzinfo=UTC))


def test_a_release_that_did_not_come_to_its_probes_takes_nothing_back(api: Api, people: People, recorder: Member):
    put(api, recorder, a_run(1, ("GET /orders", 200)))
    stopped = replace(a_run(2), timeline=(Stage(Check.CONNECT, 0.0, 0.1, Signal.STOP, "no server"),))
    put(api, recorder, stopped)

    assert counts(api, people)["not_asked"] == 0


def test_an_older_run_that_is_told_late_does_not_hide_what_is_newer(api: Api, people: People, recorder: Member):
    put(api, recorder, a_run(2, ("GET /orders", 500)))
    put(api, recorder, a_run(1, ("GET /orders", 200)))

    assert api.get(HEALTH, people.super_admin()).json()["failed"] == 1


def test_of_several_answers_of_one_endpoint_the_worst_counts(api: Api, people: People, recorder: Member):
    put(api, recorder, a_run(1, ("POST /orders", 500), ("POST /orders", 200)))

    assert counts(api, people) == {"total": 1, "failed": 1, "unproved": 0, "not_asked": 0}


def test_the_endpoints_come_page_by_page(api: Api, people: People, recorder: Member):
    put(api, recorder, a_run(1, *((f"GET /{letter}", 200) for letter in "abcde")))
    root, found, cursor = people.super_admin(), [], None
    while True:
        query = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = api.get(f"{HEALTH}/endpoints", root, params=query).json()
        found += [each["answer"]["probe"] for each in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break

    assert found == [f"GET /{letter}" for letter in "abcde"]
    assert api.get(f"{HEALTH}/endpoints", root, params={"cursor": "YQ=="}).status_code == 422


def test_the_applications_role_can_change_no_release(people: People, recorder: Member, api: Api):
    put(api, recorder, builders.clear_with_applied_steps())

    granted = people.sql(
        "select string_agg(privilege_type, ', ' order by 1) from information_schema.role_table_grants"
        " where grantee = 'interlock_app' and table_name = 'releases'"
    )
    assert granted == [("INSERT, SELECT",)]
