"""How names and texts are written in statements."""

import pytest

from interlock.schema.ddl.words import address, always_quoted, inherits_from, literal, partition_of
from interlock.schema.name import Kind, Name


@pytest.mark.parametrize(
    ("name", "written"),
    [
        (Name(Kind.TABLE, "a b", 'c"d'), 'TABLE "a b"."c""d"'),
        (Name(Kind.COLUMN, "s", "t", "select"), 'COLUMN "s"."t"."select"'),
        (Name(Kind.FUNCTION, "s", "f(integer, s.mood)"), 'ROUTINE "s"."f"(integer, s.mood)'),
        (Name(Kind.OPERATOR, "s", "@#@(none, integer)"), 'OPERATOR "s".@#@ (none, integer)'),
        (Name(Kind.OPERATOR_CLASS, "s", "c using btree"), 'OPERATOR CLASS "s"."c" USING "btree"'),
        (Name(Kind.CAST, "", "s.mood as integer"), "CAST (s.mood AS integer)"),
        (Name(Kind.TRANSFORM, "", "smallint in sql"), 'TRANSFORM FOR smallint LANGUAGE "sql"'),
        (Name(Kind.CHECK, "s", "t", "c"), 'CONSTRAINT "c" ON "s"."t"'),
        (Name(Kind.DOMAIN_CONSTRAINT, "s", "d", "c"), 'CONSTRAINT "c" ON DOMAIN "s"."d"'),
        (Name(Kind.TRIGGER, "s", "t", "g"), 'TRIGGER "g" ON "s"."t"'),
        (Name(Kind.INDEX, "s", "t", "i"), 'INDEX "s"."i"'),
    ],
)
def test_every_kind_is_addressed_in_its_own_way(name: Name, written: str) -> None:
    assert address(name) == written


def test_a_quote_and_a_backslash_cannot_end_a_text() -> None:
    assert literal("it's") == "'it''s'"
    assert literal("\\'; drop") == "E'\\\\''; drop'"


def test_a_partition_is_told_from_a_table_that_inherits() -> None:
    assert partition_of("public.p FOR VALUES IN ('a')") == ("public.p", "FOR VALUES IN ('a')")
    assert partition_of('"a b"."c FOR VALUES d" DEFAULT') == ('"a b"."c FOR VALUES d"', "DEFAULT")
    assert partition_of('public.a, "x y"."DEFAULT"') is None
    assert inherits_from('public.a, "x y"."DEFAULT"') == ("public.a", '"x y"."DEFAULT"')


def test_a_name_is_the_same_however_it_is_quoted() -> None:
    assert always_quoted('public."a.b"') == always_quoted('"public"."a.b"') == '"public"."a.b"'
