import pytest
from tests.unit.schema.builders import a_column, a_snapshot, a_table, an_enum

from interlock.schema.drift import Altered, Missing, Unexpected
from interlock.schema.history import History, Moment, MovedMeanwhile

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


def test_a_database_that_was_stamped_ahead_is_at_the_revision_whose_tables_it_has_and_the_rest_was_made_by_hand():
    tables = [a_table(f"t{number}") for number in range(9)]
    columns = [a_column("id", table=f"t{number}") for number in range(9)]
    chain = History(
        tuple(Moment(f"r{number}", a_snapshot(*tables[:number], *columns[:number])) for number in range(1, 9))
    )
    by_hand = [a_table("ours"), a_column("id", table="ours"), a_table("theirs"), tables[6], columns[6]]

    match = chain.locate(a_snapshot(*tables[:4], *columns[:4], *by_hand))

    assert [moment.revision for moment in match.moments] == ["r4"]
    assert [str(change) for change in match.drift] == [
        "Unexpected table public.ours",
        "Unexpected table public.t6",
        "Unexpected table public.theirs",
    ]


def test_a_database_that_lost_one_column_is_still_at_its_revision():
    match = HISTORY.locate(a_snapshot(ORDERS, CUSTOMERS, NOTE))

    assert [moment.revision for moment in match.moments] == ["r4"]
    assert match.drift == (Missing(LONG.name, LONG),)
