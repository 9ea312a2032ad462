"""From an application's OpenAPI document to probes."""

from typing import Any

import pytest

from interlock.probes.classify import classify
from interlock.probes.document import read_document
from interlock.probes.openapi import Declared, Unprobed, UnusableDocument, probes_of
from interlock.probes.probe import ANONYMOUS, INVALID, Probe, Proof
from interlock.probes.reply import Reply

OK = frozenset({200})
REFUSED = frozenset({401, 403})
BEARER = [{"bearer": []}]


def an_operation(schema: Any = None, **more: Any) -> dict[str, Any]:
    response = {} if schema is None else {"content": {"application/json": {"schema": schema}}}
    return {"responses": {"200": response}, **more}


def a_document(path: str = "/modules", version: str = "3.1.0", **item: Any) -> dict[str, Any]:
    return {"openapi": version, "paths": {path: item}}


def read(document: dict[str, Any], *named: str, **more: Any) -> Declared:
    return probes_of(document, named, **more)


def only_probe(document: dict[str, Any], *named: str, **more: Any) -> Probe:
    (probe,) = read(document, *named, **more).probes
    return probe


def test_an_operation_without_security_is_public():
    assert only_probe(a_document(get=an_operation()), "admin").expect == {ANONYMOUS: OK}


def test_an_operation_with_security_lets_only_named_identities_in():
    probe = only_probe(a_document(get=an_operation(security=BEARER)), "admin", "viewer")

    assert probe.expect == {ANONYMOUS: REFUSED, INVALID: REFUSED, "admin": OK, "viewer": OK}


def test_the_security_of_the_whole_document_counts():
    document = a_document(get=an_operation()) | {"security": BEARER}

    assert only_probe(document).expect == {ANONYMOUS: REFUSED, INVALID: REFUSED}


def test_an_operation_can_lift_the_security_of_the_document():
    document = a_document(get=an_operation(security=[])) | {"security": BEARER}

    assert only_probe(document, "admin").expect == {ANONYMOUS: OK}


def test_an_empty_alternative_makes_the_login_optional():
    document = a_document(get=an_operation(security=[*BEARER, {}]))

    assert only_probe(document, "admin").expect == {ANONYMOUS: OK, "admin": OK}


def test_a_path_can_be_protected_although_the_document_does_not_say_so():
    probe = only_probe(a_document("/admin/users", get=an_operation()), "admin", protected=["/admin/*"])

    assert probe.expect[ANONYMOUS] == REFUSED


def test_only_the_declared_successes_are_expected():
    document = a_document(get={"responses": {"200": {}, "206": {}, "404": {}, "default": {}}})

    assert only_probe(document).expect == {ANONYMOUS: frozenset({200, 206})}


def test_a_range_of_statuses_is_expected_whole():
    document = a_document(get={"responses": {"2XX": {}}})

    assert only_probe(document).expect == {ANONYMOUS: frozenset(range(200, 300))}


@pytest.mark.parametrize("version", ["3.0.3", "3.1.0"])
def test_a_recursive_schema_can_be_checked(version: str):
    node = {
        "type": "object",
        "required": ["name"],
        "properties": {"parent": {"$ref": "#/components/schemas/Node"}, "name": {"type": "string"}},
    }
    document = a_document(version=version, get=an_operation({"$ref": "#/components/schemas/Node"}))
    probe = only_probe(document | {"components": {"schemas": {"Node": node}}})

    answer = classify(probe, ANONYMOUS, Reply(200, "application/json", b'{"name": "a", "parent": {}}'))

    assert answer.reason.startswith(
        "answered 200, but the body does not fit the declared schema: $.parent lacks 'name'"
    )


def test_a_response_by_reference_has_its_schema():
    document = a_document(get={"responses": {"200": {"$ref": "#/components/responses/Ok"}}})
    content = {"application/json": {"schema": {"type": "array"}}}
    probe = only_probe(document | {"components": {"responses": {"Ok": {"content": content}}}})

    assert classify(probe, ANONYMOUS, Reply(200, "application/json", b"{}")).proof is Proof.FAILED


@pytest.mark.parametrize("media_type", ["text/event-stream", "application/octet-stream", "text/csv"])
def test_what_is_not_json_is_asked_for_its_status_only(media_type: str):
    document = a_document(get={"responses": {"200": {"content": {media_type: {"schema": {"type": "string"}}}}}})

    assert only_probe(document).schemas == {}


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_an_operation_that_may_change_something_is_left_unprobed(method: str):
    assert read(a_document(**{method: an_operation()})) == Declared(
        unprobed=(Unprobed(f"{method.upper()} /modules", "not a safe method: it may change something"),)
    )


def test_an_excluded_path_is_left_unprobed():
    declared = read(a_document("/admin/export", get=an_operation()), exclude=["/admin/*"])

    assert declared.unprobed == (Unprobed("GET /admin/export", "excluded by the pattern /admin/*"),)


def test_an_operation_without_a_successful_answer_is_left_unprobed():
    declared = read(a_document(get={"responses": {"307": {}}}))

    assert declared.unprobed == (Unprobed("GET /modules", "declares no successful answer"),)


def test_a_required_parameter_without_an_example_leaves_the_operation_unprobed():
    parameter = {"name": "key", "in": "path", "required": True, "schema": {"type": "string"}}

    declared = read(a_document("/modules/{key}", get=an_operation(parameters=[parameter])))

    reason = "needs the path parameter key, and the document has no example of it"
    assert declared.unprobed == (Unprobed("GET /modules/{key}", reason),)


def test_a_required_header_leaves_the_operation_unprobed():
    parameter = {"name": "X-Tenant", "in": "header", "required": True, "example": "a"}

    assert not read(a_document(get=an_operation(parameters=[parameter]))).probes


def test_an_optional_parameter_is_left_out():
    parameter = {"name": "page", "in": "query", "example": 2}

    assert only_probe(a_document(get=an_operation(parameters=[parameter]))).path == "/modules"


@pytest.mark.parametrize(
    "described",
    [
        {"example": "a/b"},
        {"examples": {"one": {"value": "a/b"}}},
        {"schema": {"example": "a/b"}},
        {"schema": {"examples": ["a/b"]}},
        {"schema": {"default": "a/b"}},
    ],
)
def test_a_path_parameter_is_filled_in_from_its_example(described: dict[str, Any]):
    parameter = {"name": "key", "in": "path", "required": True, **described}

    assert only_probe(a_document("/modules/{key}", get=an_operation(parameters=[parameter]))).path == "/modules/a%2Fb"


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"enum": ["daily", "weekly"]}, "daily"),
        ({"const": "daily"}, "daily"),
        ({"type": "boolean"}, "false"),
        ({"anyOf": [{"$ref": "#/components/schemas/Kind"}, {"type": "null"}]}, "hourly"),
        ({"type": "array", "items": {"$ref": "#/components/schemas/Kind"}}, "hourly"),
    ],
)
def test_a_parameter_that_allows_only_some_values_is_tried_with_the_first(schema: dict[str, Any], value: str):
    parameters = [{"name": "kind", "in": place, "required": True, "schema": schema} for place in ("path", "query")]
    document = a_document("/reports/{kind}", get=an_operation(parameters=parameters))
    document["components"] = {"schemas": {"Kind": {"enum": [None, "hourly"]}}}

    probe = only_probe(document)

    assert probe.path == f"/reports/{value}?kind={value}"
    assert probe.is_tried


def test_an_example_counts_more_than_what_is_allowed():
    parameter = {"name": "kind", "in": "query", "required": True, "schema": {"enum": ["a", "b"], "default": "b"}}

    probe = only_probe(a_document(get=an_operation(parameters=[parameter])))

    assert (probe.path, probe.is_tried) == ("/modules?kind=b", False)


def test_a_schema_that_lies_within_itself_gives_no_value():
    parameter = {"name": "x", "in": "query", "required": True, "schema": {"$ref": "#/components/schemas/Any"}}
    document = a_document(get=an_operation(parameters=[parameter]))
    document["components"] = {"schemas": {"Any": {"anyOf": [{"$ref": "#/components/schemas/Any"}]}}}

    assert not read(document).probes


def test_a_query_parameter_is_filled_in_from_its_example():
    parameters = [
        {"name": "kind", "in": "query", "required": True, "example": ["a b", "c"]},
        {"name": "all", "in": "query", "required": True, "example": True},
    ]

    probe = only_probe(a_document(get=an_operation(parameters=parameters)))

    assert probe.path == "/modules?kind=a+b&kind=c&all=true"


def test_a_parameter_of_the_path_is_replaced_by_that_of_the_operation():
    of_path = {"name": "key", "in": "path", "required": True, "example": "path"}
    document = a_document(
        "/modules/{key}", parameters=[of_path], get=an_operation(parameters=[of_path | {"example": "operation"}])
    )

    assert only_probe(document).path == "/modules/operation"


@pytest.mark.parametrize("document", [{}, {"swagger": "2.0"}, {"openapi": 3}, {"openapi": "3.1.0", "paths": ["/"]}])
def test_a_document_that_is_not_openapi_3_is_refused_with_a_remedy(document: dict[str, Any]):
    with pytest.raises(UnusableDocument) as refused:
        probes_of(document)

    assert refused.value.remedy


@pytest.mark.parametrize("body", [b"openapi: 3.1.0", b"[]", b"\xff", b""])
def test_a_document_that_is_not_a_json_object_is_refused(body: bytes):
    with pytest.raises(UnusableDocument):
        read_document(body, "/openapi.json")


@pytest.mark.parametrize(
    "item",
    [
        {"get": {}},
        {"get": {"responses": None}},
        {"get": {"responses": {"200": None}}},
        {"get": {"responses": {"200": {"content": {"application/json": None}}}}},
        {"get": {"parameters": [None], "responses": {"200": {}}}},
        {"$ref": "#/nowhere"},
        {"$ref": "#/paths/~1modules"},
    ],
)
def test_a_document_with_holes_does_not_break_the_reading(item: dict[str, Any]):
    assert isinstance(read(a_document(**item)), Declared)
