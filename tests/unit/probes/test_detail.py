"""What the answer of a list tells about one thing of it."""

from typing import Any

import pytest

from interlock.probes.detail import Detail, value_for
from interlock.probes.openapi import Declared, Unprobed, probes_of
from interlock.probes.probe import Probe

TOLD = [
    ("order_id", [{"id": 7}], "7"),
    ("orderId", {"items": [{"id": "a b"}], "next": None}, "a b"),
    ("order_id", [{"id": 1, "order_id": 2}], "2"),
    ("organisation_key", {"items": [{"key": "acme", "id": 3}]}, "acme"),
    ("order", [{"id": 7}], "7"),
    ("pk", [{"id": 7}], "7"),
    ("id", {"results": [{"id": 7}], "facets": [{"id": 8}]}, "7"),
    ("release_id", {"items": [{"summary": {"id": "r-1"}, "organisation": "acme"}]}, "r-1"),
    ("id", {"orders": [{"id": 7}]}, "7"),
]
UNTOLD = [
    ("order_id", []),
    ("order_id", None),
    ("order_id", "7"),
    ("order_id", [7]),
    ("order_id", [{"name": "x"}]),
    ("order_id", [{"id": None}]),
    ("order_id", [{"id": True}]),
    ("order_id", [{"id": ""}]),
    ("order_id", [{"id": {"a": 1}}]),
    ("order_id", {"orders": [{"id": 1}], "customers": [{"id": 2}]}),
    ("order_id", [{"buyer": {"id": 1}, "seller": {"id": 2}}]),
]


@pytest.mark.parametrize(("parameter", "listed", "value"), TOLD)
def test_a_list_tells_what_its_first_thing_is_called(parameter: str, listed: Any, value: str):
    assert value_for(parameter, listed) == value


@pytest.mark.parametrize(("parameter", "listed"), UNTOLD)
def test_what_cannot_be_told_for_sure_is_not_guessed(parameter: str, listed: Any):
    assert value_for(parameter, listed) is None


def test_a_value_cannot_lead_to_another_path():
    detail = Detail(Probe("/orders/{id}", template="/orders/{id}"), (("id", "GET /orders"),))

    filled = detail.filled({"GET /orders": [{"id": "../admin?x=1#y"}]})

    assert filled is not None
    assert filled.path == "/orders/..%2Fadmin%3Fx%3D1%23y"
    assert filled.name == "GET /orders/{id}"


def a_document(*paths: str, **more: dict[str, Any]) -> dict[str, Any]:
    def operation(path: str) -> dict[str, Any]:
        named = [part[1:-1] for part in path.split("/") if part.startswith("{")]
        parameters = [{"name": each, "in": "path", "required": True} for each in named]
        return {"get": {"parameters": parameters, "responses": {"200": {}}}}

    return {"openapi": "3.1.0", "paths": {path: operation(path) for path in paths} | more}


def test_each_parameter_is_told_by_the_list_above_it():
    declared = probes_of(a_document("/shops", "/shops/{shop}", "/shops/{shop}/orders", "/shops/{shop}/orders/{id}"))

    assert {detail.probe.name: detail.lists for detail in declared.details} == {
        "GET /shops/{shop}": (("shop", "GET /shops"),),
        "GET /shops/{shop}/orders": (("shop", "GET /shops"),),
        "GET /shops/{shop}/orders/{id}": (("shop", "GET /shops"), ("id", "GET /shops/{shop}/orders")),
    }


def test_a_list_that_ends_with_a_slash_is_one():
    (detail,) = probes_of(a_document("/shops/", "/shops/{shop}/")).details

    assert detail.lists == (("shop", "GET /shops/"),)


def test_a_list_that_is_not_asked_tells_nothing():
    document = a_document("/shops", "/shops/{shop}")

    assert probes_of(document, exclude=["/shops"]) == Declared(
        unprobed=(
            Unprobed("GET /shops", "excluded by the pattern /shops"),
            Unprobed("GET /shops/{shop}", "needs the path parameter shop, and the document has no example of it"),
        )
    )


def test_a_parameter_that_is_a_part_of_a_part_is_not_filled_in():
    document = a_document("/files", "/files/{name}", **{
        "/files/{name}.pdf": {
            "get": {"parameters": [{"name": "name", "in": "path", "required": True}], "responses": {"200": {}}}
        }
    })  # fmt: skip

    assert [each.operation for each in probes_of(document).unprobed] == ["GET /files/{name}.pdf"]
