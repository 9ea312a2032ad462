"""Organisations through the API."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.integration.control.conftest import Api, Member, People

ORGANISATIONS = "/api/v1/admin/organisations"


@pytest.fixture
def root(people: People) -> Member:
    return people.super_admin()


def test_an_organisation_can_be_created_and_read_again(api: Api, root: Member):
    created = api.ask("POST", ORGANISATIONS, root, json={"key": "acme", "name": "Acme"})

    assert created.status_code == 201
    assert api.get(f"{ORGANISATIONS}/acme", root).json() | {"invitation_token": None} == created.json()


def test_an_organisation_that_is_there_is_a_conflict(api: Api, root: Member, people: People):
    people.organisation("acme")

    assert api.ask("POST", ORGANISATIONS, root, json={"key": "acme", "name": "x"}).status_code == 409


@pytest.mark.parametrize("key", ["", "Acme", "a/b", "a b", "-a", "a" * 64, "a\n", "ä"])
def test_a_key_that_cannot_stand_in_an_address_is_invalid(api: Api, root: Member, key: str):
    assert api.ask("POST", ORGANISATIONS, root, json={"key": key, "name": "x"}).status_code == 422


def test_a_field_can_be_emptied_only_where_it_may_be_empty(api: Api, root: Member, people: People):
    people.organisation("acme")

    def change(**fields: object) -> int:
        return api.ask("PATCH", f"{ORGANISATIONS}/acme", root, json=fields).status_code

    assert [change(sector_code=None), change(plan=None)] == [200, 422]


def test_the_platform_cannot_be_deactivated(api: Api, root: Member):
    answer = api.ask("PATCH", f"{ORGANISATIONS}/platform", root, json={"is_active": False})

    assert answer.status_code == 422
    assert api.get("/api/v1/me", root).status_code == 200


@pytest.mark.parametrize("rest", ["", "/acme", "/acme/more?limit=3"])
def test_the_other_spelling_leads_here_for_good(api: Api, rest: str):
    for method in ("GET", "PATCH" if rest else "POST"):
        answer = api.ask(method, f"/api/v1/admin/organizations{rest}")
        assert (answer.status_code, answer.headers["Location"]) == (308, f"{ORGANISATIONS}{rest}")


@pytest.mark.parametrize("rest", ["//evil.example/", "/%0d%0aX-Evil:%201", "/../../evil"])
def test_the_redirect_cannot_be_led_elsewhere(api: Api, rest: str):
    answer = api.get(f"/api/v1/admin/organizations{rest}")

    assert answer.headers.get("Location", ORGANISATIONS).startswith(ORGANISATIONS)
    assert "X-Evil" not in answer.headers


def test_a_new_organisation_can_have_its_first_administrator_invited(api: Api, people: People):
    body = {"key": "acme", "name": "Acme", "administrator": {"email": "jo@acme.example", "name": "Jo"}}
    created = api.ask("POST", ORGANISATIONS, people.super_admin(), json=body).json()

    accept = {"token": created["invitation_token"], "password": "correct horse battery"}
    assert api.ask("POST", "/api/v1/invitations/accept", json=accept).json()["role"] == "admin"


def test_an_archived_organisation_is_out_unchanged_and_comes_back(api: Api, people: People):
    root, admin = people.super_admin(), people.member("acme", "admin")

    archived = api.ask("POST", f"{ORGANISATIONS}/acme/archive", root).json()

    assert archived["archived_at"]
    assert (api.get("/api/v1/me", admin).status_code, api.sign_in(admin.email).status_code) == (401, 401)
    assert api.ask("PATCH", f"{ORGANISATIONS}/acme", root, json={"name": "x"}).status_code == 422
    assert keys(api, root) == ["platform"]
    assert keys(api, root, archived=True) == ["acme"]

    assert api.ask("POST", f"{ORGANISATIONS}/acme/restore", root).json()["archived_at"] is None
    assert api.get("/api/v1/me", admin).status_code == 200
    assert keys(api, root) == ["acme", "platform"]


def test_nothing_of_an_archived_organisation_is_changed_or_counted(api: Api, people: People):
    root, viewer = people.super_admin(), people.member("acme", "viewer")
    admin = "/api/v1/admin"
    module = {"key": "prices", "name": "Prices", "version": "1", "type": "analytics"}
    override, module_of = (
        f"{admin}/feature-flags/beta/overrides/organisations/acme",
        f"{admin}/modules/prices/organisations/acme",
    )
    invitations = f"{ORGANISATIONS}/acme/invitations"
    invited = api.ask("POST", invitations, root, json={"email": "al@acme.example", "name": "Al"}).json()["id"]
    for method, path, body in (
        ("POST", f"{admin}/feature-flags", {"key": "beta", "name": "B", "is_enabled": True}),
        ("PUT", override, {"is_enabled": True, "reason": "pilot"}),
        ("POST", f"{admin}/modules", module),
        ("PUT", module_of, {"is_enabled": True}),
        ("POST", f"{ORGANISATIONS}/acme/archive", None),
    ):
        assert api.ask(method, path, root, json=body).is_success
    audited = people.sql("select count(*) from audit_events")

    refused = [
        api.ask("POST", invitations, root, json={"email": "jo@acme.example", "name": "Jo"}),
        api.ask("POST", f"{invitations}/{invited}/resend", root),
        api.ask("DELETE", f"{invitations}/{invited}", root),
        api.ask("PATCH", f"{ORGANISATIONS}/acme/users/{viewer.id}", root, json={"name": "Another"}),
        api.ask("PUT", module_of, root, json={"is_enabled": False}),
        api.ask("POST", f"{module_of}/usage", root, json={}),
        api.ask("PUT", override, root, json={"is_enabled": False, "reason": "over"}),
        api.ask("DELETE", override, root),
    ]
    access = api.get(f"{module_of}/access", root).json()
    asked = api.ask("POST", f"{admin}/feature-flags/beta/evaluate", root, json={"organisation_key": "acme"}).json()

    assert [(answer.status_code, answer.json()["detail"]) for answer in refused] == [
        (422, "acme is archived, and stays as it is")
    ] * len(refused)
    assert access == {"is_allowed": False, "reason": "organisation_archived"}
    assert asked == {"is_on": False, "reason": "organisation_archived"}
    assert people.sql("select count(*) from audit_events") == audited
    assert people.sql("select 1 from flag_uses union all select 1 from module_uses") == []


@pytest.mark.parametrize("change", ["archive", "restore"])
def test_archiving_and_restoring_keep_to_the_version_that_was_read(api: Api, people: People, change: str):
    root, path = people.super_admin(), f"{ORGANISATIONS}/acme"
    people.organisation("acme")
    if change == "restore":
        api.ask("POST", f"{path}/archive", root)
    seen = api.get(path, root).headers["ETag"]
    people.sql("update organisations set name = 'Another' where key = 'acme'")

    assert api.ask("POST", f"{path}/{change}", root, headers={"If-Match": seen}).status_code == 412
    current = api.get(path, root).headers["ETag"]
    done = api.ask("POST", f"{path}/{change}", root, headers={"If-Match": current})
    assert (done.status_code, done.headers["ETag"]) == (200, api.get(path, root).headers["ETag"])


def keys(api: Api, root: Member, **query: Any) -> list[str]:
    return [each["key"] for each in api.get(ORGANISATIONS, root, params=query).json()["items"]]


def test_the_platform_is_not_archived(api: Api, people: People):
    assert api.ask("POST", f"{ORGANISATIONS}/platform/archive", people.super_admin()).status_code == 422


def test_archiving_twice_is_one_change(api: Api, people: People):
    root = people.super_admin()
    people.organisation("acme")

    assert [api.ask("POST", f"{ORGANISATIONS}/acme/archive", root).status_code for _ in range(2)] == [200, 200]
    assert people.sql("select count(*) from audit_events") == [(1,)]


@pytest.mark.parametrize(("search", "found"), [("CME", ["acme"]), ("100%", ["globex"]), ("%", ["globex"]), ("_", [])])
def test_organisations_are_found_by_key_and_name(api: Api, people: People, search: str, found: list[str]):
    root = people.super_admin()
    for key in ("acme", "globex"):
        people.organisation(key)
    people.sql("update organisations set name = 'Sure to 100%%' where key = 'globex'")

    assert keys(api, root, search=search) == found


def test_a_creation_that_is_repeated_under_its_key_is_done_once(api: Api, people: People):
    root = people.super_admin()
    body = {"key": "acme", "name": "Acme", "administrator": {"email": "jo@acme.example", "name": "Jo"}}

    first, second = (create(api, root, body, "key-1") for _ in range(2))
    another = create(api, root, body | {"name": "Other"}, "key-1")
    without = api.ask("POST", ORGANISATIONS, root, json=body)

    assert [answer.status_code for answer in (first, second, another, without)] == [201, 201, 422, 409]
    assert second.json() == first.json() | {"invitation_token": None}
    assert second.headers["Idempotency-Replayed"] == "true"


def test_a_key_is_its_users_own(api: Api, people: People):
    roots = people.super_admin(), people.super_admin()

    answers = [create(api, root, {"key": f"org-{n}", "name": "x"}, "key-1") for n, root in enumerate(roots)]

    assert [answer.status_code for answer in answers] == [201, 201]


def test_a_creation_that_failed_leaves_its_key_free(api: Api, people: People):
    root = people.super_admin()
    people.organisation("acme")

    refused = create(api, root, {"key": "acme", "name": "x"}, "key-1")
    people.sql("delete from organisations where key = 'acme'")

    assert [refused.status_code, create(api, root, {"key": "acme", "name": "x"}, "key-1").status_code] == [409, 201]


def test_of_many_at_once_under_one_key_one_creates(api: Api, people: People):
    root = people.super_admin()
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda _: create(api, root, {"key": "acme", "name": "x"}, "key-1"), range(4)))

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert people.sql("select count(*) from audit_events") == [(1,)]


def create(api: Api, root: Member, body: dict[str, Any], key: str) -> Any:
    return api.ask("POST", ORGANISATIONS, root, json=body, headers={"Idempotency-Key": key})


@pytest.mark.parametrize("match", ['"stale"', 'W/"weak"', "rubbish", ""])
def test_a_change_of_another_version_is_refused(api: Api, people: People, match: str):
    root = people.super_admin()
    people.organisation("acme")

    answer = api.ask("PATCH", f"{ORGANISATIONS}/acme", root, json={"name": "x"}, headers={"If-Match": match})

    assert answer.status_code == 412
    assert people.sql("select name from organisations where key = 'acme'") == [("Acme",)]


def test_an_organisation_asks_as_often_as_it_may_and_others_go_on(api: Api, people: People):
    root, acme, globex = people.super_admin(), people.member("acme", "admin"), people.member("globex", "admin")
    limited = api.ask("PATCH", f"{ORGANISATIONS}/acme", root, json={"requests_per_minute": 3})
    assert limited.json()["requests_per_minute"] == 3
    colleague = people.member("acme", "viewer")

    def ask() -> list[int]:
        return [api.get("/api/v1/me", each).status_code for each in (acme, colleague, acme, colleague)]

    statuses = ask()
    if people.sql("select requests from request_counts") != [(4,)]:  # a minute ended in between
        statuses = ask()

    assert statuses == [200, 200, 200, 429]
    refused = api.get("/api/v1/me", acme)
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert api.get("/api/v1/me", globex).status_code == 200
    lifted = api.ask("PATCH", f"{ORGANISATIONS}/acme", root, json={"requests_per_minute": None})
    assert lifted.json()["requests_per_minute"] is None
    assert api.get("/api/v1/me", acme).status_code == 200


def test_another_minute_begins_to_count_anew(api: Api, people: People):
    acme = people.member("acme", "admin")
    people.sql("update organisations set requests_per_minute = 1 where key = 'acme'")
    people.sql("insert into request_counts values (%s, now() - interval '1 minute', 1000)", acme.organisation_id)

    assert api.get("/api/v1/me", acme).status_code == 200


@pytest.mark.parametrize("limit", [0, -1, 1_000_001, 1.5, "many"])
def test_a_limit_that_is_none_is_refused(api: Api, people: People, limit: object):
    body = {"key": "acme", "name": "Acme", "requests_per_minute": limit}

    assert api.ask("POST", ORGANISATIONS, people.super_admin(), json=body).status_code == 422


def test_the_platform_cannot_limit_itself(api: Api, people: People):
    root = people.super_admin()

    assert api.ask("PATCH", f"{ORGANISATIONS}/platform", root, json={"requests_per_minute": 1}).status_code == 422
