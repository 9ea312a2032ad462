"""What was wrong with the founding system, planted in the control plane: each time the guard says so."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.requests import Request as Asked
from starlette.responses import JSONResponse, Response

from interlock.asgi import assemble
from interlock.cli.control_plane import OPENAPI, control_plane_project
from interlock.errors import ExitCode
from interlock.postgres.embedded import EmbeddedServer
from interlock.postgres.url import parse_url
from interlock.probes.identity import Identity, SignIn
from interlock.probes.openapi import probes_of
from interlock.probes.probe import Probe
from interlock.release import pipeline
from interlock.release.logbook import Outcome
from interlock.release.record import ReleaseRecord
from interlock.release.request import Application, Request
from interlock.report.html import as_html
from interlock.report.json import as_json
from interlock.verdict.judge import Verdict
from tests.integration.control.conftest import PASSWORD, TOKEN_KEY, Api, Member, People, chain, serve_app
from tests.integration.release.conftest import Watcher
from tests.unit.report.builders import clear_with_applied_steps

Answer = Callable[[Asked, RequestResponseEndpoint], Any]
DOCUMENT: Mapping[str, Any] = json.loads(OPENAPI.read_text())
RECORD = clear_with_applied_steps()


async def as_it_is(asked: Asked, go_on: RequestResponseEndpoint) -> Response:
    return await go_on(asked)


@pytest.fixture
def ready(database: str, password_hash: str) -> People:
    command.upgrade(chain(database), "head")
    return People(database, password_hash)


@pytest.fixture
def release(ready: People, server: EmbeddedServer, tmp_path: Path) -> Callable[..., Outcome]:
    """Release the control plane to its database as it is, with its application behaving as `answer` says."""

    def run(
        answer: Answer = as_it_is,
        *,
        identities: bool = True,
        probes: tuple[Probe, ...] = (),
        served: People = ready,
    ) -> Outcome:
        root = served.super_admin()
        app = assemble({"DATABASE_URL": served.database, "INTERLOCK_TOKEN_KEY": TOKEN_KEY})
        app.add_middleware(BaseHTTPMiddleware, dispatch=answer)
        with serve_app(app) as api:
            application = Application(
                base_url=str(api.client.base_url).rstrip("/"),
                identities=(identity("root", root),) if identities else (),
                openapi=DOCUMENT,
                probes=probes,
            )
            request = Request(
                url=parse_url(ready.database),
                project=control_plane_project(tmp_path),
                scratch_server=server.url(),
                application=application,
            )
            blank = ReleaseRecord("planted", "release", "control plane", "0", datetime.now(UTC), 0.0, Verdict(), ())
            return pipeline.release(request, blank, Watcher({}, []))

    return run


def identity(name: str, member: Member) -> Identity:
    return Identity(name, SignIn("/api/v1/sign-in", {"email": member.email, "password": PASSWORD}))


def told(outcome: Outcome) -> str:
    return "\n".join(f"{each.signal.name} {each.message}" for each in outcome.record.verdict.findings)


def test_without_a_fault_it_is_clear(release: Callable[..., Outcome]):
    outcome = release()

    assert outcome.exit_code == ExitCode.CLEAR, told(outcome)


def test_an_application_that_works_on_another_database_proves_nothing_of_this_one(
    release: Callable[..., Outcome], server: EmbeddedServer, password_hash: str
):
    another = server.create_database("another_control_plane").as_text()
    command.upgrade(chain(another), "head")

    outcome = release(served=People(another, password_hash))

    assert outcome.exit_code == ExitCode.CAUTION
    assert "nobody but this release had a session on the database that was released" in told(outcome)


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        ("drop table module_uses", "Missing table public.module_uses (revision 0010_sectors_and_modules makes it)"),
        ("alter table feature_flags drop column rollout", "Missing column public.feature_flags.rollout"),
        ("alter type flag_status rename value 'active' to 'ACTIVE'", "flag_status"),
    ],
)
@pytest.mark.parametrize("hides", [False, True], ids=["as it is", "behind a hard-coded list and a health of 200"])
def test_damage_of_the_schema_is_a_stop_whatever_the_pages_say(
    release: Callable[..., Outcome], ready: People, damage: str, words: str, hides: bool
):
    ready.sql(damage)

    async def fallback(asked: Asked, go_on: RequestResponseEndpoint) -> Response:
        if asked.url.path == "/readyz":
            return JSONResponse({"status": "ready"})
        answer = await go_on(asked)
        if answer.status_code < 500:
            return answer
        return JSONResponse({"items": [], "next_cursor": None})

    outcome = release(fallback if hides else as_it_is)

    assert outcome.exit_code == ExitCode.STOP
    assert words in told(outcome)


def test_a_router_that_failed_to_be_imported_is_missed(release: Callable[..., Outcome]):
    async def lacks(asked: Asked, go_on: RequestResponseEndpoint) -> Response:
        if asked.url.path.startswith("/api/v1/admin/modules"):
            return JSONResponse({"detail": "Not Found"}, 404)
        return await go_on(asked)

    outcome = release(lacks)

    assert outcome.exit_code == ExitCode.STOP
    assert "GET /api/v1/admin/modules as root: answered 404: the declared route does not exist" in told(outcome)


def test_a_list_for_everybody_is_found_by_those_who_must_not_get_it(release: Callable[..., Outcome]):
    async def hard_coded(asked: Asked, go_on: RequestResponseEndpoint) -> Response:
        if asked.url.path == "/api/v1/admin/modules":
            return JSONResponse({"items": [], "next_cursor": None})
        return await go_on(asked)

    outcome = release(hard_coded)

    assert outcome.exit_code == ExitCode.STOP
    assert "GET /api/v1/admin/modules as anonymous: answered 200 to nobody: the door is open" in told(outcome)


def test_a_hard_coded_list_of_another_shape_is_found(release: Callable[..., Outcome]):
    async def hard_coded(asked: Asked, go_on: RequestResponseEndpoint) -> Response:
        answer = await go_on(asked)
        if asked.url.path == "/api/v1/admin/modules" and answer.status_code == 200:
            return JSONResponse(["pricing_intelligence", "supply_chain"])
        return answer

    outcome = release(hard_coded)

    assert outcome.exit_code == ExitCode.STOP
    assert "GET /api/v1/admin/modules as root" in told(outcome)


def test_a_write_that_commits_and_answers_400_is_found_by_a_probe_of_it(release: Callable[..., Outcome], ready: People):
    async def after_committing(asked: Asked, go_on: RequestResponseEndpoint) -> Response:
        answer = await go_on(asked)
        is_done = asked.method == "POST" and asked.url.path.endswith("/feature-flags")
        return JSONResponse({"detail": "invalid"}, 400) if is_done else answer

    # Nothing is written twice: the guard asks before and after, so what is asked for may be there already.
    body = {"key": "probe-of-a-release", "name": "Probe"}
    write = Probe("/api/v1/admin/feature-flags", "POST", {"root": frozenset({201, 409})}, body=body)
    outcome = release(after_committing, probes=(write,))

    assert ready.sql("select key from feature_flags") == [("probe-of-a-release",)]
    assert outcome.exit_code == ExitCode.STOP
    assert "POST /api/v1/admin/feature-flags as root: answered 400" in told(outcome)


def test_a_health_of_200_proves_nothing_without_somebody_who_is_logged_in(release: Callable[..., Outcome]):
    async def healthy(asked: Asked, go_on: RequestResponseEndpoint) -> Response:
        return JSONResponse({"status": "ready"}) if asked.url.path == "/readyz" else await go_on(asked)

    outcome = release(healthy, identities=False)

    assert outcome.exit_code == ExitCode.CAUTION
    assert "nothing was asked as a logged-in person" in told(outcome)


def test_every_get_route_is_proved_for_three_identities(api: Api, people: People):
    """No route of the document is left out: each is asked as super_admin, as an administrator, and as a viewer."""
    members = {
        "root": people.super_admin(),
        "admin": people.member("acme", "admin"),
        "viewer": people.member("acme", "viewer"),
    }
    values = fill(api, members)
    probes = tuple(Probe(filled(path, values), "GET", expected(path)) for path in get_paths())
    application = Application(
        base_url=str(api.client.base_url).rstrip("/"),
        identities=tuple(identity(name, member) for name, member in members.items()),
        probes=probes,
    )
    blank = ReleaseRecord("all", "probe", "control plane", "0", datetime.now(UTC), 0.0, Verdict(), ())

    outcome = pipeline.probe(application, blank, Watcher({}, []))

    asked = outcome.record.asked_after
    assert asked is not None
    assert outcome.exit_code == ExitCode.CLEAR, told(outcome)
    assert {answer.probe for answer in asked.answers} == {probe.name for probe in probes}
    protected = [answer for answer in asked.answers if "/api/v1/" in answer.probe]
    assert {answer.identity for answer in protected} == {"anonymous", "invalid", *members}
    declared = probes_of(DOCUMENT)
    unprobed = [each for each in declared.unprobed if each.operation.startswith("GET ")]
    assert len(probes) == len(declared.probes) + len(declared.details) + len(unprobed)


def get_paths() -> list[str]:
    return [path for path, operations in DOCUMENT["paths"].items() if "get" in operations]


def filled(path: str, values: Mapping[str, str]) -> str:
    query = "?organisation_key=acme" if path.endswith("/explain") else ""
    return path.replace("/organisations/{key}", "/organisations/acme").format_map(values) + query


OPEN = {"/livez", "/readyz", "/version"}
OF_THE_PLATFORM = ("/api/v1/admin/releases", "/api/v1/admin/health")


def expected(path: str) -> dict[str, frozenset[int]]:
    ok, refused, forbidden = frozenset({200}), frozenset({401}), frozenset({403})
    if path in OPEN:
        return {"anonymous": ok}
    everybody = {"anonymous": refused, "invalid": refused, "root": ok}
    if path.startswith("/api/v1/me"):
        return everybody | {"admin": ok, "viewer": ok}
    return everybody | {"admin": forbidden if path.startswith(OF_THE_PLATFORM) else ok, "viewer": forbidden}


def fill(api: Api, members: Mapping[str, Member]) -> dict[str, str]:
    """Make one of everything that a path names."""
    root, admin = members["root"], "/api/v1/admin"
    module = {"key": "one", "name": "One", "description": "", "version": "1", "type": "analytics"}
    override = {"is_enabled": True, "reason": "pilot"}
    of_acme = "overrides/organisations/acme"
    for method, path, body in (
        ("POST", f"{admin}/modules", module),
        ("POST", f"{admin}/feature-flags", {"key": "one", "name": "One", "scope": "user"}),
        ("PUT", f"{admin}/modules/one/organisations/acme", {"is_enabled": True}),
        ("PUT", f"{admin}/feature-flags/one/{of_acme}", override),
        ("PUT", f"{admin}/feature-flags/one/{of_acme}/users/{members['viewer'].id}", override),
        ("POST", f"{admin}/releases", {"project": "p", "record": json.loads(as_json(RECORD)), "page": as_html(RECORD)}),
    ):
        answer = api.ask(method, path, root, json=body)
        assert answer.is_success, answer.text
    return {
        "organisation_key": "acme",
        "key": "one",
        "user_id": str(members["viewer"].id),
        "release_id": RECORD.id,
    }
