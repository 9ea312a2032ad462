import pytest
from tests.unit.schema.builders import a_column, a_foreign_key, a_snapshot, a_table, an_enum, an_index

from interlock.schema.drift import Altered, Missing, Severity, Unexpected, find_drift, is_in_step, severity
from interlock.schema.items import Sequence
from interlock.schema.name import Kind, Name


def a_sequence(name: str) -> Sequence:
    return Sequence(Name(Kind.SEQUENCE, "public", name), "bigint", 1, 1, 1, 9, 1)


def test_a_column_the_chain_lacks_is_unexpected():
    table, email = a_table(), a_column(name="email")

    drift = find_drift(declared=a_snapshot(table), observed=a_snapshot(table, email))

    assert drift == (Unexpected(email.name, email),)


def test_a_column_that_is_not_there_is_missing():
    table, email = a_table(), a_column(name="email")

    assert find_drift(a_snapshot(table, email), a_snapshot(table)) == (Missing(email.name, email),)


def test_a_missing_table_says_it_for_its_columns_and_indexes():
    table = a_table()

    drift = find_drift(a_snapshot(table, a_column(), an_index()), a_snapshot())

    assert drift == (Missing(table.name, table),)


def test_another_type_is_told_with_both_values():
    table, declared, observed = a_table(), a_column(type="bigint"), a_column(type="integer")

    (change,) = find_drift(a_snapshot(table, declared), a_snapshot(table, observed))

    assert isinstance(change, Altered)
    assert change.differences == {"type": ("bigint", "integer")}
    assert str(change) == "Altered column public.orders.email: type is integer, declared bigint"


def test_the_order_of_enum_labels_counts():
    declared, observed = an_enum(labels=("open", "paid")), an_enum(labels=("paid", "open"))

    (change,) = find_drift(a_snapshot(declared), a_snapshot(observed))

    assert isinstance(change, Altered)


def test_an_index_that_is_not_valid_is_altered():
    table = a_table()

    (change,) = find_drift(a_snapshot(table, an_index()), a_snapshot(table, an_index(is_valid=False)))

    assert "is_valid is no, declared yes" in str(change)


def test_two_equal_schemas_have_no_drift():
    assert find_drift(a_snapshot(a_table(), a_column()), a_snapshot(a_column(), a_table())) == ()


@pytest.mark.parametrize(
    "item",
    [a_column(nullable=False), an_index(is_unique=True), an_index(is_valid=False), a_foreign_key()],
    ids=["a column that wants a value", "a unique index", "what an interrupted build left behind", "a foreign key"],
)
def test_what_can_refuse_a_row_of_the_application_is_harmful_though_nobody_misses_it(item):
    assert severity(Unexpected(item.name, item)) is not Severity.COSMETIC


@pytest.mark.parametrize(
    "item",
    [a_table(), a_column(), a_column(nullable=False, default="0"), an_index(), an_enum()],
    ids=["a table", "a nullable column", "a column with a default", "an index", "an enum"],
)
def test_what_refuses_nothing_is_not_harmful(item):
    assert severity(Unexpected(item.name, item)) is Severity.COSMETIC


def test_whatever_is_missing_is_harmful():
    assert severity(Missing(an_index().name, an_index())) is not Severity.COSMETIC


@pytest.mark.parametrize(
    ("declared", "observed"),
    [
        ([a_table("api_key"), a_column(table="api_key")], [a_table("user_key"), a_column(table="user_key")]),
        ([a_table(), a_column("order_key")], [a_table(), a_column("orders_key")]),
        ([a_sequence("invoice_seq")], [a_sequence("bill_seq")]),
    ],
    ids=["a table", "a column", "a sequence"],
)
def test_a_name_that_ends_like_one_of_the_servers_is_still_a_name_that_code_relies_on(declared, observed):
    (change,) = find_drift(a_snapshot(*declared), a_snapshot(*observed))

    assert isinstance(change, Missing)
    assert change.looks_like is not None
    assert severity(change) is Severity.BREAKING
    assert not is_in_step([change])


def test_a_constraint_that_the_server_named_in_another_way_is_told_and_does_not_count():
    table, ours, theirs = a_table(), a_foreign_key("orders_customer_fkey"), a_foreign_key("orders_customer_fkey1")

    (change,) = find_drift(a_snapshot(table, ours), a_snapshot(table, theirs))

    assert severity(change) is Severity.COSMETIC
    assert is_in_step([change])
