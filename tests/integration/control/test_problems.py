"""Every error is problem details, and none tells more than it should."""

import json
import os
from typing import Annotated, Any, get_args, get_origin

import pytest
from openapi_schema_validator import OAS31Validator
from pydantic import ValidationError
from pydantic.fields import FieldInfo
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from interlock.cli.control_plane import OPENAPI
from interlock.control.http.fields import Body
from interlock.report.json import as_json
from tests.integration.control.conftest import Api, Member, People
from tests.unit.report.builders import clear_with_applied_steps

READS = ("me", "admin/organisations", "admin/modules", "admin/feature-flags", "admin/dashboard/stats")


def assert_problem(answer: Any, status: int) -> None:
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["status"] == status
    assert answer.json()["request_id"] == answer.headers["X-Request-Id"]


def document_of(api: Api) -> dict[str, Any]:
    document: dict[str, Any] = api.get("/api/v1/openapi.json").json()
    return document


def validator(document: dict[str, Any], schema: dict[str, Any]) -> Any:
    base = Resource.from_contents(document, default_specification=DRAFT202012)
    absolute = {"$ref": "urn:api" + schema["$ref"]}
    return OAS31Validator(absolute, registry=Registry().with_resource("urn:api", base))


@pytest.mark.parametrize("path", ["/nothing", "/api/v1/nothing", "/api/v1/admin/nothing", "/api/v1/me/", "/docs"])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_an_unknown_path_is_not_found_whatever_the_method(api: Api, path: str, method: str):
    assert_problem(api.ask(method, path), 404)


def test_a_known_path_tells_which_methods_it_has(api: Api):
    answer = api.ask("DELETE", "/api/v1/me")

    assert_problem(answer, 405)
    assert answer.headers["Allow"] == "GET, HEAD"


def test_no_token_is_a_problem(api: Api):
    assert_problem(api.get("/api/v1/me"), 401)


def test_a_missing_permission_is_a_problem(api: Api, people: People):
    answer = api.get("/api/v1/admin/modules", people.member("acme", "viewer"))

    assert_problem(answer, 403)
    assert "modules:read" in answer.json()["detail"]


@pytest.mark.parametrize("content", [b"{", b"", b"[]", b"\xff", b'{"key": "\\ud800", "name": "x"}', b"1" * 5000])
def test_a_body_that_is_none_is_a_problem_of_the_client(api: Api, people: People, content: bytes):
    answer = api.ask(
        "POST",
        "/api/v1/admin/organisations",
        people.super_admin(),
        content=content,
        headers={"Content-Type": "application/json"},
    )

    assert answer.status_code in {400, 422}
    assert_problem(answer, answer.status_code)


BODIES = {
    "CreateFlag": {"key": "a", "name": "A"},
    "CreateModule": {"key": "a", "name": "A", "version": "1", "type": "analytics"},
    "CreateOrganisation": {"key": "a", "name": "A"},
    "PutOverride": {"is_enabled": True, "reason": "pilot"},
    "AssignModule": {"is_enabled": True},
}
"""What else has to be in a body, by its model."""


def the_fields(*kinds: type) -> list[tuple[type[Body], str]]:
    """The fields of bodies that hold a value of one of these kinds."""
    return [
        (model, name)
        for model in Body.__subclasses__()
        for name, field in model.model_fields.items()
        if any(kind in (field.annotation, *get_args(field.annotation)) or kind in _inner(field) for kind in kinds)
    ]


def _inner(field: FieldInfo) -> set[Any]:
    return {get_args(each)[0] for each in get_args(field.annotation) if get_origin(each) is Annotated}


@pytest.mark.parametrize(("model", "field"), the_fields(bool, int), ids=str)
def test_what_only_looks_like_a_number_or_a_truth_is_refused(model: type[Body], field: str):
    is_truth = (model, field) in the_fields(bool)
    for value in (1, "true", "1") if is_truth else (True, "50"):
        with pytest.raises(ValidationError) as refused:
            model.model_validate(BODIES.get(model.__name__, {}) | {field: value})
        assert [each["loc"][0] for each in refused.value.errors()] == [field], value
    model.model_validate(BODIES.get(model.__name__, {}) | {field: True if is_truth else 50})


def test_the_fields_that_are_held_to_their_kind_are_found():
    found = {f"{model.__name__}.{name}" for model, name in the_fields(bool, int)}

    assert {"ChangeFlag.rollout", "ChangeOrganisation.requests_per_minute", "RecordUse.milliseconds"} <= found
    assert {"CreateFlag.is_enabled", "PutOverride.is_enabled", "ChangeMember.is_active"} <= found


@pytest.mark.parametrize("blank", ["", " ", "\t\n", "\u00a0"])
def test_a_name_and_a_reason_of_blanks_alone_are_refused(api: Api, people: People, blank: str):
    root = people.super_admin()
    people.organisation("acme")
    flag = "/api/v1/admin/feature-flags"
    assert api.ask("POST", flag, root, json={"key": "a", "name": "  A  "}).json()["name"] == "A"

    answers = {
        "name": api.ask("PATCH", f"{flag}/a", root, json={"name": blank}),
        "reason": api.ask(
            "PUT", f"{flag}/a/overrides/organisations/acme", root, json={"is_enabled": True, "reason": blank}
        ),
    }

    for field, answer in answers.items():
        assert_problem(answer, 422)
        assert [error["at"] for error in answer.json()["errors"]] == [f"body.{field}"]


MOMENTS = ("9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59Z", "1700000000")


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_moment_that_no_calendar_has_is_refused(api: Api, people: People, moment: str):
    root = people.super_admin()
    people.organisation("acme")
    api.ask("POST", "/api/v1/admin/feature-flags", root, json={"key": "a", "name": "A"})
    override = {"is_enabled": True, "reason": "x", "expires_at": moment}
    record = json.loads(as_json(clear_with_applied_steps()))

    answers = {
        "body.expires_at": api.ask(
            "PUT", "/api/v1/admin/feature-flags/a/overrides/organisations/acme", root, json=override
        ),
        "body.record.began": post_record(api, root, record | {"began": moment}),
        "body.record.ended": post_record(api, root, record | {"ended": moment}),
    }

    for at, answer in answers.items():
        assert_problem(answer, 422)
        assert [error["at"] for error in answer.json()["errors"]] == [at]


def post_record(api: Api, member: Member, record: dict[str, Any]) -> Any:
    return api.ask("POST", "/api/v1/admin/releases", member, json={"project": "a", "page": "", "record": record})


def test_a_body_that_is_too_large_is_not_read(api: Api):
    answer = api.ask("POST", "/api/v1/sign-in", json={"email": "a@b.example", "password": "x" * 2_000_000})

    assert_problem(answer, 413)


def test_an_invalid_field_is_named(api: Api, people: People):
    answer = api.ask("POST", "/api/v1/admin/organisations", people.super_admin(), json={"key": "acme"})

    assert_problem(answer, 422)
    assert [error["at"] for error in answer.json()["errors"]] == ["body.name"]


def test_a_database_error_is_ours_and_tells_nothing(api: Api, people: People):
    root = people.super_admin()
    people.sql("alter table feature_flags rename column rollout to hidden")
    try:
        answer = api.get("/api/v1/admin/feature-flags", root)
    finally:
        people.sql("alter table feature_flags rename column hidden to rollout")

    assert_problem(answer, 500)
    assert not any(word in answer.text for word in ("rollout", "column", "psycopg", "Traceback"))


def test_every_answer_has_the_security_headers(api: Api):
    for path in ("/livez", "/nothing", "/api/v1/me"):
        headers = api.get(path).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cache-Control"] == "no-store"
        assert "default-src 'none'" in headers["Content-Security-Policy"]


def test_the_clients_request_id_is_kept_if_it_can_do_no_harm(api: Api):
    assert api.get("/livez", headers={"X-Request-Id": "abc-1"}).headers["X-Request-Id"] == "abc-1"
    assert api.get("/livez", headers={"X-Request-Id": "a b"}).headers["X-Request-Id"] != "a b"
    assert api.get("/livez", headers={"X-Request-Id": "a" * 65}).headers["X-Request-Id"] != "a" * 65


@pytest.mark.parametrize("path", READS)
def test_an_answer_fits_its_schema_and_needs_every_field(api: Api, people: People, path: str):
    root = people.super_admin()
    api.ask("POST", "/api/v1/admin/feature-flags", root, json={"key": "a", "name": "A"})
    document = document_of(api)
    declared = document["paths"][f"/api/v1/{path}"]["get"]["responses"]["200"]["content"]["application/json"]
    fits = validator(document, declared["schema"])
    body = api.get(f"/api/v1/{path}", root).json()

    assert list(fits.iter_errors(body)) == []
    for field in body:
        assert list(fits.iter_errors({name: body[name] for name in body if name != field})), field


def test_an_error_fits_the_schema_of_a_problem(api: Api):
    document = document_of(api)

    fits = validator(document, {"$ref": "#/components/schemas/Problem"})

    assert list(fits.iter_errors(api.get("/api/v1/me").json())) == []


OTHER_KINDS = {
    "/api/v1/admin/releases/{release_id}/report": {"text/html"},
    "/api/v1/admin/audit-events/export": {"text/csv", "application/jsonl"},
}
"""What answers with something else than JSON."""


def test_every_operation_declares_its_success_and_its_errors(api: Api):
    for path, operations in document_of(api)["paths"].items():
        for method, operation in operations.items():
            statuses = set(operation["responses"])
            assert statuses & {"200", "201", "204"}, path
            assert "500" in statuses, path
            if operation.get("security"):
                assert "401" in statuses, (method, path)
            for status, response in operation["responses"].items():
                kinds = set(response.get("content", {}))
                of_success = {
                    "200": OTHER_KINDS.get(path, {"application/json"}),
                    "201": {"application/json"},
                    "204": set(),
                }
                assert kinds == of_success.get(status, {"application/problem+json"}), (path, status)


def test_schemas_of_answers_are_left_open_and_those_of_requests_are_closed(api: Api):
    schemas = document_of(api)["components"]["schemas"]

    closed = {name for name, schema in schemas.items() if schema.get("additionalProperties") is False}

    assert {name.rstrip("0123456789") for name in closed} == {
        "Accept",
        "ArchiveFlags",
        "Asker",
        "AssignModule",
        "ChangeFlag",
        "ChangeMember",
        "ChangeModule",
        "ChangeOrganisation",
        "CreateFlag",
        "CreateModule",
        "CreateOrganisation",
        "FirstAdministrator",
        "Invite",
        "PutOverride",
        "RecordRelease",
        "RecordUse",
        "SignIn",
        "UndoChange",
    }


def test_the_other_spelling_is_not_declared(api: Api):
    assert not any("organizations" in path for path in document_of(api)["paths"])


def test_the_document_that_is_kept_is_the_one_that_is_served(api: Api):
    """The guard holds the API to it. After a change that is meant: WRITE_OPENAPI=1 pytest, and read the difference."""
    served = document_of(api)
    served["info"]["version"] = "0"  # each build has its own
    if os.environ.get("WRITE_OPENAPI"):
        OPENAPI.write_text(json.dumps(served, indent=1) + "\n")

    assert json.loads(OPENAPI.read_text()) == served
