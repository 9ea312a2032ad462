"""The API keeps to its OpenAPI document, whatever is sent and whoever sends it: asked by schemathesis."""

import json
import os
import re
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis import APIOperation, Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    ignored_auth,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from interlock.report.html import as_html
from interlock.report.json import as_json
from tests.integration.control.conftest import Api, Member, People
from tests.unit.report.builders import clear_with_applied_steps

EXAMPLES = int(os.environ.get("CONTRACT_EXAMPLES", "3"))
"""For each operation, caller and kind of data; the same ones in every run. `script/nightly` asks for more."""

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    unsupported_method,
]
# A query may hold what no parameter is called: that is passed over, as everywhere. A body may not.
OF_A_BODY = [negative_data_rejection]
RECORD = clear_with_applied_steps()


@pytest.fixture
def real(api: Api, people: People) -> dict[str, str]:
    """One of everything, so that what is asked for is there."""
    root, member = people.super_admin(), people.member("acme", "viewer")
    session = people.sql(
        "insert into sessions (organisation_id, user_id, browser) values (%s, %s, 'one') returning id",
        member.organisation_id,
        member.id,
    )[0][0]
    admin = "/api/v1/admin"
    module = {"key": "prices", "name": "Prices", "description": "", "version": "1", "type": "analytics"}
    override = {"is_enabled": True, "reason": "pilot"}
    record = {"project": "shop", "record": json.loads(as_json(RECORD)), "page": as_html(RECORD)}
    invited = {"email": "jo@acme.example", "name": "Jo"}
    asked = (
        ("POST", f"{admin}/modules", module),
        ("POST", f"{admin}/feature-flags", {"key": "beta", "name": "Beta", "scope": "user"}),
        ("PUT", f"{admin}/modules/prices/organisations/acme", {"is_enabled": True}),
        ("PUT", f"{admin}/feature-flags/beta/overrides/organisations/acme", override),
        ("PUT", f"{admin}/feature-flags/beta/overrides/organisations/acme/users/{member.id}", override),
        ("POST", f"{admin}/releases", record),
        ("POST", f"{admin}/organisations/acme/invitations", invited),
    )
    answers = [api.ask(method, path, root, json=body) for method, path, body in asked]
    assert [each.status_code for each in answers if not each.is_success] == []
    return {
        "organisation_key": "acme",
        "user_id": str(member.id),
        "release_id": RECORD.id,
        "session_id": str(session),
        "invitation_id": answers[-1].json()["id"],
    }


def path_of(operation: APIOperation, real: dict[str, str]) -> dict[str, str]:
    """What fills the path of an operation with things that there are."""
    own = {"/admin/organisations/": "acme", "/admin/modules/": "prices", "/admin/feature-flags/": "beta"}
    key = next((value for part, value in own.items() if part in operation.path), "acme")
    return {name: real.get(name, key) for name in re.findall(r"{(\w+)}", operation.path)}


def operations(api: Api) -> Iterator[APIOperation]:
    schema = schemathesis.openapi.from_url(f"{api.client.base_url}/api/v1/openapi.json")
    for result in schema.get_all_operations():
        yield result.ok()


def kinds(operation: APIOperation, real: dict[str, str]) -> Iterator[tuple[GenerationMode, dict[str, Any]]]:
    there = path_of(operation, real)
    yield GenerationMode.POSITIVE, {"path_parameters": there} if there else {}
    if there:
        yield GenerationMode.POSITIVE, {}
    if operation.body or operation.query:
        yield GenerationMode.NEGATIVE, {"path_parameters": there} if there else {}


@pytest.mark.parametrize("role", ["super_admin", "admin", "viewer", None])
def test_every_operation_keeps_to_the_document(api: Api, people: People, real: dict[str, str], role: str | None):
    caller = people.member("platform" if role == "super_admin" else "acme", role) if role else None
    found: dict[str, str] = {}
    statuses: dict[str, set[int]] = {}

    for operation in operations(api):
        name = f"{operation.method.upper()} {operation.path}"
        for mode, pinned in kinds(operation, real):
            try:
                statuses.setdefault(name, set()).update(ask(operation, mode, pinned, caller))
            except BaseExceptionGroup as failures:
                found[name] = "; ".join(str(each) for each in failures.exceptions)[:1500]

    assert not found, "\n\n".join(f"{name}: {told}" for name, told in found.items())
    if role is None:
        open_to_all = {name for name, each in statuses.items() if each - {401, 404, 405, 422}}
        assert {name for name in open_to_all if "/admin/" in name or "/me" in name} == set()


def ask(operation: APIOperation, mode: GenerationMode, pinned: dict[str, Any], caller: Member | None) -> set[int]:
    """Send examples of one operation, and hold each answer to the document; give the statuses."""
    statuses = set()
    checks = [*CHECKS, *(OF_A_BODY if operation.body else []), *([ignored_auth] if caller else [])]

    @seed(1)
    @settings(
        max_examples=EXAMPLES, deadline=None, database=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=operation.as_strategy(generation_mode=mode, **pinned))
    def send(case: Case) -> None:
        headers = {"Authorization": f"Bearer {caller.token}"} if caller else {}
        response = case.call(headers=headers)
        statuses.add(response.status_code)
        case.validate_response(response, checks=checks, headers=headers)

    send()
    return statuses
