from datetime import UTC, datetime
from uuid import uuid4

import pytest

from interlock.control.domain.errors import InvalidChange
from interlock.control.domain.keys import check_key
from interlock.control.domain.organisations import Organisation, Plan, check


def an_organisation(key: str = "acme", *, is_active: bool = True) -> Organisation:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    return Organisation(uuid4(), key, "Acme", None, Plan.BASIC, is_active, moment, moment)


def test_the_platform_cannot_be_deactivated():
    with pytest.raises(InvalidChange, match="platform"):
        check(an_organisation("platform", is_active=False))


def test_any_other_organisation_can_be_deactivated():
    check(an_organisation("acme", is_active=False))


@pytest.mark.parametrize("key", ["a", "acme-2", "pricing_intelligence", "0.1", "a" * 63])
def test_a_key_that_can_stand_in_an_address_is_taken(key: str):
    check_key(key)


@pytest.mark.parametrize("key", ["", "A", "a/b", ".a", "a" * 64, "a\n", "é"])
def test_a_key_that_cannot_stand_in_an_address_is_refused(key: str):
    with pytest.raises(InvalidChange):
        check_key(key)
