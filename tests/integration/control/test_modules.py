"""The catalogue of modules through the API."""

from typing import Any

import pytest

from tests.integration.control.conftest import Api, Member, People

MODULES = "/api/v1/admin/modules"


@pytest.fixture
def root(people: People) -> Member:
    return people.super_admin()


def a_module(api: Api, root: Member, key: str = "pricing", **fields: Any) -> dict[str, Any]:
    body = {"key": key, "name": key.title(), "version": "1.0.0", "type": "analytics"} | fields
    answer = api.ask("POST", MODULES, root, json=body)
    assert answer.status_code == 201, answer.text
    module: dict[str, Any] = answer.json()
    return module


def move(api: Api, root: Member, *statuses: str) -> list[int]:
    return [api.ask("PATCH", f"{MODULES}/pricing", root, json={"status": status}).status_code for status in statuses]


def assign(api: Api, root: Member, organisation: str, **fields: Any) -> Any:
    path = f"{MODULES}/pricing/organisations/{organisation}"
    return api.ask("PUT", path, root, json={"is_enabled": True} | fields)


def test_a_new_module_is_in_development(api: Api, root: Member):
    assert a_module(api, root)["status"] == "development"


def test_a_module_that_is_there_is_a_conflict(api: Api, root: Member):
    body = a_module(api, root)

    again = api.ask("POST", MODULES, root, json={name: body[name] for name in ("key", "name", "version", "type")})

    assert again.status_code == 409


def test_a_module_lives_its_life_in_order(api: Api, root: Member):
    a_module(api, root)

    assert move(api, root, "testing", "active", "deprecated", "retired") == [200, 200, 200, 200]


def test_a_module_cannot_skip_testing_nor_come_back_from_retirement(api: Api, root: Member):
    a_module(api, root)

    assert move(api, root, "active", "retired", "active") == [422, 200, 422]


def test_a_core_module_cannot_be_retired(api: Api, root: Member):
    a_module(api, root, is_core=True)

    assert move(api, root, "retired") == [422]


def test_an_organisation_can_be_given_a_module(api: Api, root: Member, people: People):
    people.organisation("acme")
    a_module(api, root)

    given = assign(api, root, "acme", configuration={"currency": "GBP"})

    assert (given.status_code, given.json()["configuration"]) == (200, {"currency": "GBP"})


def test_a_retired_module_cannot_be_enabled(api: Api, root: Member, people: People):
    people.organisation("acme")
    a_module(api, root)
    move(api, root, "retired")

    assert assign(api, root, "acme").status_code == 422


@pytest.mark.parametrize("text", ['{"a": NaN}', r'{"a": "\u0000"}', r'{"a": ["\ud800"]}'])
def test_a_configuration_that_the_database_cannot_hold_is_invalid(api: Api, root: Member, people: People, text: str):
    people.organisation("acme")
    a_module(api, root)

    answer = api.ask(
        "PUT",
        f"{MODULES}/pricing/organisations/acme",
        root,
        content=f'{{"is_enabled": true, "configuration": {text}}}',
        headers={"Content-Type": "application/json"},
    )

    assert answer.status_code == 422


def test_a_configuration_that_only_looks_like_it_holds_nul_is_fine(api: Api, root: Member, people: People):
    people.organisation("acme")
    a_module(api, root)

    assert assign(api, root, "acme", configuration={"pattern": r"\u0000"}).status_code == 200


def test_what_is_not_there_is_not_found(api: Api, root: Member):
    a_module(api, root)

    answers = [
        api.get(f"{MODULES}/nothing", root),
        api.ask("PATCH", f"{MODULES}/nothing", root, json={}),
        assign(api, root, "nobody"),
    ]

    assert {answer.status_code for answer in answers} == {404}
