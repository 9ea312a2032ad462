"""Whatever two schemas are: the repair that is found for one of them makes it the other one."""

from collections.abc import Iterable, Iterator

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from interlock.postgres.catalog import take_snapshot
from interlock.postgres.embedded import EmbeddedServer
from interlock.release.repair import find_steps
from interlock.schema.drift import COLUMN_ORDER, Altered, Change, find_drift
from interlock.schema.repair import Left, Repairer, names_of
from interlock.schema.snapshot import Snapshot

TYPES = ("integer", "bigint", "text", "varchar(20)", "numeric(10,2)", "boolean", "date", "mood", "text[]")
DEFAULTS = {"integer": "7", "bigint": "8", "text": "'a'", "varchar(20)": "'b'", "boolean": "true", "mood": "'ok'"}
CHECKS = {"integer": "{} > 0", "text": "{} <> ''", "varchar(20)": "{} <> 'a'", "numeric(10,2)": "{} >= 0"}
TABLES, COLUMNS = ("a", "B b", "c"), ("x", "y", 'z "q"')


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


@st.composite
def a_table(draw: st.DrawFn, name: str) -> str:
    statements = []
    columns = {column: draw(st.sampled_from(TYPES)) for column in draw(st.lists(st.sampled_from(COLUMNS), unique=True))}
    parts = ["id integer" + draw(st.sampled_from(["", " primary key", " generated always as identity", " not null"]))]
    for column, kind in columns.items():
        default = f" default {DEFAULTS[kind]}" if kind in DEFAULTS and draw(st.booleans()) else ""
        parts.append(f"{quoted(column)} {kind}{default}" + draw(st.sampled_from(["", " not null"])))
        if kind in CHECKS and draw(st.booleans()):
            parts.append(f"constraint {quoted('check ' + column)} check ({CHECKS[kind].format(quoted(column))})")
    statements.append(f"create table {quoted(name)} ({', '.join(parts)})")
    for column in columns:
        if draw(st.booleans()):
            unique = draw(st.sampled_from(["", "unique "]))
            where = draw(st.sampled_from(["", " where id > 0"]))
            statements.append(
                f"create {unique}index {quoted(name + column)} on {quoted(name)} ({quoted(column)}){where}"
            )
        if draw(st.booleans()):
            statements.append(f"comment on column {quoted(name)}.{quoted(column)} is 'about it'")
    if draw(st.booleans()):
        statements.append(f"create view {quoted('view ' + name)} as select * from {quoted(name)}")  # noqa: S608 - names of its own
    if draw(st.booleans()):
        statements.append(f"alter table {quoted(name)} enable row level security")
    return ";".join(statements)


@st.composite
def a_schema(draw: st.DrawFn) -> str:
    labels = draw(st.sampled_from(["'sad', 'ok'", "'sad', 'ok', 'glad'", "'ok'"]))
    tables = [draw(a_table(name)) for name in draw(st.lists(st.sampled_from(TABLES), unique=True))]
    return ";".join([f"create type mood as enum ({labels})", *tables])


@pytest.fixture(scope="module")
def two(server: EmbeddedServer) -> Iterator[tuple[psycopg.Connection, psycopg.Connection]]:
    """Two databases whose schema "public" each example makes anew."""
    with (
        psycopg.connect(server.create_database("one").conninfo, autocommit=True) as one,
        psycopg.connect(server.create_database("other").conninfo, autocommit=True) as other,
    ):
        yield one, other


def _made(connection: psycopg.Connection, script: str) -> Snapshot:
    connection.execute(b"set client_min_messages = warning; drop schema public cascade; create schema public")
    connection.execute(script.encode())
    return take_snapshot(connection)


@given(wanted=a_schema(), there=a_schema())
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_after_the_repair_nothing_differs_but_what_is_told(
    two: tuple[psycopg.Connection, psycopg.Connection], wanted: str, there: str
) -> None:
    declared, observed = _made(two[0], wanted), _made(two[1], there)
    drift = find_drift(declared, observed)
    everything = frozenset(str(name) for change in drift for name in names_of(change))
    repairer = Repairer(declared, observed, lambda _table: False, everything)

    _, left = find_steps(repairer, drift, observed, two[1], look=lambda: take_snapshot(two[1]))

    remaining = find_drift(declared, take_snapshot(two[1]))
    assert {change.name for change in remaining} == {each.change.name for each in left}
    for change in remaining:
        assert _is_no_work_for_a_machine(change, left), (change, left)


def _is_no_work_for_a_machine(change: Change, left: Iterable[Left]) -> bool:
    """Whether it is the order of columns, a label that cannot be taken out, or what a view stands in the way of."""
    if isinstance(change, Altered) and change.differences.keys() <= {COLUMN_ORDER, "labels"}:
        return True
    # What needs a column of another type, to which its values cannot be cast, cannot be made either.
    is_stuck = any("cannot cast type" in each.reason for each in left)
    told = ("used by a view", "other objects depend on it", "it follows from another object")
    return is_stuck or any(each in left_one.reason for left_one in left if left_one.change == change for each in told)
