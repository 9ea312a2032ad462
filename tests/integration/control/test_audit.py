"""A change and its audit event stay or go together."""

import csv
import io
import json
import time
from typing import Any

import httpx2
import pytest

from tests.integration.control.conftest import Api, Member, People

ADMIN = "/api/v1/admin"


@pytest.fixture
def root(people: People) -> Member:
    return people.super_admin()


def events(api: Api, member: Member) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = api.get(f"{ADMIN}/audit-events", member).json()["items"]
    return items


def create_acme(api: Api, root: Member) -> Any:
    return api.ask(
        "POST",
        f"{ADMIN}/organisations",
        root,
        json={"key": "acme", "name": "Acme"},
        headers={"X-Request-Id": "request-7"},
    )


def test_a_change_tells_who_what_and_by_which_request(api: Api, root: Member):
    created = create_acme(api, root).json()

    (event,) = events(api, root)

    assert event["entry"] == {
        "organisation_id": created["id"],
        "action": "create",
        "resource_type": "organisation",
        "resource_id": "acme",
        "before": None,
        "after": event["entry"]["after"],
    }
    assert event["entry"]["after"]["name"] == "Acme"
    assert event["origin"] == {
        "actor_organisation_id": str(root.organisation_id),
        "actor_id": str(root.id),
        "request_id": "request-7",
        "address": "127.0.0.1",
    }


def test_what_one_transaction_did_comes_in_the_order_in_which_it_did(api: Api, root: Member):
    for number in range(10):
        administrator = {"email": f"jo@acme-{number}.example", "name": "Jo"}
        body = {"key": f"acme-{number}", "name": "Acme", "administrator": administrator}
        assert api.ask("POST", f"{ADMIN}/organisations", root, json=body).status_code == 201

    assert [event["entry"]["resource_type"] for event in events(api, root)] == ["invitation", "organisation"] * 10
    exported = api.get(f"{ADMIN}/audit-events/export", root, params={"format": "jsonl"}).text.splitlines()
    assert [json.loads(line)["entry"]["resource_type"] for line in exported] == ["organisation", "invitation"] * 10


def test_a_change_tells_before_and_after(api: Api, root: Member):
    create_acme(api, root)
    api.ask("PATCH", f"{ADMIN}/organisations/acme", root, json={"plan": "enterprise"})

    newest = events(api, root)[0]["entry"]

    assert (newest["action"], newest["before"]["plan"], newest["after"]["plan"]) == ("change", "basic", "enterprise")


def test_what_changes_nothing_is_no_event(api: Api, root: Member):
    create_acme(api, root)
    api.ask("PATCH", f"{ADMIN}/organisations/acme", root, json={"plan": "basic"})

    assert len(events(api, root)) == 1


def test_what_was_refused_is_no_event(api: Api, root: Member):
    create_acme(api, root)
    assert create_acme(api, root).status_code == 409

    assert len(events(api, root)) == 1


def test_every_kind_of_change_is_told(api: Api, root: Member, people: People):
    create_acme(api, root)
    member = people.member("acme", "viewer")
    module = {"key": "m", "name": "M", "version": "1", "type": "core"}
    override = {"is_enabled": True, "reason": "pilot"}
    of_acme = f"{ADMIN}/feature-flags/beta/overrides/organisations/acme"
    for method, path, body in (
        ("PATCH", f"{ADMIN}/organisations/acme", {"name": "Acme Ltd"}),
        ("POST", f"{ADMIN}/modules", module),
        ("PATCH", f"{ADMIN}/modules/m", {"status": "testing"}),
        ("PUT", f"{ADMIN}/modules/m/organisations/acme", {"is_enabled": True}),
        ("POST", f"{ADMIN}/feature-flags", {"key": "beta", "name": "Beta", "scope": "user"}),
        ("PATCH", f"{ADMIN}/feature-flags/beta", {"is_enabled": True}),
        ("PUT", of_acme, override),
        ("PUT", f"{of_acme}/users/{member.id}", override),
        ("DELETE", f"{of_acme}/users/{member.id}", None),
        ("DELETE", of_acme, None),
    ):
        assert api.ask(method, path, root, json=body).is_success, path

    told = [(event["entry"]["resource_type"], event["entry"]["action"]) for event in reversed(events(api, root))]

    assert told == [
        ("organisation", "create"),
        ("organisation", "change"),
        ("module", "create"),
        ("module", "change"),
        ("organisation_module", "create"),
        ("flag", "create"),
        ("flag", "change"),
        ("override", "create"),
        ("override", "create"),
        ("override", "delete"),
        ("override", "delete"),
    ]


def test_a_change_whose_audit_fails_is_undone(api: Api, root: Member, people: People):
    people.sql("alter table audit_events add constraint broken check (action <> 'create') not valid")
    try:
        answer = create_acme(api, root)
    finally:
        people.sql("alter table audit_events drop constraint broken")

    assert answer.status_code == 500
    assert people.sql("select 1 from organisations where key = 'acme'") == []


def test_an_audit_event_whose_change_fails_is_undone(api: Api, root: Member, people: People):
    # Deferred to the commit, so the event is written before the change turns out to be impossible.
    people.sql("create function refuse() returns trigger language plpgsql as $$ begin raise 'refused'; end $$")
    people.sql(
        "create constraint trigger refuse after insert on organisations"
        " deferrable initially deferred for each row execute function refuse()"
    )
    try:
        answer = create_acme(api, root)
    finally:
        people.sql("drop function refuse() cascade")

    assert answer.status_code == 500
    assert people.sql("select 1 from audit_events") == []


def test_the_trail_comes_in_pages_newest_first(api: Api, root: Member):
    for number in range(5):
        body = {"key": f"organisation-{number}", "name": "x"}
        api.ask("POST", f"{ADMIN}/organisations", root, json=body)

    seen: list[str] = []
    query: dict[str, Any] = {"limit": 2}
    while True:
        page = api.get(f"{ADMIN}/audit-events", root, params=query).json()
        seen += [item["entry"]["resource_id"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]

    assert seen == [f"organisation-{number}" for number in (4, 3, 2, 1, 0)]


def test_a_cursor_of_another_list_is_invalid(api: Api, root: Member):
    assert api.get(f"{ADMIN}/audit-events", root, params={"cursor": "YWNtZQ=="}).status_code == 422


def fill_trail(people: People, root: Member, number: int) -> None:
    people.sql(
        "insert into audit_events (organisation_id, actor_organisation_id, actor_id, action, resource_type,"
        " resource_id, occurred_at, request_id, address, after) select %s, %s, %s, 'create', 'flag', 'flag-' || n,"
        " '2026-01-01'::timestamptz + n * interval '1 hour', 'request-' || n, '10.0.0.' || n %% 250, '{\"n\": 1}'"
        " from generate_series(1, %s) n",
        root.organisation_id,
        root.organisation_id,
        root.id,
        number,
    )


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"search": "flag-7"}, ["flag-7"]),
        ({"search": "request-9"}, ["flag-9"]),
        ({"search": "10.0.0.3"}, ["flag-3"]),
        ({"search": "super_admin-"}, [f"flag-{number}" for number in range(9, 0, -1)]),
        ({"resource_type": "module"}, []),
        ({"action": "delete"}, []),
        ({"resource_id": "flag-2"}, ["flag-2"]),
        ({"since": "2026-01-01T08:00:00Z"}, ["flag-9", "flag-8"]),
        ({"until": "2026-01-01T03:00:00+00:00"}, ["flag-2", "flag-1"]),
        ({"search": "100%"}, []),
    ],
    ids=str,
)
def test_the_trail_is_searched(api: Api, people: People, root: Member, query: dict[str, str], found: list[str]):
    fill_trail(people, root, 9)

    items = api.get(f"{ADMIN}/audit-events", root, params=query).json()["items"]

    assert [each["entry"]["resource_id"] for each in items] == found
    assert {each["actor_email"] for each in items} <= {root.email}


def test_a_moment_without_a_time_zone_is_refused(api: Api, root: Member):
    assert api.get(f"{ADMIN}/audit-events", root, params={"since": "2026-01-01T00:00:00"}).status_code == 422


def test_the_whole_trail_is_exported_as_json_lines(api: Api, people: People, root: Member):
    fill_trail(people, root, 3000)

    answer = api.get(f"{ADMIN}/audit-events/export", root)

    told = [json.loads(line) for line in answer.text.splitlines()]
    assert answer.headers["Content-Type"].startswith("application/jsonl")
    assert [each["entry"]["resource_id"] for each in told] == [f"flag-{number}" for number in range(1, 3001)]
    assert told[0] == api.get(f"{ADMIN}/audit-events", root, params={"resource_id": "flag-1"}).json()["items"][0]


def test_an_export_that_breaks_in_the_middle_does_not_look_like_a_whole_one(api: Api, people: People, root: Member):
    fill_trail(people, root, 3000)
    people.sql("update audit_events set action = 'unheard-of' where resource_id = 'flag-2900'")

    with pytest.raises(httpx2.RemoteProtocolError):
        api.get(f"{ADMIN}/audit-events/export", root)


def test_an_export_that_cannot_be_read_at_all_is_an_error_and_not_an_empty_file(api: Api, people: People, root: Member):
    fill_trail(people, root, 1)
    people.sql("update audit_events set action = 'unheard-of'")

    assert api.get(f"{ADMIN}/audit-events/export", root).status_code == 500


def test_whoever_takes_an_export_slowly_holds_no_transaction(api: Api, people: People, root: Member):
    fill_trail(people, root, 3000)
    # More than the sockets between the two hold.
    people.sql("update audit_events set after = jsonb_build_object('note', repeat('x', 20000))")
    begun = (
        "select count(*) from pg_stat_activity"
        " where datname = current_database() and xact_start is not null and pid <> pg_backend_pid()"
    )

    with api.client.stream(
        "GET", f"{ADMIN}/audit-events/export", headers={"Authorization": f"Bearer {root.token}"}
    ) as answer:
        body = answer.iter_bytes()
        first = next(body)
        for _ in range(50):
            time.sleep(0.1)
            if people.sql(begun) == [(0,)]:
                break
        assert people.sql(begun) == [(0,)]
        assert sum(chunk.count(b"\n") for chunk in (first, *body)) == 3000


def test_whoever_hangs_up_in_the_middle_of_an_export_breaks_no_connection(api: Api, people: People, root: Member):
    fill_trail(people, root, 3000)
    connections = (
        "select pid from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() order by pid"
    )
    assert api.get(f"{ADMIN}/audit-events", root).status_code == 200
    before = people.sql(connections)

    for _ in range(5):
        with api.client.stream(
            "GET", f"{ADMIN}/audit-events/export", headers={"Authorization": f"Bearer {root.token}"}
        ) as answer:
            assert answer.status_code == 200

    assert api.get(f"{ADMIN}/audit-events", root).status_code == 200
    assert set(before) <= set(people.sql(connections))


def test_what_a_newer_build_has_written_is_read(api: Api, people: People, root: Member):
    fill_trail(people, root, 1)
    people.sql("update audit_events set resource_type = 'dashboard'")

    (event,) = events(api, root)

    assert event["entry"]["resource_type"] == "dashboard"


def test_a_csv_export_holds_no_formula(api: Api, people: People, root: Member):
    fill_trail(people, root, 1)
    people.sql("update audit_events set resource_id = '=HYPERLINK(\"http://evil.example\")'")

    answer = api.get(f"{ADMIN}/audit-events/export", root, params={"format": "csv"})

    (row,) = csv.DictReader(io.StringIO(answer.text, newline=""))
    assert row["resource_id"] == '\'=HYPERLINK("http://evil.example")'
    assert row["actor_email"] == root.email
    assert json.loads(row["after"]) == {"n": 1}


def test_an_export_holds_what_the_caller_may_see_and_nothing_else(api: Api, people: People, root: Member):
    fill_trail(people, root, 3)
    create_acme(api, root)
    admin = people.member("acme", "admin")

    for wanted in ("jsonl", "csv"):
        text = api.get(f"{ADMIN}/audit-events/export", admin, params={"format": wanted}).text
        assert "flag-1" not in text
        assert "acme" in text
        # Who of the platform it was is not told to an organisation.
        assert root.email not in text
    viewer = people.member("acme", "viewer")
    assert api.get(f"{ADMIN}/audit-events/export", viewer).status_code == 403
