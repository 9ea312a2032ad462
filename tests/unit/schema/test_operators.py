from dataclasses import replace

import pytest
from tests.unit.schema.builders import a_column, a_snapshot, a_table, an_index

from interlock.schema.drift import find_drift
from interlock.schema.history import History, Moment
from interlock.schema.items import Definition, Extension, Item, Schema
from interlock.schema.name import Kind, Name
from interlock.schema.operators import set_aside

PUBLIC = Schema(Name(Kind.SCHEMA, "", "public"))
ORDERS = replace(a_table("orders"), owner="migrator")
CODE, BY_STATE = a_column("code"), an_index()
PUBLICATION = Definition(Name(Kind.PUBLICATION, "", "changes"), "CREATE PUBLICATION changes FOR ALL TABLES")


def a_chain(*items: Item) -> History:
    return History((Moment(None, a_snapshot(PUBLIC)), Moment("r1", a_snapshot(PUBLIC, *items))))


CHAIN = a_chain(ORDERS, CODE, BY_STATE)


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (ORDERS, replace(ORDERS, grants=("app: SELECT",)), "grants (public.orders)"),
        (ORDERS, replace(ORDERS, options=("autovacuum_enabled=false",)), "options (public.orders)"),
        (ORDERS, replace(ORDERS, tablespace="fast"), "tablespace (public.orders)"),
        (CODE, replace(CODE, statistics_target=500), "statistics target (public.orders.code)"),
    ],
    ids=["a grant", "a storage parameter", "a tablespace", "a statistics target"],
)
def test_what_an_operator_sets_and_no_revision_speaks_of_is_set_aside_and_told(before: Item, after: Item, told: str):
    live = a_snapshot(PUBLIC, *(after if item is before else item for item in (ORDERS, CODE, BY_STATE)))

    found = set_aside(live, CHAIN)

    assert find_drift(CHAIN.moments[-1].schema, found.rest) == ()
    assert found.told == (f"the chain says nothing of: {told}",)


@pytest.mark.parametrize(
    ("declared", "live"),
    [
        (replace(ORDERS, grants=("app: SELECT",)), ORDERS),
        (replace(ORDERS, options=("fillfactor=70",)), replace(ORDERS, options=("fillfactor=100",))),
        (replace(ORDERS, options=("fillfactor=70",)), ORDERS),
        (ORDERS, replace(ORDERS, row_security=True)),
    ],
    ids=["a grant that is lost", "another fill factor", "a fill factor that is lost", "row-level security"],
)
def test_what_a_revision_speaks_of_is_compared(declared: Item, live: Item):
    chain = a_chain(declared, CODE)

    found = set_aside(a_snapshot(PUBLIC, live, CODE), chain)

    assert len(find_drift(chain.moments[-1].schema, found.rest)) == 1


def test_another_usual_owner_is_no_difference_and_another_owner_of_one_table_is():
    others = [replace(a_table(f"t{number}"), owner="migrator") for number in range(3)]
    chain = a_chain(ORDERS, *others)
    live = [replace(item, owner="dba") for item in (ORDERS, *others)]

    assert find_drift(chain.moments[-1].schema, set_aside(a_snapshot(*live), chain).rest) == ()
    live[0] = replace(ORDERS, owner="somebody")
    (change,) = find_drift(chain.moments[-1].schema, set_aside(a_snapshot(*live), chain).rest)
    assert change.name == ORDERS.name


def test_what_is_installed_and_no_revision_makes_is_set_aside_and_told():
    found = set_aside(a_snapshot(PUBLIC, ORDERS, CODE, BY_STATE, PUBLICATION), CHAIN)

    assert find_drift(CHAIN.moments[-1].schema, found.rest) == ()
    assert found.told == ("the chain says nothing of: publication that no revision makes (changes)",)


def test_a_publication_that_a_revision_makes_is_compared():
    chain = a_chain(ORDERS, PUBLICATION)
    live = replace(PUBLICATION, definition="CREATE PUBLICATION changes FOR TABLE public.orders")

    assert find_drift(chain.moments[-1].schema, set_aside(a_snapshot(ORDERS, live), chain).rest)


def test_the_version_of_an_extension_is_that_of_the_server_and_its_schema_is_the_chains():
    citext = Extension(Name(Kind.EXTENSION, "", "citext"), "1.6", "public")
    chain = a_chain(citext)

    assert find_drift(chain.moments[-1].schema, set_aside(a_snapshot(replace(citext, version="1.8")), chain).rest) == ()
    assert find_drift(chain.moments[-1].schema, set_aside(a_snapshot(replace(citext, schema="ext")), chain).rest)


def test_the_schema_that_was_there_before_the_first_revision_is_nobodys_to_miss():
    assert find_drift(CHAIN.moments[-1].schema, set_aside(a_snapshot(ORDERS, CODE, BY_STATE), CHAIN).rest) == ()


def test_default_privileges_of_the_usual_owner_are_the_same_whoever_that_is():
    name = Name(Kind.DEFAULT_PRIVILEGES, "public", "tables of migrator")
    chain = a_chain(ORDERS, Definition(name, "app: SELECT"))
    ours = replace(ORDERS, owner="dba")
    same, other = (Definition(name._replace(table=f"tables of {role}"), "app: SELECT") for role in ("dba", "somebody"))

    found = set_aside(a_snapshot(ours, same), chain)
    assert (find_drift(chain.moments[-1].schema, found.rest), found.told) == ((), ())
    assert find_drift(chain.moments[-1].schema, set_aside(a_snapshot(ours, other), chain).rest)


def test_partitions_that_no_revision_makes_are_set_aside_with_what_belongs_to_them():
    whole = replace(a_table("days"), partition_key="RANGE (day)")
    chain = a_chain(whole)
    year = replace(a_table("days_2026"), part_of="public.days FOR VALUES FROM (1) TO (2)", partition_key="RANGE (day)")
    day = replace(a_table("Day 1"), part_of="public.days_2026 FOR VALUES FROM (1) TO (2)")
    column = a_column("code", table="Day 1")

    found = set_aside(a_snapshot(PUBLIC, whole, year, day, column), chain)

    assert find_drift(chain.moments[-1].schema, found.rest) == ()
    assert found.told == (
        "the chain says nothing of: partitions that no revision makes (public.Day 1, public.days_2026)",
    )


@pytest.mark.parametrize("part_of", ["public.others FOR VALUES FROM (1) TO (2)", "public.days"])
def test_what_is_no_partition_of_the_chains_is_not_set_aside(part_of: str):
    chain = a_chain(replace(a_table("days"), partition_key="RANGE (day)"))
    other = replace(a_table("days_2026"), part_of=part_of)

    found = set_aside(a_snapshot(PUBLIC, *list(chain.moments[-1].schema)[1:], other), chain)

    assert other in list(found.rest)


def test_a_partition_that_is_half_detached_is_not_set_aside():
    chain = a_chain(replace(a_table("days"), partition_key="RANGE (day)"))
    other = replace(a_table("days_2026"), part_of="public.days FOR VALUES FROM (1) TO (2)", is_detaching=True)

    assert other in list(set_aside(a_snapshot(PUBLIC, other), chain).rest)
