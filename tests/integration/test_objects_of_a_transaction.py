"""What is measured in a transaction, by what it has changed: the same as if all were read each time."""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from interlock.chain.objects import Objects
from tests.measured import measurements_of_all_engines

BEFORE = """
create schema old; create table old.places (id int primary key, name text);
create table orders (id int primary key, note text, place int); create index on orders (note);
create table lines (id int primary key, order_id int references orders (id));
create function touch() returns trigger language plpgsql as 'begin return new; end';
create view notes as select note from orders
"""
CHANGES = """
create table items (id int primary key, price numeric check (price > 0))
alter table items add column weight int
alter table orders rename to purchases
alter table purchases rename column note to remark
alter schema old rename to older
alter table older.places set schema public
alter table purchases alter column id type bigint
create index on places (name)
alter index places_name_idx rename to by_name
create trigger touches before update on purchases for each row execute function touch()
alter trigger touches on purchases rename to touched
create policy own on lines using (true)
savepoint before
alter table places alter column name type varchar(40) using name::varchar(40)
drop table items
rollback to savepoint before
alter table lines drop constraint lines_order_id_fkey
alter table purchases drop column place
drop view notes
drop index by_name
drop table places, lines
truncate purchases
"""


@pytest.fixture
def engine(database: str) -> Iterator[sa.Engine]:
    engine = sa.create_engine(sa.make_url(database).set(drivername="postgresql+psycopg"))
    yield engine
    engine.dispose()


def test_what_a_transaction_changed_is_read_as_if_all_were(engine: sa.Engine):
    with engine.begin() as connection:
        connection.exec_driver_sql(BEFORE)
    with engine.connect() as connection, connection.connection.cursor() as cursor:
        known = Objects.read(cursor)
        for change in CHANGES.strip().splitlines():
            cursor.execute(change)
            known = Objects.read(cursor) if change.startswith("rollback") else known.read_again(cursor)
            assert known == Objects.read(cursor), change


def test_what_a_savepoint_took_back_is_not_told_of_the_next_statement(engine: sa.Engine):
    with engine.begin() as connection:
        connection.exec_driver_sql("create table orders (id int, note text)")
    measurements = measurements_of_all_engines()
    with engine.connect() as connection:
        measurements.begin(__file__, "alembic_version")
        connection.exec_driver_sql("select 1")
        with connection.begin_nested() as tried:
            connection.exec_driver_sql("alter table orders alter column id type bigint")
            tried.rollback()
        connection.exec_driver_sql("alter table orders add column place int")
        *_, last = measurements.end()

    assert last["rewritten"] == []
    assert last["created"] == [["column", "place", "public.orders"]]
