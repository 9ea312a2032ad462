"""Organisations through the API."""

import pytest

from tests.integration.control.conftest import Api, Member, People

ORGANISATIONS = "/api/v1/admin/organisations"


@pytest.fixture
def root(people: People) -> Member:
    return people.super_admin()


def test_an_organisation_can_be_created_and_read_again(api: Api, root: Member):
    created = api.ask("POST", ORGANISATIONS, root, json={"key": "acme", "name": "Acme"})

    assert created.status_code == 201
    assert api.get(f"{ORGANISATIONS}/acme", root).json() == created.json()


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
