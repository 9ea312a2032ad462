"""Whatever a build can need changes the fingerprint, and what goes on all the time does not."""

from collections.abc import Iterator

import psycopg
import pytest

from interlock.gate.fingerprint import read_fingerprint
from interlock.postgres.session import Connection
from interlock.postgres.version_table import find_version_table
from tests.integration.gate.conftest import SCHEMA


@pytest.fixture(scope="module")
def shared(server) -> Iterator[Connection]:
    """A session on one database for all of these tests: each leaves it as it found it, or nobody minds."""
    with psycopg.connect(server.create_database("fingerprints").as_text(), autocommit=True) as connection:
        connection.execute(SCHEMA.encode())
        yield connection


def fingerprint(connection: Connection) -> str:
    return read_fingerprint(connection, find_version_table(connection, "alembic_version", None))[0].value


CHANGES = [
    "create table more (id int)",
    "create table if not exists gone (id int); drop table gone; create table gone2 ()",
    "alter table orders add more int",
    "alter table orders drop more",
    "alter table orders alter note set not null",
    "alter table orders alter note drop not null",
    "alter table orders alter amount type numeric(12, 2)",
    "alter table orders alter note set default 'x'",
    "alter table orders alter note set default 'y'",
    "alter table orders alter note drop default",
    "alter table orders rename note to remark",
    "alter table orders alter id set generated always",
    "alter table orders alter id drop identity",
    "alter table orders drop constraint orders_amount_check",
    "alter table orders add constraint orders_amount_check check (amount > 0) not valid",
    "alter table orders validate constraint orders_amount_check",
    "alter table orders drop constraint orders_parent_fkey",
    "alter table orders enable row level security",
    "alter table orders force row level security",
    "alter table orders disable trigger changed",
    "alter table orders owner to pg_database_owner",
    "alter table lines detach partition lines_1",
    "alter table lines attach partition lines_1 for values from (2) to (9)",
    "alter table orders set unlogged",
    "grant select on orders to public",
    "grant update (state) on orders to public",
    "revoke execute on function on_change from public",
    "grant usage on type state to public",
    "grant create on schema public to public",
    "create schema other",
    "create index more_index on orders (amount)",
    "drop index more_index",
    "alter type state add value 'sent'",
    "alter type state rename value 'sent' to 'Sent'",
    "alter domain positive add constraint small check (value < 100) not valid",
    "alter domain positive validate constraint small",
    "alter domain positive drop constraint small",
    "alter domain positive set not null",
    "alter sequence numbers increment 5",
    "create or replace function on_change() returns trigger language plpgsql as 'begin return null; end'",
    "alter function on_change() security definer",
    "create or replace view open_orders as select id, remark as note from orders",
    "alter view open_orders set (security_barrier)",
    "drop materialized view counts",
    "alter policy own on orders using (true)",
    "drop policy own on orders",
    "drop rule no_delete on lines",
    "drop statistics pair",
    "create extension pg_trgm",
    "create publication everything for all tables",
    "alter default privileges grant select on tables to public",
    "drop table orders cascade",
    "drop type state",
]


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_shows(shared: Connection, change: str):
    table = find_version_table(shared, "alembic_version", None)
    before, _ = read_fingerprint(shared, table)
    shared.execute(change.encode())
    after, _ = read_fingerprint(shared, table, before)

    assert after.value != before.value


def test_what_goes_on_all_the_time_does_not_show(live: psycopg.Connection):
    before = fingerprint(live)
    live.execute("create temporary table passing (id int primary key, t text default 'x')")
    live.execute("create index on passing (t)")
    live.execute("insert into orders (amount) select n from generate_series(1, 1000) n")
    live.execute("update orders set note = 'x'")
    live.execute("vacuum analyze")
    live.execute("vacuum (freeze) orders")
    live.execute("select nextval('numbers')")
    live.execute("comment on table orders is 'told'")

    assert fingerprint(live) == before


def test_an_index_that_a_failed_build_left_invalid_shows(live: psycopg.Connection):
    live.execute("insert into orders (note) values ('a'), ('a')")
    before = fingerprint(live)
    with pytest.raises(psycopg.errors.UniqueViolation):
        live.execute("create unique index concurrently twice on orders (note)")

    assert fingerprint(live) != before


def test_a_change_and_its_undoing_show_as_something_that_was_written(live: psycopg.Connection):
    before = fingerprint(live)
    live.execute("alter table orders alter note set not null")
    live.execute("alter table orders alter note drop not null")

    assert fingerprint(live) != before


def test_everybody_may_read_it(live: psycopg.Connection):
    live.execute("create role somebody_small nosuperuser")
    live.execute("grant select on alembic_version to somebody_small")
    table = find_version_table(live, "alembic_version", None)
    try:
        expected = read_fingerprint(live, table)
        live.execute("set role somebody_small")

        assert read_fingerprint(live, table) == expected
    finally:
        live.execute("reset role")
        live.execute("drop owned by somebody_small; drop role somebody_small")


def test_where_nobody_has_written_anything_it_stays_without_being_read(live: psycopg.Connection):
    table = find_version_table(live, "alembic_version", None)
    before, _ = read_fingerprint(live, table)
    after, _ = read_fingerprint(live, table, before._replace(value="as it was"))

    assert after.value == "as it was" or after.moment != before.moment


def test_the_rows_of_the_version_table_come_with_it(live: psycopg.Connection):
    table = find_version_table(live, "alembic_version", None)
    live.execute("insert into alembic_version values ('a'), ('b')")

    assert read_fingerprint(live, table)[1] == ("a", "b", "r3")
