"""Flags and overrides through the API."""

from typing import Any
from uuid import uuid4

import pytest

from tests.integration.control.conftest import Api, Member, People

FLAGS = "/api/v1/admin/feature-flags"


@pytest.fixture
def root(people: People) -> Member:
    return people.super_admin()


def a_flag(api: Api, root: Member, key: str = "new-dashboard", **fields: Any) -> dict[str, Any]:
    answer = api.ask("POST", FLAGS, root, json={"key": key, "name": key.title()} | fields)
    assert answer.status_code == 201, answer.text
    flag: dict[str, Any] = answer.json()
    return flag


def put_override(api: Api, root: Member, target: str, **fields: Any) -> Any:
    body = {"is_enabled": True, "reason": "pilot"} | fields
    return api.ask("PUT", f"{FLAGS}/new-dashboard/overrides/{target}", root, json=body)


def test_a_new_flag_is_off_for_everybody(api: Api, root: Member):
    flag = a_flag(api, root)

    assert (flag["is_enabled"], flag["rollout"], flag["scope"], flag["module_key"]) == (False, 100, "global", None)


def test_a_flag_that_is_there_is_a_conflict(api: Api, root: Member):
    a_flag(api, root)

    assert api.ask("POST", FLAGS, root, json={"key": "new-dashboard", "name": "x"}).status_code == 409


def test_a_change_leaves_the_rest_as_it_is(api: Api, root: Member):
    flag = a_flag(api, root, description="the new one")

    changed = api.ask("PATCH", f"{FLAGS}/new-dashboard", root, json={"is_enabled": True}).json()

    assert changed.pop("updated_at") > flag.pop("updated_at")
    assert changed == flag | {"is_enabled": True}


@pytest.mark.parametrize(
    "body",
    [{"name": None}, {"rollout": 101}, {"is_enable": True}, {"key": "other"}, {"scope": "planet"}, {"name": "\0"}],
    ids=str,
)
def test_a_change_that_cannot_be_is_invalid(api: Api, root: Member, body: dict[str, Any]):
    a_flag(api, root)

    assert api.ask("PATCH", f"{FLAGS}/new-dashboard", root, json=body).status_code == 422


def test_a_flag_of_a_module_that_is_not_there_is_invalid(api: Api, root: Member):
    answer = api.ask("POST", FLAGS, root, json={"key": "a", "name": "A", "module_key": "nothing"})

    assert (answer.status_code, answer.json()["detail"]) == (
        422,
        "there is no module nothing that the flag could belong to",
    )


def test_a_list_comes_in_pages_that_meet_without_gap_or_overlap(api: Api, root: Member):
    keys = [f"flag-{number}" for number in range(5)]
    for key in keys:
        a_flag(api, root, key)

    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = api.get(FLAGS, root, params={"limit": 2} | ({"cursor": cursor} if cursor else {})).json()
        seen += [item["key"] for item in page["items"]]
        cursor = page["next_cursor"]

    assert seen == keys


@pytest.mark.parametrize(
    "query", [{"cursor": "%"}, {"cursor": "AA=="}, {"cursor": "/w=="}, {"limit": 0}, {"limit": 9999}]
)
def test_a_page_that_is_none_is_invalid(api: Api, root: Member, query: dict[str, Any]):
    assert api.get(FLAGS, root, params=query).status_code == 422


def test_an_organisation_can_have_an_exception(api: Api, root: Member, people: People):
    people.organisation("acme")
    a_flag(api, root)

    override = put_override(api, root, "organisations/acme", expires_at="2030-01-01T00:00:00Z").json()

    assert (override["organisation_key"], override["user_id"], override["author_id"]) == ("acme", None, str(root.id))
    assert override["expires_at"] == "2030-01-01T00:00:00Z"


def test_putting_an_override_twice_changes_the_one(api: Api, root: Member, people: People):
    people.organisation("acme")
    a_flag(api, root)

    first = put_override(api, root, "organisations/acme").json()
    second = put_override(api, root, "organisations/acme", is_enabled=False, reason="it broke").json()

    assert (second["id"], second["is_enabled"], second["reason"]) == (first["id"], False, "it broke")


def test_a_user_can_have_an_exception_beside_the_organisation(api: Api, root: Member, people: People):
    member = people.member("acme", "viewer")
    a_flag(api, root, scope="user")

    put_override(api, root, "organisations/acme")
    for_user = put_override(api, root, f"organisations/acme/users/{member.id}", is_enabled=False)

    assert for_user.json()["user_id"] == str(member.id)
    listed = api.get(f"{FLAGS}/new-dashboard/overrides", root).json()["items"]
    assert len(listed) == 2


def test_a_flag_that_is_not_of_users_has_no_exception_for_one(api: Api, root: Member, people: People):
    member = people.member("acme", "viewer")
    a_flag(api, root, scope="organisation")

    assert put_override(api, root, f"organisations/acme/users/{member.id}").status_code == 422


def test_a_user_of_another_organisation_is_not_found(api: Api, root: Member, people: People):
    stranger = people.member("globex", "viewer")
    people.organisation("acme")
    a_flag(api, root, scope="user")

    assert put_override(api, root, f"organisations/acme/users/{stranger.id}").status_code == 404


def test_an_override_without_time_zone_is_invalid(api: Api, root: Member, people: People):
    people.organisation("acme")
    a_flag(api, root)

    assert put_override(api, root, "organisations/acme", expires_at="2030-01-01T00:00:00").status_code == 422


def test_an_override_can_be_deleted_once(api: Api, root: Member, people: People):
    people.organisation("acme")
    a_flag(api, root)
    put_override(api, root, "organisations/acme")
    path = f"{FLAGS}/new-dashboard/overrides/organisations/acme"

    assert [api.ask("DELETE", path, root).status_code for _ in range(2)] == [204, 404]


def test_what_is_not_there_is_not_found(api: Api, root: Member, people: People):
    people.organisation("acme")

    answers = [
        api.get(f"{FLAGS}/nothing", root),
        api.ask("PATCH", f"{FLAGS}/nothing", root, json={}),
        api.get(f"{FLAGS}/nothing/overrides", root),
        put_override(api, root, "organisations/acme"),
        api.ask("DELETE", f"{FLAGS}/nothing/overrides/organisations/acme/users/{uuid4()}", root),
    ]

    assert {answer.status_code for answer in answers} == {404}


def ask_flag(api: Api, who: Member, **asker: Any) -> Any:
    return api.ask("POST", f"{FLAGS}/new-dashboard/evaluate", who, json={"organisation_key": "acme"} | asker)


def test_a_flag_is_asked_explained_and_counted(api: Api, root: Member, people: People):
    admin = people.member("acme", "admin")
    a_flag(api, root, is_enabled=True)
    put_override(api, root, "organisations/acme", is_enabled=False, expires_at="2020-01-01T00:00:00Z")

    answers = [ask_flag(api, admin).json(), ask_flag(api, admin, user_id=str(admin.id)).json()]
    put_override(api, root, "organisations/acme", is_enabled=False)
    answers.append(ask_flag(api, admin).json())
    query = {"organisation_key": "acme"}
    explained = api.get(f"{FLAGS}/new-dashboard/explain", admin, params=query).json()

    assert [(each["is_on"], each["reason"]) for each in answers] == [
        (True, "rollout"),
        (True, "rollout"),
        (False, "organisation_override"),
    ]
    assert explained["steps"] == [{"rule": "organisation_override", "is_on": False, "told": "pilot"}]
    days = api.get(f"{FLAGS}/new-dashboard/usage", admin).json()["days"]
    assert (len(days), days[-1]["on"], days[-1]["off"]) == (30, 2, 1)


def test_sectors_decide_whom_a_flag_reaches(api: Api, root: Member, people: People):
    people.organisation("acme")
    people.sql("update organisations set sector_code = '62.01'")
    a_flag(api, root, is_enabled=True, blocked_sectors=["62"])

    answers = [ask_flag(api, root).json()["reason"]]
    api.ask("PATCH", f"{FLAGS}/new-dashboard", root, json={"blocked_sectors": [], "allowed_sectors": ["62"]})
    answers.append(ask_flag(api, root).json()["reason"])

    assert answers == ["sector", "rollout"]


def test_nobody_asks_a_flag_for_another_organisation(api: Api, root: Member, people: People):
    stranger, member = people.member("globex", "admin"), people.member("acme", "viewer")
    a_flag(api, root, is_enabled=True)
    query = {"organisation_key": "acme"}

    assert ask_flag(api, stranger).status_code == 404
    assert api.get(f"{FLAGS}/new-dashboard/explain", stranger, params=query).status_code == 404
    assert ask_flag(api, stranger, organisation_key="globex", user_id=str(member.id)).status_code == 404
    assert people.sql("select * from flag_uses") == []


def test_an_exception_is_not_changed_over_somebody_elses_change(api: Api, people: People):
    root = people.super_admin()
    people.organisation("acme")
    assert api.ask("POST", "/api/v1/admin/feature-flags", root, json={"key": "beta", "name": "B"}).status_code == 201
    path = "/api/v1/admin/feature-flags/beta/overrides/organisations/acme"
    body = {"is_enabled": True, "reason": "pilot"}
    assert api.ask("PUT", path, root, json=body, headers={"If-Match": '"none"'}).status_code == 412
    first = api.ask("PUT", path, root, json=body).headers["ETag"]
    assert api.get(path, root).headers["ETag"] == first
    second = api.ask("PUT", path, root, json=body | {"reason": "another"}, headers={"If-Match": first})
    assert second.status_code == 200

    stale = {"If-Match": first}
    assert api.ask("PUT", path, root, json=body, headers=stale).status_code == 412
    assert api.ask("DELETE", path, root, headers=stale).status_code == 412
    assert api.get(path, root).json()["reason"] == "another"
    assert api.ask("DELETE", path, root, headers={"If-Match": second.headers["ETag"]}).status_code == 204
    assert api.get(path, root).status_code == 404


@pytest.mark.parametrize("of", ["feature-flags/beta/overrides", "modules/prices"])
def test_a_put_can_be_held_to_what_is_there_or_is_not(api: Api, people: People, of: str):
    root, admin = people.super_admin(), "/api/v1/admin"
    people.organisation("acme")
    module = {"key": "prices", "name": "Prices", "version": "1", "type": "analytics"}
    assert api.ask("POST", f"{admin}/modules", root, json=module).status_code == 201
    assert api.ask("POST", f"{admin}/feature-flags", root, json={"key": "beta", "name": "B"}).status_code == 201

    def put(**headers: str) -> int:
        body = {"is_enabled": True} | ({"reason": "pilot"} if "overrides" in of else {})
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return api.ask("PUT", f"{admin}/{of}/organisations/acme", root, json=body, headers=named).status_code

    assert put(If_Match="*") == 412
    assert put(If_Match="*", If_None_Match="*") == 412
    assert put(If_Match='"present"') == put(If_Match='"absent"') == 412
    assert people.sql("select 1 from flag_overrides union all select 1 from organisation_modules") == []
    assert put(If_None_Match="*") == 200
    assert put(If_None_Match="*") == 412
    assert put(If_Match="*", If_None_Match="*") == 412
    assert put(If_Match="*") == 200
    assert put(If_None_Match='"a-tag"') == 422


@pytest.mark.parametrize("moment", [1, 1.5, "2026-11-27T12:00:00", "tomorrow"])
def test_a_moment_is_a_text_with_a_time_zone(api: Api, people: People, moment: object):
    root = people.super_admin()
    people.organisation("acme")
    assert api.ask("POST", "/api/v1/admin/feature-flags", root, json={"key": "beta", "name": "B"}).status_code == 201
    path = "/api/v1/admin/feature-flags/beta/overrides/organisations/acme"

    answer = api.ask("PUT", path, root, json={"is_enabled": True, "reason": "pilot", "expires_at": moment})

    assert answer.status_code == 422
