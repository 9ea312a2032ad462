"""Who is let in where, asked of every route that the API declares."""

import re
from collections.abc import Iterator
from uuid import uuid4

import jwt
import pytest

from interlock.control.http.tokens import Bearer, Tokens
from tests.integration.control.conftest import TOKEN_KEY, Api, Member, People

ADMIN_ROUTES = (
    "/api/v1/admin/organisations",
    "/api/v1/admin/modules",
    "/api/v1/admin/feature-flags",
    "/api/v1/admin/dashboard/stats",
    "/api/v1/admin/audit-events",
)


def protected_operations(api: Api) -> Iterator[tuple[str, str]]:
    """Every operation that the OpenAPI document declares with security, with a real path."""
    document = api.get("/api/v1/openapi.json").json()
    for path, operations in document["paths"].items():
        real_path = re.sub(r"\{user_id\}", str(uuid4()), path)
        real_path = re.sub(r"\{\w+\}", "some-key", real_path)
        for method, operation in operations.items():
            if operation.get("security"):
                yield method.upper(), real_path


def forged(member: Member, *, key: str = TOKEN_KEY, algorithm: str = "HS256", **claims: object) -> str:
    honest = {
        "iss": "interlock",
        "aud": "api",
        "auth_time": 1,
        "sub": str(member.id),
        "org": str(member.organisation_id),
        "exp": 2**31,
    }
    return jwt.encode(honest | claims, key, algorithm)


def test_every_admin_route_and_me_declare_that_they_are_protected(api: Api):
    paths = {path for _, path in protected_operations(api)}

    assert {*ADMIN_ROUTES, "/api/v1/me"} <= paths


def test_nobody_is_turned_away_everywhere(api: Api):
    answers = {(method, path): api.ask(method, path) for method, path in protected_operations(api)}

    assert {answer.status_code for answer in answers.values()} == {401}
    assert {answer.headers["WWW-Authenticate"] for answer in answers.values()} == {"Bearer"}


def test_a_bad_token_is_turned_away_everywhere(api: Api):
    bad = {"Authorization": "Bearer not.a.token"}
    answers = [api.ask(*operation, headers=bad) for operation in protected_operations(api)]

    assert {answer.status_code for answer in answers} == {401}


def test_nobody_learns_nothing_from_sending_rubbish(api: Api):
    for method, path in protected_operations(api):
        answer = api.ask(method, path, content=b"{", headers={"Content-Type": "application/json"})
        assert answer.status_code == 401, (method, path)


@pytest.mark.parametrize("role", ["analyst", "viewer"])
def test_analysts_and_viewers_administer_nothing(api: Api, people: People, role: str):
    member = people.member("acme", role)

    answers = [
        api.ask(method, path, member, json={} if method != "GET" else None)
        for method, path in protected_operations(api)
        if "/admin/" in path
    ]

    assert {answer.status_code for answer in answers} == {403}


def test_everybody_reads_themselves(api: Api, people: People):
    member = people.member("acme", "viewer")

    me = api.get("/api/v1/me", member)

    assert me.status_code == 200
    assert (me.json()["email"], me.json()["role"], me.json()["permissions"]) == (member.email, "viewer", [])


def test_a_super_admin_reads_every_admin_list(api: Api, people: People):
    root = people.super_admin()

    assert {api.get(path, root).status_code for path in ADMIN_ROUTES} == {200}


def test_an_administrator_of_an_organisation_reads_every_admin_list(api: Api, people: People):
    admin = people.member("acme", "admin")

    assert {api.get(path, admin).status_code for path in ADMIN_ROUTES} == {200}


def test_an_administrator_of_an_organisation_changes_nothing_of_the_platform(api: Api, people: People):
    admin = people.member("acme", "admin")

    of_own_people = re.compile(r"/(me|invitations|evaluate|organisations/some-key/users)\b")
    answers = [
        api.ask(method, path, admin, json={})
        for method, path in protected_operations(api)
        if method != "GET" and not of_own_people.search(path)
    ]

    assert {answer.status_code for answer in answers} == {403}


def test_a_super_admin_outside_the_platform_is_no_super_admin(api: Api, people: People):
    impostor = people.member("acme", "super_admin")
    people.organisation("globex")

    keys = [item["key"] for item in api.get("/api/v1/admin/organisations", impostor).json()["items"]]

    assert keys == ["acme"]


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": 1},
        {"key": "another key that is long enough for signing"},
        {"iss": "somebody else"},
        {"sub": "not a uuid"},
        {"org": 7},
        {"aud": "console"},
        {"aud": None},
        {"auth_time": None},
        {"auth_time": "long ago"},
        {"algorithm": "HS512"},
    ],
    ids=str,
)
def test_an_expired_or_forged_token_is_refused(api: Api, people: People, claims: dict[str, object]):
    token = forged(people.super_admin(), **claims)

    assert api.get("/api/v1/me", headers={"Authorization": f"Bearer {token}"}).status_code == 401


def test_an_honest_token_made_the_same_way_is_taken(api: Api, people: People):
    token = forged(people.super_admin())

    assert api.get("/api/v1/me", headers={"Authorization": f"Bearer {token}"}).status_code == 200


def test_a_token_does_not_carry_its_user_into_another_organisation(api: Api, people: People):
    member = people.member("acme", "admin")
    elsewhere = Tokens(TOKEN_KEY).issue(Bearer(people.organisation("globex"), member.id))

    assert api.get("/api/v1/me", headers={"Authorization": f"Bearer {elsewhere}"}).status_code == 401


@pytest.mark.parametrize("table", ["users", "organisations"])
def test_a_deactivated_user_or_organisation_is_out_at_once(api: Api, people: People, table: str):
    member = people.member("acme", "admin")
    assert api.get("/api/v1/me", member).status_code == 200

    people.sql(f"update {table} set is_active = false")  # noqa: S608 - a name of ours

    assert api.get("/api/v1/me", member).status_code == 401
