"""What may be done to a live schema without asking."""

import pytest

from interlock.schema.drift import Missing, Unexpected
from interlock.schema.items import Column, Index, Table
from interlock.schema.name import Kind, Name
from interlock.schema.repair import Left, Repairer, Step, is_wider, unknown_names
from interlock.schema.snapshot import Snapshot

ORDERS = Table(Name(Kind.TABLE, "public", "orders"))
NOTE = Column(Name(Kind.COLUMN, "public", "orders", "note"), "text", nullable=False)
INDEX = Index(
    Name(Kind.INDEX, "public", "orders", "by_note"), "CREATE INDEX by_note ON public.orders USING btree (note)"
)


def a_repairer(*declared: Column | Index, has_rows: bool = True, allowed: str = "") -> Repairer:
    schema = Snapshot({each.name: each for each in (ORDERS, *declared)})
    return Repairer(schema, Snapshot({ORDERS.name: ORDERS}), lambda _table: has_rows, frozenset({allowed}))


@pytest.mark.parametrize(
    ("narrow", "wide"),
    [
        ("character varying(10)", "character varying(20)"),
        ("character varying(10)", "text"),
        ("character varying(10)", "character varying"),
        ("integer", "bigint"),
        ("numeric(10,2)", "numeric(12,2)"),
        ("numeric(10,2)", "numeric(13,4)"),
        ("numeric(10,2)", "numeric"),
    ],
)
def test_each_value_of_the_one_is_one_of_the_other_and_not_the_other_way_round(narrow: str, wide: str) -> None:
    assert is_wider(narrow, wide)
    assert not is_wider(wide, narrow)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("numeric(10,2)", "numeric(10,4)"),  # two digits less before the point
        ("json", "jsonb"),  # what was written twice, or in which order, is gone
        ("text", "integer"),
        ("timestamp(6) without time zone", "timestamp(3) without time zone"),
        ("public.mood", "text"),
    ],
)
def test_a_type_that_is_not_known_to_be_wider_is_not(before: str, after: str) -> None:
    assert not is_wider(before, after)


def test_an_index_on_a_table_that_is_there_is_built_beside_its_writers() -> None:
    ((step,), _) = a_repairer(INDEX).plan([Missing(INDEX.name, INDEX)], Snapshot())

    assert step == Step(
        Missing(INDEX.name, INDEX),
        ("CREATE INDEX CONCURRENTLY by_note ON public.orders USING btree (note)",),
        is_concurrent=True,
    )


def test_a_column_that_rows_have_no_value_for_is_left() -> None:
    change = Missing(NOTE.name, NOTE)

    assert a_repairer(NOTE).plan([change], Snapshot()) == (
        (),
        (Left(change, "the table has rows, and nothing says what the new column holds in them"),),
    )


def test_without_rows_it_is_made() -> None:
    ((step,), left) = a_repairer(NOTE, has_rows=False).plan([Missing(NOTE.name, NOTE)], Snapshot())

    assert step.statements == ('ALTER TABLE "public"."orders" ADD COLUMN "note" text NOT NULL',)
    assert left == ()


def test_what_is_there_stays_and_can_be_allowed() -> None:
    change = Unexpected(NOTE.name, NOTE)
    ((), (left,)) = a_repairer().plan([change], Snapshot())

    assert left.can_be_allowed
    assert "--allow 'public.orders.note'" in str(left)


@pytest.mark.parametrize("allowed", ["public.orders.note", "column public.orders.note"])
def test_what_is_allowed_is_dropped(allowed: str) -> None:
    ((step,), ()) = a_repairer(allowed=allowed).plan([Unexpected(NOTE.name, NOTE)], Snapshot())

    assert step.statements == ('ALTER TABLE "public"."orders" DROP COLUMN "note"',)


def test_the_name_of_the_object_that_may_have_been_renamed_is_known_too() -> None:
    other = Column(NOTE.name._replace(item="notes"), "text", nullable=False)

    assert unknown_names({"public.orders.notes", "public.orders.x"}, [Missing(NOTE.name, NOTE, other)]) == {
        "public.orders.x"
    }
