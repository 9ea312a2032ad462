from itertools import chain

import pytest
from tests.unit.schema.builders import a_column, a_snapshot, a_table, an_enum

from interlock.schema.drift import Altered, Missing, Unexpected
from interlock.schema.history import History, Moment, MovedMeanwhile
from interlock.schema.items import Item

ORDERS, NOTE, CUSTOMERS = a_table("orders"), a_column("note"), a_table("customers")
SHORT, LONG = a_column("code", type="varchar(10)"), a_column("code", type="varchar(20)")

HISTORY = History(
    (
        Moment(None, a_snapshot()),
        Moment("r1", a_snapshot(ORDERS, SHORT)),
        Moment("r2", a_snapshot(ORDERS, LONG, CUSTOMERS)),
        Moment("r3", a_snapshot(ORDERS, LONG, CUSTOMERS)),
        Moment("r4", a_snapshot(ORDERS, LONG, CUSTOMERS, NOTE)),
    )
)


def test_the_maker_of_a_missing_table_is_the_revision_that_first_had_it():
    assert HISTORY.maker_of(Missing(CUSTOMERS.name, CUSTOMERS), {"r1", "r2", "r3"}) == "r2"


def test_the_maker_of_an_altered_column_is_the_revision_that_gave_it_its_declared_form():
    assert HISTORY.maker_of(Altered(LONG.name, LONG, SHORT), {"r1", "r2"}) == "r2"


def test_nobody_made_what_is_unexpected():
    enum = an_enum()

    assert HISTORY.maker_of(Unexpected(enum.name, enum), {"r1"}) is None


def test_a_schema_is_found_at_its_revision():
    match = HISTORY.locate(a_snapshot(ORDERS, SHORT))

    assert match.is_exact
    assert [moment.revision for moment in match.moments] == ["r1"]


def test_revisions_that_change_rows_only_are_all_named():
    match = HISTORY.locate(a_snapshot(ORDERS, LONG, CUSTOMERS))

    assert [moment.revision for moment in match.moments] == ["r2", "r3"]


def test_a_schema_with_a_table_made_by_hand_is_nearest_to_its_revision_and_differs_by_that_table():
    by_hand = a_table("scratchpad")

    match = HISTORY.locate(a_snapshot(ORDERS, SHORT, by_hand))

    assert not match.is_exact
    assert [moment.revision for moment in match.moments] == ["r1"]
    assert match.drift == (Unexpected(by_hand.name, by_hand),)


def test_an_empty_schema_is_that_before_the_first_revision():
    assert [moment.revision for moment in HISTORY.locate(a_snapshot()).moments] == [None]


def test_the_schema_after_revisions_that_were_not_passed_together_is_not_known():
    with pytest.raises(MovedMeanwhile):
        HISTORY.after({"r1", "r3"})


def test_the_maker_is_the_one_that_the_claimed_revision_stands_on_although_a_later_one_makes_it_anew():
    again = History(
        (
            Moment(None, a_snapshot()),
            Moment("r1", a_snapshot(ORDERS)),
            Moment("r2", a_snapshot()),
            Moment("r3", a_snapshot(ORDERS)),
        )
    )

    assert again.maker_of(Missing(ORDERS.name, ORDERS), {"r1"}) == "r1"
    assert again.maker_of(Missing(ORDERS.name, ORDERS), {"r1", "r2", "r3"}) == "r3"


def test_what_is_made_and_taken_away_again_is_still_to_come():
    passing = History((Moment(None, a_snapshot()), Moment("r1", a_snapshot(ORDERS)), Moment("r2", a_snapshot())))

    assert ORDERS.name in passing.still_to_come(set()).names
    assert passing.still_to_come(set()).made_in == {"public"}
    assert passing.still_to_come({"r1"}).made_in == set()


def a_table_of(columns: int, name: str, kind: str = "integer") -> list[Item]:
    return [a_table(name), *(a_column(f"c{number}", table=name, type=kind) for number in range(columns))]


def a_chain_of_tables(number: int) -> History:
    """Each revision makes a table of five columns: r1 makes t1, and so on."""
    made = [a_table_of(5, f"t{each}") for each in range(1, number + 1)]
    moments = [Moment(None, a_snapshot())]
    moments += [Moment(f"r{each}", a_snapshot(*chain(*made[:each]))) for each in range(1, number + 1)]
    return History(tuple(moments))


@pytest.mark.parametrize("names", [("a", "b", "c"), ("t6", "t7", "t8")], ids=["of their own", "of later revisions"])
def test_a_database_that_was_stamped_ahead_is_at_the_revision_whose_tables_it_has_and_the_rest_was_made_by_hand(names):
    tables = chain(*(a_table_of(5, f"t{each}") for each in range(1, 5)))
    by_hand = chain(*(a_table_of(4, name, kind="text") for name in names))

    match = a_chain_of_tables(8).locate(a_snapshot(*tables, *by_hand))

    assert [moment.revision for moment in match.moments] == ["r4"]
    assert [str(change) for change in match.drift] == [f"Unexpected table public.{name}" for name in names]


def test_a_database_with_much_damage_is_still_at_its_revision():
    tables = list(chain(*(a_table_of(5, f"t{each}") for each in range(1, 4))))
    damaged = [item for item in tables if item.name.item not in ("c1", "c3")]

    match = a_chain_of_tables(3).locate(a_snapshot(*damaged, *a_table_of(2, "extra")))

    assert [moment.revision for moment in match.moments] == ["r3"]
    assert len(match.drift) == 7


def test_a_database_that_lost_one_column_is_still_at_its_revision():
    match = HISTORY.locate(a_snapshot(ORDERS, CUSTOMERS, NOTE))

    assert [moment.revision for moment in match.moments] == ["r4"]
    assert match.drift == (Missing(LONG.name, LONG),)
