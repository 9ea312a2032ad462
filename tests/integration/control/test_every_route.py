"""Who is let in where, asked of every route of the application: a new one is asked too, and cannot be forgotten."""

import json
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi.routing import APIRoute, iter_route_contexts

from interlock.asgi import assemble
from interlock.report.html import as_html
from interlock.report.json import as_json
from tests.integration.control.conftest import TOKEN_KEY, Api, Member, People
from tests.unit.report.builders import clear_with_applied_steps

RECORD = clear_with_applied_steps()

PUBLIC = {"/livez", "/readyz", "/version", "/api/v1/sign-in", "/api/v1/invitations/accept"}
"""What somebody may ask whom nobody knows: each of these is here on purpose."""

OTHER_SPELLING = "/api/v1/admin/organizations"
CHANGES = {"POST", "PUT", "PATCH", "DELETE"}
ANSWERS_ANYBODY_ABOUT_THEMSELVES = {"/api/v1/me", "/api/v1/me/sessions", "/api/v1/me/sessions/{session_id}"}


def operations() -> Iterator[tuple[str, str]]:
    """Each operation of the API, by its route; pages of the console have tests of their own."""
    app = assemble({"DATABASE_URL": "postgresql://nowhere", "INTERLOCK_TOKEN_KEY": TOKEN_KEY})
    for route in iter_route_contexts(app.routes):
        is_ours = isinstance(route.original_route, APIRoute) and (route.path or "").startswith(("/api/", *PUBLIC))
        if is_ours and not route.path.startswith(OTHER_SPELLING):
            yield from ((method, route.path) for method in sorted(route.methods))


OPERATIONS = sorted(operations())
PROTECTED = [(method, path) for method, path in OPERATIONS if path not in PUBLIC]


def test_all_operations_are_known_here_and_in_the_document(api: Api):
    document = api.get("/api/v1/openapi.json").json()["paths"]
    declared = {(method.upper(), path) for path, each in document.items() for method in each}

    assert declared == set(OPERATIONS)
    assert len(PROTECTED) > 20


@pytest.fixture
def globex(api: Api, people: People) -> Callable[[str], str]:
    """Fills a path with what there is, and is of globex where it is anybody's."""
    root = people.super_admin()
    member = people.member("globex", "viewer")
    people.sql(
        "insert into analytics_modules (key, name, description, version, type, status, is_core)"
        " values ('the-key', 'M', '', '1', 'analytics', 'active', false)"
    )
    people.sql(
        "insert into feature_flags (key, name, description, is_enabled, rollout, scope, status)"
        " values ('the-key', 'F', '', true, 100, 'user', 'active')"
    )
    people.sql(
        "insert into organisation_modules (organisation_id, module_key, is_enabled) values (%s, 'the-key', true)",
        member.organisation_id,
    )
    override = "/api/v1/admin/feature-flags/the-key/overrides/organisations/globex"
    for path in (override, f"{override}/users/{member.id}"):
        assert api.ask("PUT", path, root, json={"is_enabled": True, "reason": "pilot"}).is_success
    values = {"organisation_key": "globex", "user_id": str(member.id), "key": "the-key"}
    values |= ids_of_the_organisation(api, root)

    def fill(path: str) -> str:
        of_organisation = path.replace("/organisations/{key}", "/organisations/{organisation_key}")
        return of_organisation.format_map(values)

    return fill


def ids_of_the_organisation(api: Api, root: Member) -> dict[str, str]:
    invitations = "/api/v1/admin/organisations/globex/invitations"
    invited = api.ask("POST", invitations, root, json={"email": "jo@globex.example", "name": "Jo"})
    record = {"project": "shop", "record": json.loads(as_json(RECORD)), "page": as_html(RECORD)}
    assert api.ask("POST", "/api/v1/admin/releases", root, json=record).is_success
    return {"invitation_id": invited.json()["id"], "release_id": RECORD.id, "session_id": str(uuid4())}


def is_of_a_tenant(path: str) -> bool:
    return "organisations/{" in path


def body_for(method: str) -> Any:
    return {} if method in CHANGES - {"DELETE"} else None


@pytest.mark.parametrize("token", [None, "not.a.token"])
def test_a_stranger_gets_401_everywhere(api: Api, globex: Callable[[str], str], token: str | None):
    headers = {"Authorization": f"Bearer {token}"} if token else {}

    answers = {
        (method, path): api.ask(method, globex(path), json=body_for(method), headers=headers).status_code
        for method, path in PROTECTED
    }

    assert answers == dict.fromkeys(PROTECTED, 401)


@pytest.mark.parametrize("role", ["analyst", "viewer"])
def test_whoever_administers_nothing_gets_403_for_everything(
    api: Api, people: People, globex: Callable[[str], str], role: str
):
    member = people.member("globex", role)
    asked = [each for each in PROTECTED if each[1] not in ANSWERS_ANYBODY_ABOUT_THEMSELVES]

    answers = {
        (method, path): api.ask(method, globex(path), member, json=body_for(method)).status_code
        for method, path in asked
    }

    assert answers == dict.fromkeys(asked, 403)


def test_what_is_of_another_organisation_is_404_for_an_administrator(
    api: Api, people: People, globex: Callable[[str], str]
):
    stranger, root = people.member("acme", "admin"), people.super_admin()
    asked = [each for each in PROTECTED if is_of_a_tenant(each[1])]
    reads = [each for each in asked if each[0] == "GET"]

    theirs = {(method, path): api.get(globex(path), root).status_code for method, path in reads}
    answers = {
        (method, path): api.ask(method, globex(path), stranger, json=body_for(method)).status_code
        for method, path in asked
    }

    # It is there; so 404 says that it is hidden, and not that the test asks for what is not there.
    assert theirs == dict.fromkeys(reads, 200)
    assert {each: answers[each] for each in reads} == dict.fromkeys(reads, 404)
    # 422 is about the body alone, which is looked at before the database is asked for anything.
    assert {each: status for each, status in answers.items() if status not in {403, 404, 422}} == {}


def test_no_change_by_an_administrator_reaches_another_organisation(
    api: Api, people: People, globex: Callable[[str], str]
):
    stranger = people.member("acme", "admin")
    before = contents(people)
    for method, path in PROTECTED:
        if method in CHANGES and is_of_a_tenant(path):
            for body in ({}, {"name": "Taken"}, {"is_active": False}, {"is_enabled": False, "reason": "taken"}):
                api.ask(method, globex(path), stranger, json=body if method != "DELETE" else None)

    assert contents(people) == before


def contents(people: People) -> dict[str, list[tuple[Any, ...]]]:
    tables = (
        "organisations",
        "users",
        "invitations",
        "flag_overrides",
        "organisation_modules",
        "feature_flags",
        "analytics_modules",
    )
    return {table: people.sql(f"select * from {table} order by 1, 2") for table in tables}  # noqa: S608 - names of ours


def test_head_answers_what_get_does_without_a_body(api: Api, people: People, globex: Callable[[str], str]):
    root = people.super_admin()
    reads = {(globex(path), root) for method, path in OPERATIONS if method == "GET"}
    by_strangers = {(path, None) for path in ("/api/v1/me", "/", "/sign-in", "/assets/console.css")}

    for path, member in reads | by_strangers:
        query = {"organisation_key": "globex"}
        read, head = (api.ask(method, path, member, params=query) for method in ("GET", "HEAD"))

        assert (head.status_code, head.content) == (read.status_code, b""), path
        same = ("Content-Type", "Content-Length", "WWW-Authenticate", "Location")
        assert [head.headers.get(each) for each in same] == [read.headers.get(each) for each in same]


def test_an_unknown_id_is_404_and_not_an_error(api: Api, people: People):
    root = people.super_admin()
    values = {"organisation_key": "nothing", "key": "nothing", "user_id": uuid4()}
    asked = [(method, path) for method, path in PROTECTED if method == "GET" and "{" in path]

    query = {"organisation_key": "nothing"}
    answers = {path: api.get(path.format_map(Unknown(values)), root, params=query).status_code for _, path in asked}

    assert answers == dict.fromkeys(answers, 404)


class Unknown(dict[str, object]):
    """Ids that nothing has, for each parameter of a path that has no value here."""

    def __missing__(self, _: str) -> UUID:
        return uuid4()
