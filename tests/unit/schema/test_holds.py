from dataclasses import replace

import pytest
from tests.unit.schema.builders import a_column, a_foreign_key, a_snapshot, a_table, an_enum, an_index

from interlock.schema.drift import Altered, Missing
from interlock.schema.holds import holds, is_as_wide
from interlock.schema.items import Constraint, Domain, Extension, Item, Routine, Table, Trigger, View
from interlock.schema.items import Sequence as SequenceItem
from interlock.schema.name import Kind, Name

TABLE = a_table()
FUNCTION = Routine(Name(Kind.FUNCTION, "public", "f()"), "CREATE FUNCTION f() AS 1")
VIEW = View(Name(Kind.VIEW, "public", "v"), "SELECT 1")
TRIGGER = Trigger(Name(Kind.TRIGGER, "public", "orders", "t"), "CREATE TRIGGER t")
EXTENSION = Extension(Name(Kind.EXTENSION, "", "citext"), "1.6", "public")
DOMAIN = Domain(Name(Kind.DOMAIN, "public", "d"), "character varying(8)")
SEQUENCE = SequenceItem(Name(Kind.SEQUENCE, "public", "s"), "integer", 1, 1, 1, 2**31 - 1, 1)


def reasons(declared: Item, observed: Item) -> tuple[str, ...]:
    """Why one object does not hold another, beside the table that both belong to."""
    return tuple(map(str, holds(a_snapshot(TABLE, declared), a_snapshot(TABLE, observed))))


@pytest.mark.parametrize(
    ("declared", "observed"),
    [
        (a_column(nullable=False), a_column(nullable=True)),
        (a_column(type="character varying(20)"), a_column(type="character varying(40)")),
        (a_column(type="character varying(20)"), a_column(type="text")),
        (a_column(type="integer"), a_column(type="bigint")),
        (a_column(), a_column(default="'x'::text")),
        (a_column(type="integer", filled_by="a"), a_column(type="integer", filled_by="d")),
        (a_column(), a_column(comment="told", statistics_target=100, storage="external", options=("n_distinct=5",))),
        (a_column(nullable=False), a_column(nullable=False, not_null_is_validated=False)),
        (TABLE, replace(TABLE, options=("fillfactor=70",), owner="somebody", replica_identity="full")),
        (TABLE, replace(TABLE, grants=("reader: SELECT",))),
        (replace(TABLE, grants=("reader: SELECT",)), replace(TABLE, grants=("reader: INSERT, SELECT",))),
        (replace(TABLE, grants=("reader: SELECT",)), replace(TABLE, grants=("reader: ALL with grant option",))),
        (
            replace(TABLE, grants=("reader: SELECT",)),
            replace(TABLE, grants=("reader: INSERT, SELECT with grant option",)),
        ),
        (replace(TABLE, persistence="unlogged"), TABLE),
        (an_enum(labels=("open", "paid")), an_enum(labels=("new", "open", "half paid", "paid", "sent"))),
        (replace(a_foreign_key(), is_validated=False), a_foreign_key()),
        (an_index(is_valid=False), an_index()),
        (EXTENSION, replace(EXTENSION, version="1.8")),
        (DOMAIN, replace(DOMAIN, type="character varying(9)")),
        (SEQUENCE, replace(SEQUENCE, type="bigint", maximum=2**63 - 1, cache=50)),
    ],
)
def test_an_object_that_gives_more_than_is_declared_holds_it(declared: Item, observed: Item):
    assert reasons(declared, observed) == ()


@pytest.mark.parametrize(
    ("declared", "observed", "reason"),
    [
        (a_column(), a_column(nullable=False), "nullable is no, declared yes"),
        (a_column(), a_column(nullable=False, default="''::text"), "nullable is no, declared yes"),
        (a_column(type="text"), a_column(type="character varying(40)"), "type is character varying(40), declared text"),
        (a_column(type="bigint"), a_column(type="integer"), "type is integer, declared bigint"),
        (a_column(type="integer"), a_column(type="text"), "type is text, declared integer"),
        (a_column(default="now()"), a_column(), "default is none, declared now()"),
        (a_column(default="1"), a_column(default="2"), "default is 2, declared 1"),
        (a_column(type="integer", filled_by="d"), a_column(type="integer"), "filled_by is none, declared d"),
        (a_column(), a_column(filled_by="s", default="'x'"), "filled_by is s, declared none"),
        (a_column(), a_column(collation='pg_catalog."C"'), 'collation is pg_catalog."C", declared none'),
        (an_enum(labels=("open", "paid")), an_enum(labels=("open",)), "labels is (open), declared (open, paid)"),
        (an_enum(labels=("a", "b")), an_enum(labels=("b", "a")), "labels is (b, a), declared (a, b)"),
        (an_index(), an_index(is_valid=False), "is_valid is no, declared yes"),
        (a_foreign_key(), replace(a_foreign_key(), is_validated=False), "is_validated is no, declared yes"),
        (a_foreign_key(), replace(a_foreign_key(), is_enforced=False), "is_enforced is no, declared yes"),
        (a_foreign_key(), replace(a_foreign_key(), index_is_valid=False), "index_is_valid is no, declared yes"),
        (a_foreign_key(), replace(a_foreign_key(), definition="FOREIGN KEY (x)"), "definition is FOREIGN KEY (x)"),
        (TABLE, replace(TABLE, persistence="unlogged"), "persistence is unlogged, declared permanent"),
        (replace(TABLE, row_security=True), TABLE, "row_security is no, declared yes"),
        (TABLE, replace(TABLE, row_security=True), "row_security is yes, declared no"),
        (replace(TABLE, part_of="p FOR VALUES IN (1)"), TABLE, "part_of is none"),
        (replace(TABLE, grants=("reader: SELECT",)), TABLE, "grants is none, declared (reader: SELECT)"),
        (replace(TABLE, grants=("a: INSERT, SELECT",)), replace(TABLE, grants=("a: SELECT",)), "grants is (a: SELECT)"),
        (replace(TABLE, grants=("a: ALL with grant option",)), replace(TABLE, grants=("a: ALL",)), "is (a: ALL)"),
        (FUNCTION, replace(FUNCTION, grants=("not PUBLIC: ALL",)), "grants is (not PUBLIC: ALL), declared none"),
        (replace(FUNCTION, grants=("not PUBLIC: ALL",)), FUNCTION, "grants is none, declared (not PUBLIC: ALL)"),
        (FUNCTION, replace(FUNCTION, definition="CREATE FUNCTION f() AS 2"), "definition is"),
        (VIEW, replace(VIEW, query="SELECT 2"), "query is SELECT 2, declared SELECT 1"),
        (VIEW, replace(VIEW, options=("security_invoker=true",)), "options is"),
        (TRIGGER, replace(TRIGGER, enabled="disabled"), "enabled is disabled, declared origin"),
        (EXTENSION, replace(EXTENSION, schema="other"), "schema is other, declared public"),
        (DOMAIN, replace(DOMAIN, type="character varying(7)"), "type is character varying(7)"),
        (SEQUENCE, replace(SEQUENCE, maximum=100), "maximum is 100"),
    ],
)  # fmt: skip
def test_an_object_that_gives_less_than_is_declared_does_not_hold_it(declared: Item, observed: Item, reason: str):
    (told,) = reasons(declared, observed)

    assert told.startswith(f"Altered {declared.name}: ")
    assert reason in told


def test_only_what_does_not_hold_is_told_of_an_object():
    declared = a_column(type="integer", default="1")
    observed = a_column(type="bigint", comment="told")

    (change,) = holds(a_snapshot(TABLE, declared), a_snapshot(TABLE, observed))

    assert isinstance(change, Altered)
    assert list(change.differences) == ["default"]


def test_what_is_there_beside_it_never_counts():
    extra = (a_column("more", nullable=False), an_index("more", is_unique=True), a_table("other"), an_enum())

    assert holds(a_snapshot(TABLE, a_column()), a_snapshot(TABLE, a_column(), *extra)) == ()


def test_another_order_of_columns_does_not_count():
    declared = a_snapshot(TABLE, a_column("a", position=1), a_column("b", position=2))

    assert holds(declared, a_snapshot(TABLE, a_column("a", position=2), a_column("b", position=1))) == ()


@pytest.mark.parametrize("gone", [a_column(), an_index(), a_foreign_key(), an_enum(), FUNCTION, VIEW, TRIGGER])
def test_whatever_is_missing_counts(gone: Item):
    (change,) = holds(a_snapshot(TABLE, gone), a_snapshot(TABLE))

    assert isinstance(change, Missing)
    assert change.name == gone.name


def test_a_name_that_the_server_made_may_be_another_one():
    declared = Constraint(Name(Kind.UNIQUE, "public", "orders", "orders_code_key"), "UNIQUE (code)")
    observed = Constraint(Name(Kind.UNIQUE, "public", "orders", "orders_code_key1"), "UNIQUE (code)")

    assert reasons(declared, observed) == ()


def test_a_table_in_the_place_of_a_foreign_one_with_other_options_does_not_hold_it():
    declared = Table(Name(Kind.FOREIGN_TABLE, "public", "far"), options=("table_name=a",), server="s")

    assert reasons(declared, replace(declared, options=("table_name=b",)))


@pytest.mark.parametrize(
    ("declared", "observed"),
    [
        ("smallint", "bigint"),
        ("real", "double precision"),
        ("numeric(5,2)", "numeric(6,2)"),
        ("numeric(5,2)", "numeric(7,3)"),
        ("numeric(5)", "numeric"),
        ("timestamp(3) with time zone", "timestamp with time zone"),
        ("timestamp(3) without time zone", "timestamp(6) without time zone"),
        ("character varying(3)[]", "text[]"),
        ("text", "character varying"),
        ("bit varying(3)", "bit varying(4)"),
    ],
)
def test_a_type_is_as_wide_as_another(declared: str, observed: str):
    assert is_as_wide(declared, observed)


@pytest.mark.parametrize(
    ("declared", "observed"),
    [
        ("double precision", "real"),
        ("numeric(5,2)", "numeric(5,3)"),
        ("numeric(5,2)", "numeric(5,1)"),
        ("numeric", "numeric(10,2)"),
        ("timestamp(3) with time zone", "timestamp(3) without time zone"),
        ("character(3)", "character(4)"),
        ("json", "jsonb"),
        ("public.mood", "public.state"),
        ("text", "text[]"),
        ("bit(3)", "bit(4)"),
        ("character varying", "character varying(10)"),
    ],
)
def test_a_type_is_not_as_wide_as_another(declared: str, observed: str):
    assert not is_as_wide(declared, observed)
