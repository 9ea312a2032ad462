"""The first administrator of a new platform."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from interlock.control.domain.errors import Conflict
from interlock.control.persistence.provisioning import has_administrator, provision_first_administrator
from tests.integration.control.conftest import Api, People

EMAIL = "Root@Example.com"


def test_the_first_administrator_can_sign_in_and_administer(api: Api, people: People):
    password = provision_first_administrator(people.database, EMAIL)
    assert password

    token = api.sign_in(EMAIL, password).json()["access_token"]

    answer = api.get("/api/v1/admin/dashboard/stats", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200


def test_a_password_can_be_given(api: Api, people: People):
    assert provision_first_administrator(people.database, EMAIL, "given by the caller") == "given by the caller"

    assert api.sign_in(EMAIL, "given by the caller").status_code == 200


def test_there_is_a_first_administrator_only_once(people: People):
    assert provision_first_administrator(people.database, EMAIL)

    assert provision_first_administrator(people.database, "other@example.com") is None
    assert people.sql("select count(*) from users") == [(1,)]


def test_of_two_at_once_one_makes_the_administrator(people: People):
    with ThreadPoolExecutor(4) as threads:
        given = list(threads.map(lambda _: provision_first_administrator(people.database, EMAIL), range(4)))

    assert sum(password is not None for password in given) == 1
    assert people.sql("select count(*) from users") == [(1,)]


def test_it_is_in_the_audit_trail_without_the_password(people: People):
    password = provision_first_administrator(people.database, EMAIL)

    ((action, after),) = people.sql("select action, after from audit_events")

    assert (action, after["email"], after["role"]) == ("create", "root@example.com", "super_admin")
    assert str(password) not in str(after)


def test_an_email_address_in_use_stops_it_and_leaves_nothing(people: People):
    member = people.member("acme", "viewer")

    with pytest.raises(Conflict):
        provision_first_administrator(people.database, member.email)

    assert people.sql("select key from organisations") == [("acme",)]


def test_nobody_administers_an_empty_database(database: str):
    assert not has_administrator(database)


def test_it_is_known_whether_somebody_administers_the_platform(people: People):
    assert not has_administrator(people.database)
    provision_first_administrator(people.database, EMAIL)
    assert has_administrator(people.database)
