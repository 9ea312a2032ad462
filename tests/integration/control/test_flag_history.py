"""Changes of flags that are taken back, and flags that are archived together."""

from typing import Any

import pytest

from tests.integration.control.conftest import Api, Member, People

FLAGS = "/api/v1/admin/feature-flags"


@pytest.fixture
def root(api: Api, people: People) -> Member:
    root = people.super_admin()
    for key in ("alpha", "beta", "gamma"):
        body = {"key": key, "name": key, "scope": "sector", "allowed_sectors": ["62"], "rollout": 40}
        assert api.ask("POST", FLAGS, root, json=body).status_code == 201
    return root


def change(api: Api, root: Member, key: str, **changes: Any) -> None:
    assert api.ask("PATCH", f"{FLAGS}/{key}", root, json=changes).status_code == 200


def newest_event(api: Api, root: Member, key: str) -> str:
    query = {"resource_type": "flag", "resource_id": key, "limit": 1}
    (event,) = api.get("/api/v1/admin/audit-events", root, params=query).json()["items"]
    return str(event["id"])


def undo(api: Api, root: Member, key: str, event: str) -> Any:
    return api.ask("POST", f"{FLAGS}/{key}/undo", root, json={"event_id": event})


def state(api: Api, root: Member, key: str) -> dict[str, Any]:
    found: dict[str, Any] = api.get(f"{FLAGS}/{key}", root).json()
    return {name: value for name, value in found.items() if name != "updated_at"}


def test_a_change_is_taken_back_with_every_field_of_it_and_that_is_a_change_too(api: Api, root: Member):
    before = state(api, root, "alpha")
    change(
        api, root, "alpha", is_enabled=True, rollout=75, scope="user", status="deprecated",
        allowed_sectors=[], blocked_sectors=["01"], name="Another",
    )  # fmt: skip
    event = newest_event(api, root, "alpha")

    assert undo(api, root, "alpha", event).status_code == 200

    assert state(api, root, "alpha") == before
    assert newest_event(api, root, "alpha") != event


def test_an_older_change_is_taken_back_where_its_fields_are_as_it_left_them(api: Api, root: Member):
    change(api, root, "alpha", rollout=75)
    event = newest_event(api, root, "alpha")
    change(api, root, "alpha", name="Another")

    assert undo(api, root, "alpha", event).status_code == 200

    now = state(api, root, "alpha")
    assert (now["rollout"], now["name"]) == (40, "Another")


def test_nothing_that_was_changed_since_is_overwritten(api: Api, root: Member):
    change(api, root, "alpha", rollout=75)
    event = newest_event(api, root, "alpha")
    change(api, root, "alpha", rollout=80)

    assert undo(api, root, "alpha", event).status_code == 412
    assert state(api, root, "alpha")["rollout"] == 80


def test_a_creation_and_a_change_of_another_flag_are_not_taken_back(api: Api, root: Member):
    created = newest_event(api, root, "alpha")
    change(api, root, "beta", rollout=1)

    assert undo(api, root, "alpha", created).status_code == 422
    assert undo(api, root, "alpha", newest_event(api, root, "beta")).status_code == 404
    assert state(api, root, "beta")["rollout"] == 1


def test_flags_are_archived_together_or_not_at_all(api: Api, root: Member, people: People):
    refused = api.ask("POST", f"{FLAGS}/archive", root, json={"keys": ["alpha", "nothing"]})
    assert refused.status_code == 404
    assert state(api, root, "alpha")["status"] == "active"

    done = api.ask("POST", f"{FLAGS}/archive", root, json={"keys": ["beta", "alpha", "beta"]})

    assert [(each["key"], each["status"]) for each in done.json()["items"]] == [
        ("alpha", "inactive"), ("beta", "inactive"),
    ]  # fmt: skip
    assert people.sql("select count(*) from audit_events where action = 'change'") == [(2,)]
    inactive = api.get(FLAGS, root, params={"status": "inactive"}).json()["items"]
    assert [each["key"] for each in inactive] == ["alpha", "beta"]


def test_a_change_is_not_taken_back_from_a_version_that_was_not_seen(api: Api, root: Member):
    change(api, root, "alpha", rollout=75)
    event, seen = newest_event(api, root, "alpha"), api.get(f"{FLAGS}/alpha", root).headers["ETag"]
    change(api, root, "alpha", name="Another")

    path, body = f"{FLAGS}/alpha/undo", {"event_id": event}
    assert api.ask("POST", path, root, json=body, headers={"If-Match": seen}).status_code == 412
    assert state(api, root, "alpha")["rollout"] == 75
    current = api.get(f"{FLAGS}/alpha", root).headers["ETag"]
    taken_back = api.ask("POST", path, root, json=body, headers={"If-Match": current})
    assert (taken_back.status_code, taken_back.json()["rollout"]) == (200, 40)
    assert taken_back.headers["ETag"] == api.get(f"{FLAGS}/alpha", root).headers["ETag"]


def test_flags_are_listed_by_whether_they_are_switched_on(api: Api, root: Member):
    change(api, root, "gamma", is_enabled=True)

    def keys(**query: Any) -> list[str]:
        return [each["key"] for each in api.get(FLAGS, root, params=query).json()["items"]]

    assert keys(is_enabled=True) == ["gamma"]
    assert keys(is_enabled=False, search="a") == ["alpha", "beta"]


def test_the_series_counts_each_day(api: Api, root: Member, people: People):
    people.organisation("acme")
    people.sql(
        "insert into flag_uses (organisation_id, flag_key, day, is_on, uses)"
        " select id, 'alpha', (now() at time zone 'utc')::date - 3, b, 5"
        " from organisations, (values (true), (false)) v(b) where key = 'acme'"
    )
    people.sql("update audit_events set occurred_at = now() - interval '29 days' where resource_id = 'beta'")
    people.sql("update audit_events set occurred_at = now() - interval '31 days' where resource_id = 'gamma'")

    days = api.get("/api/v1/admin/dashboard/series", root).json()["days"]

    assert len(days) == 30
    assert [day["evaluations"] for day in days][-4:] == [10, 0, 0, 0]
    assert (days[0]["changes"], days[-1]["changes"], sum(day["changes"] for day in days)) == (1, 1, 2)
    acme = people.member("acme", "admin")
    own = api.get("/api/v1/admin/dashboard/series", acme).json()["days"]
    assert (sum(day["changes"] for day in own), sum(day["evaluations"] for day in own)) == (0, 10)
