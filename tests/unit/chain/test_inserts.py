import pytest

from interlock.chain.inserts import LiveColumn, refusal
from interlock.chain.mapped import MappedColumn
from interlock.verdict.finding import Signal


def a_live_column(**parts: object) -> LiveColumn:
    """A column that can be null and is filled by nobody."""
    facts = {"is_not_null": False, "fills_itself": False, "is_generated": False, "has_trigger": False}
    return LiveColumn(**{"number": 1, "table": "orders", "column": "tax", **facts, **parts})


def a_mapped_column(**parts: object) -> MappedColumn:
    """A column that the ORM leaves at null where the application does not set it."""
    return MappedColumn(
        **{"schema": None, "table": "orders", "column": "tax", "type": "INTEGER", "insert": "null", **parts}
    )


@pytest.mark.parametrize(
    ("live", "signal"),
    [
        ({}, None),
        ({"is_not_null": True}, Signal.STOP),
        ({"is_not_null": True, "fills_itself": True}, None),
        # The trigger may fill it, and nobody can tell.
        ({"is_not_null": True, "has_trigger": True}, Signal.CAUTION),
    ],
)
def test_a_column_that_no_class_maps(live: dict, signal: Signal | None):
    misfit = refusal(a_live_column(**live), None)

    assert (misfit.signal if misfit else None) is signal


@pytest.mark.parametrize(
    ("live", "mapped", "signal"),
    [
        ({"is_generated": True}, {}, Signal.STOP),
        ({"is_generated": True}, {"insert": "a value"}, Signal.STOP),
        ({"is_generated": True}, {"insert": "nothing"}, None),
        # The ORM writes null where nothing is set, so a default of the column does not help.
        ({"is_not_null": True, "fills_itself": True}, {}, Signal.CAUTION),
        ({"is_not_null": True, "has_trigger": True}, {}, None),
        ({"is_not_null": True}, {"insert": "a value"}, None),
        ({"is_not_null": True}, {"is_nullable": False}, None),
        ({}, {"is_nullable": False}, None),
    ],
)
def test_a_column_that_a_class_maps(live: dict, mapped: dict, signal: Signal | None):
    misfit = refusal(a_live_column(**live), a_mapped_column(**mapped))

    assert (misfit.signal if misfit else None) is signal
