from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.control.domain.errors import InvalidChange
from interlock.control.domain.evaluation import Context, Evaluation, Reason, evaluate, explain
from interlock.control.domain.flags import (
    Flag,
    FlagScope,
    FlagStatus,
    Override,
    Target,
    check_rollout,
    check_target,
)

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
ACME, ALICE = UUID(int=1), UUID(int=2)
ASKER = Context(ACME, ALICE)


def a_flag(**fields: Any) -> Flag:
    flag = Flag("f", "F", "", True, 100, FlagScope.USER, FlagStatus.ACTIVE, None, NOW, NOW)
    return replace(flag, **fields)


def an_override(**fields: Any) -> Override:
    override = Override(ACME, UUID(int=3), "f", "acme", None, False, "pilot", None, None, NOW, NOW)
    return replace(override, **fields)


def test_an_inactive_flag_is_off():
    assert evaluate(a_flag(status=FlagStatus.INACTIVE), (), ASKER, NOW) == Evaluation(False, Reason.INACTIVE)


def test_an_archived_organisation_is_answered_off_whatever_exceptions_say():
    asker = Context(ACME, is_archived=True)

    assert evaluate(a_flag(), (an_override(),), asker, NOW) == Evaluation(False, Reason.ORGANISATION_ARCHIVED)


def test_a_disabled_flag_is_off_even_for_those_who_have_an_override():
    overrides = (an_override(is_enabled=True),)

    assert evaluate(a_flag(is_enabled=False), overrides, ASKER, NOW) == Evaluation(False, Reason.DISABLED)


def test_a_deprecated_flag_still_answers():
    assert evaluate(a_flag(status=FlagStatus.DEPRECATED), (), ASKER, NOW).is_on


def test_an_organisation_can_have_an_exception():
    answer = evaluate(a_flag(), (an_override(),), ASKER, NOW)

    assert answer == Evaluation(False, Reason.ORGANISATION_OVERRIDE)


def test_the_exception_of_a_user_goes_before_that_of_the_organisation():
    overrides = (an_override(), an_override(user_id=ALICE, is_enabled=True))

    assert evaluate(a_flag(), overrides, ASKER, NOW) == Evaluation(True, Reason.USER_OVERRIDE)


def test_an_expired_exception_of_a_user_falls_through_to_that_of_the_organisation():
    overrides = (an_override(), an_override(user_id=ALICE, is_enabled=True, expires_at=NOW))

    assert evaluate(a_flag(), overrides, ASKER, NOW).reason is Reason.ORGANISATION_OVERRIDE


def test_an_expired_exception_of_an_organisation_falls_through_to_the_rollout():
    overrides = (an_override(expires_at=NOW - timedelta(seconds=1)),)

    assert evaluate(a_flag(), overrides, ASKER, NOW) == Evaluation(True, Reason.ROLLOUT)


@pytest.mark.parametrize(
    "other",
    [{"organisation_id": uuid4()}, {"user_id": uuid4()}, {"flag_key": "other"}],
    ids=lambda other: next(iter(other)),
)
def test_the_exception_of_somebody_else_does_not_count(other: dict[str, Any]):
    assert evaluate(a_flag(), (an_override(**other),), ASKER, NOW).reason is Reason.ROLLOUT


@pytest.mark.parametrize(("rollout", "is_on"), [(0, False), (100, True)])
@given(user=st.uuids())
def test_a_rollout_of_nothing_is_nobody_and_of_everything_everybody(rollout: int, is_on: bool, user: UUID):
    assert evaluate(a_flag(rollout=rollout), (), Context(ACME, user), NOW).is_on is is_on


@given(user=st.uuids(), rollout=st.integers(0, 100), more=st.integers(0, 100))
def test_a_growing_rollout_takes_nobody_out(user: UUID, rollout: int, more: int):
    context = Context(ACME, user)
    grown = min(100, rollout + more)

    if evaluate(a_flag(rollout=rollout), (), context, NOW).is_on:
        assert evaluate(a_flag(rollout=grown), (), context, NOW).is_on


def test_a_rollout_of_a_quarter_reaches_about_a_quarter():
    reached = sum(
        evaluate(a_flag(rollout=25), (), Context(ACME, UUID(int=number)), NOW).is_on for number in range(4000)
    )

    assert 900 < reached < 1100


@given(one=st.uuids(), other=st.uuids(), rollout=st.integers(0, 100))
def test_the_users_of_one_organisation_stand_together_where_organisations_are_counted(
    one: UUID, other: UUID, rollout: int
):
    flag = a_flag(scope=FlagScope.ORGANISATION, rollout=rollout)

    assert evaluate(flag, (), Context(ACME, one), NOW) == evaluate(flag, (), Context(ACME, other), NOW)


@pytest.mark.parametrize("rollout", [-1, 101])
def test_a_share_that_is_none_is_refused(rollout: int):
    with pytest.raises(InvalidChange):
        check_rollout(rollout)


@pytest.mark.parametrize("scope", [scope for scope in FlagScope if scope is not FlagScope.USER])
def test_only_a_flag_of_users_has_exceptions_for_one(scope: FlagScope):
    with pytest.raises(InvalidChange):
        check_target(a_flag(scope=scope), Target("acme", ALICE))


@pytest.mark.parametrize(
    ("allowed", "blocked", "sector", "is_on"),
    [
        ((), (), None, True),
        (("62",), (), "62.01", True),
        (("62",), (), "62", True),
        (("62",), (), "620", False),
        (("62",), (), None, False),
        ((), ("62",), "62.01", False),
        (("62",), ("62.01",), "62.01", False),
        ((), ("62",), None, True),
    ],
)
def test_a_sector_is_blocked_first_and_then_must_be_allowed(
    allowed: tuple[str, ...], blocked: tuple[str, ...], sector: str | None, is_on: bool
):
    flag = a_flag(allowed_sectors=allowed, blocked_sectors=blocked)

    assert evaluate(flag, (), Context(ACME, ALICE, sector), NOW).is_on is is_on


def test_an_exception_goes_before_the_sectors():
    flag = a_flag(blocked_sectors=("62",))

    answer = evaluate(flag, (an_override(is_enabled=True),), Context(ACME, ALICE, "62.01"), NOW)

    assert answer == Evaluation(True, Reason.ORGANISATION_OVERRIDE)


def test_an_explanation_tells_what_every_rule_said_until_one_decided():
    overrides = (an_override(user_id=ALICE, is_enabled=True, expires_at=NOW, reason="trial"), an_override())

    explanation = explain(a_flag(), overrides, ASKER, NOW)

    assert [(step.rule, step.is_on) for step in explanation.steps] == [
        (Reason.USER_OVERRIDE, None),
        (Reason.ORGANISATION_OVERRIDE, False),
    ]
    assert explanation.steps[0].told == "there was one until 2026-06-01 12:00 UTC: trial"
    assert explanation.evaluation == Evaluation(False, Reason.ORGANISATION_OVERRIDE)


@pytest.mark.parametrize("scope", [scope for scope in FlagScope if scope is not FlagScope.USER])
def test_an_exception_of_a_user_counts_where_it_can_be_changed(scope: FlagScope):
    flag = a_flag(scope=scope)
    overrides = (an_override(user_id=ALICE, is_enabled=False),)

    explained = explain(flag, overrides, ASKER, NOW)

    assert explained.evaluation == Evaluation(True, Reason.ROLLOUT)
    assert "does not count" in explained.steps[0].told
    with pytest.raises(InvalidChange):
        check_target(flag, Target("acme", ALICE))
