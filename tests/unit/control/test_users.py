from uuid import uuid4

import pytest

from interlock.control.domain.errors import NotPermitted
from interlock.control.domain.scope import OneOrganisation, WholePlatform
from interlock.control.domain.users import Permission, Role, User, platform_scope


def a_user(role: Role, organisation_key: str = "acme") -> User:
    return User(uuid4(), uuid4(), organisation_key, "a@example.com", "A", role)


def test_a_super_admin_of_the_platform_sees_the_whole_platform():
    user = a_user(Role.SUPER_ADMIN, "platform")

    assert user.scope == WholePlatform(user.organisation_id)


@pytest.mark.parametrize("role", Role)
def test_nobody_of_an_organisation_sees_more_than_it(role: Role):
    user = a_user(role)

    assert user.scope == OneOrganisation(user.organisation_id)


def test_an_administrator_of_the_platform_who_is_no_super_admin_sees_the_platforms_own_rows_only():
    user = a_user(Role.ADMIN, "platform")

    assert user.scope == OneOrganisation(user.organisation_id)


def test_an_administrator_may_read_and_changes_nothing_but_the_own_users():
    may_write = {each for each in a_user(Role.ADMIN).permissions if each.partition(":")[2] != "read"}

    assert may_write == {Permission.WRITE_USERS}


def test_a_super_admin_elsewhere_may_do_what_an_administrator_may():
    assert a_user(Role.SUPER_ADMIN).permissions == a_user(Role.ADMIN).permissions


@pytest.mark.parametrize("role", [Role.ANALYST, Role.VIEWER])
@pytest.mark.parametrize("permission", Permission)
def test_analysts_and_viewers_administer_nothing(role: Role, permission: Permission):
    with pytest.raises(NotPermitted):
        a_user(role).must_have(permission)


def test_work_of_the_platform_is_not_given_to_an_organisation():
    with pytest.raises(NotPermitted):
        platform_scope(a_user(Role.ADMIN))


@pytest.mark.parametrize("permission", Permission)
def test_a_permission_is_a_resource_and_an_action(permission: Permission):
    assert [bool(part) for part in permission.split(":")] == [True, True]
