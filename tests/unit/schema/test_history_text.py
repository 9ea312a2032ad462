import pytest
from tests.unit.schema.builders import a_column, a_foreign_key, a_snapshot, a_table, an_enum, an_index

from interlock.schema.history import Half, History, Moment
from interlock.schema.history_text import history_as_text, history_from_text
from interlock.schema.items import Sequence
from interlock.schema.name import Kind, Name

ORDERS, CODE, WIDER = a_table("orders"), a_column("code", type="text"), a_column("code", type="varchar(20)")
NUMBERS = Sequence(
    Name(Kind.SEQUENCE, "public", "numbers"), "bigint", 1, 1, 1, 9, 1, owned_by=Name(Kind.COLUMN, "public", "o", "id")
)
HISTORY = History(
    (
        Moment(None, a_snapshot()),
        Moment("r1", a_snapshot(ORDERS, CODE, an_enum()), ("r1",)),
        Moment(
            "r2",
            a_snapshot(ORDERS, WIDER, an_index(), a_foreign_key(), NUMBERS),
            ("r2", "other"),
            (CODE.name,),
            halves=(Half(("alter", "create"), a_snapshot(ORDERS, WIDER)),),
        ),
        Moment("r3", a_snapshot(ORDERS, WIDER, an_index(), a_foreign_key(), NUMBERS), ("r3",)),
    )
)


def test_a_history_is_read_as_it_was_written():
    assert history_from_text(history_as_text(HISTORY)) == HISTORY


def test_the_place_of_a_column_is_kept_although_it_is_not_compared():
    first, second = (a_snapshot(ORDERS, a_column("code", position=place)) for place in (2, 5))
    history = History((Moment(None, first), Moment("r1", second)))

    read = history_from_text(history_as_text(history))

    assert [moment.schema.items[CODE.name].position for moment in read.moments] == [2, 5]


def test_an_object_that_stays_is_one_value_in_all_moments():
    read = history_from_text(history_as_text(HISTORY))

    assert read.moments[2].schema.items[NUMBERS.name] is read.moments[3].schema.items[NUMBERS.name]


def test_a_moment_costs_a_line_that_has_what_it_changed():
    lines = history_as_text(HISTORY).splitlines()

    assert "orders_by_state" in lines[3]
    assert lines[4] == '[{"revision": "r3", "rows": ["r3"], "lost": [], "is_known": true}, [], [], [], 0]'


@pytest.mark.parametrize("text", ["", "{}", "[1]", history_as_text(HISTORY)[:-4]])
def test_what_is_no_history_is_an_error_that_the_reader_of_a_cache_expects(text: str):
    with pytest.raises((ValueError, KeyError, TypeError)):
        history_from_text(text)
