"""A chain whose old revisions do not run any more."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from interlock.errors import ExitCode
from tests.acceptance.conftest import Interlock, ask, execute
from tests.alembic_project import make_project

CHAIN = {
    "r1": 'raise ImportError("it needed a library that is gone")',
    "r2": 'op.execute("select nobody_knows_this_function()")',
    "r3": 'op.add_column("orders", sa.Column("price", sa.Numeric(10, 2)))',
}
LEFT_BY_R2 = """
create extension citext;
create type state as enum ('open', 'done');
create table orders (id serial primary key, mail citext unique, state state not null default 'open');
create view open_orders as select id from orders where state = 'open';
create role reader_of_baseline; grant select on orders to reader_of_baseline;
create table alembic_version (version_num varchar(32) primary key);
insert into alembic_version values ('r2')
"""


@pytest.fixture
def legacy(tmp_path: Path, database: str) -> Iterator[str]:
    """A database that such a chain has brought to r2, long ago."""
    make_project(tmp_path, CHAIN)
    (tmp_path / "interlock.toml").write_text("[project]\nmodels = false\n")
    execute(database, LEFT_BY_R2)
    yield database
    execute(database, "drop owned by reader_of_baseline; drop role reader_of_baseline")


def test_it_is_guarded_from_a_baseline_on(tmp_path: Path, interlock: Interlock, legacy: str):
    stopped = interlock("plan", database=legacy)
    written = interlock("schema", "baseline", database=legacy)
    planned = interlock("plan", database=legacy)
    released = interlock("release", "--schema-only", database=legacy)
    checked = [interlock("schema", "write"), interlock("schema", "check")]
    execute(legacy, "alter table orders drop constraint orders_mail_key; alter table orders drop column price")
    (tmp_path / "schema.json").unlink()
    damaged = interlock("verify", database=legacy)
    located = interlock("locate", database=legacy)

    assert stopped.code == ExitCode.STOP
    assert "interlock schema baseline" in " ".join((stopped.out + stopped.err).split())
    assert "baseline.json is written" in written.out, written
    for said in (planned, released, *checked):
        assert said.code == ExitCode.CLEAR, said
    told = " ".join(checked[1].out.split())
    assert "baseline.json stands for them" in told
    assert "from empty" not in told
    assert ask(legacy, "select version_num from alembic_version") == [("r3",)]
    told = " ".join(released.out.split())
    assert "what the revisions up to r2 make: they were not run, baseline.json stands for them" in told
    assert damaged.code == ExitCode.STOP
    told = " ".join(damaged.out.split())
    assert "column public.orders.price, by r3" in told
    assert "unique constraint public.orders.orders_mail_key, by r2 or before" in told
    assert "nearest is r2" in " ".join(located.out.split()), located


def test_a_database_that_is_not_so_far_is_left_alone(interlock: Interlock, legacy: str):
    assert interlock("schema", "baseline", database=legacy).code == 0
    execute(legacy, "update alembic_version set version_num = 'r1'")
    before = interlock("release", "--schema-only", database=legacy)
    execute(legacy, "delete from alembic_version")
    unknown = interlock("release", "--schema-only", database=legacy)
    execute(legacy, "drop schema public cascade; create schema public")
    empty = interlock("release", "--schema-only", database=legacy)

    for said in (before, unknown, empty):
        assert said.code == ExitCode.STOP
    assert "the database is at r1, and the chain is known from r2 on" in " ".join(before.err.split())
    assert "its schema is that of revision r2" in " ".join(unknown.err.split())
    assert "the database is at no revision, and the chain is known from r2 on" in " ".join(empty.err.split())
