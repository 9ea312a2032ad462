from dataclasses import replace
from datetime import UTC, datetime

import pytest

from interlock.control.domain.errors import InvalidChange
from interlock.control.domain.modules import Module, ModuleStatus, ModuleType, check_change

LIFE = [
    ("development", "testing"),
    ("development", "retired"),
    ("testing", "development"),
    ("testing", "active"),
    ("testing", "retired"),
    ("active", "deprecated"),
    ("deprecated", "active"),
    ("deprecated", "retired"),
]


def a_module(status: str = "active", *, is_core: bool = False) -> Module:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    return Module("m", "M", "", "1", ModuleType.ANALYTICS, ModuleStatus(status), is_core, moment, moment)


@pytest.mark.parametrize("before", ModuleStatus)
@pytest.mark.parametrize("after", ModuleStatus)
def test_a_module_takes_the_steps_of_its_life_and_no_others(before: ModuleStatus, after: ModuleStatus):
    module = a_module(before)
    if before == after or (before, after) in LIFE:
        check_change(module, replace(module, status=after))
    else:
        with pytest.raises(InvalidChange, match=f"from {before} to {after}"):
            check_change(module, replace(module, status=after))


def test_a_core_module_cannot_be_retired():
    module = a_module("deprecated", is_core=True)

    with pytest.raises(InvalidChange, match="core"):
        check_change(module, replace(module, status=ModuleStatus.RETIRED))


def test_a_retired_module_cannot_become_core():
    module = a_module("retired")

    with pytest.raises(InvalidChange, match="core"):
        check_change(module, replace(module, is_core=True))
