"""Who administers the platform, where nobody has signed in who could say so."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from interlock.control.domain.errors import Conflict
from interlock.control.persistence.administrators import create_administrator, list_administrators
from interlock.control.persistence.provisioning import has_administrator, provision_first_administrator
from tests.integration.control.conftest import PASSWORD, Api, People

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


@pytest.mark.parametrize("state", [("viewer", True), ("super_admin", False), ("recorder", False)], ids=str)
@pytest.mark.parametrize("way_back", [create_administrator, provision_first_administrator])
def test_who_was_put_out_is_let_in_again_where_nobody_is_left(
    api: Api, people: People, state: tuple[str, bool], way_back: Callable[[str, str, str], object]
):
    provision_first_administrator(people.database, EMAIL, PASSWORD)
    people.sql("update users set role = %s, is_active = %s", *state)
    assert not has_administrator(people.database)

    way_back(people.database, EMAIL, "another password, long enough")

    assert [each.is_active for each in list_administrators(people.database)] == [True]
    assert api.sign_in(EMAIL).status_code == 401
    assert api.sign_in(EMAIL, "another password, long enough").status_code == 200
    told = people.sql("select before, after from audit_events where action = 'change'")
    assert [(after["role"], after["is_active"]) for _, after in told] == [("super_admin", True)]


@pytest.mark.parametrize(("key", "role"), [("platform", "super_admin"), ("acme", "viewer"), ("acme", "super_admin")])
def test_who_administers_or_is_of_another_organisation_is_not_touched(people: People, key: str, role: str):
    member = people.member(key, role)

    with pytest.raises(Conflict):
        create_administrator(people.database, member.email, "another password, long enough")

    assert people.sql("select role::text from users") == [(role,)]
    assert people.sql("select password_hash from logins") == [(people.password_hash,)]


def test_a_super_admin_of_another_organisation_does_not_administer_the_platform(people: People):
    people.member("acme", "super_admin")

    assert not has_administrator(people.database)
    assert not list_administrators(people.database)


def test_nobody_administers_an_empty_database(database: str):
    assert not has_administrator(database)


def test_it_is_known_whether_somebody_administers_the_platform(people: People):
    assert not has_administrator(people.database)
    provision_first_administrator(people.database, EMAIL)
    assert has_administrator(people.database)
