"""What a revision drops on the target, and did not drop on the scratch database, is refused before it is committed."""

from pathlib import Path

import pytest

from interlock.errors import ExitCode
from tests.acceptance.conftest import ask, execute
from tests.alembic_project import ASYNC_ENV, SYNC_ENV, make_project
from tests.integration.release.conftest import Guard, told

TABLES = """
op.create_table("tenants", sa.Column("name", sa.Text))
op.create_table("orders", sa.Column("id", sa.Integer), sa.Column("note", sa.Text))
op.execute("create function clean_up() returns void language sql as 'drop table if exists public.events_2020'")
op.execute("create table measured (day date) partition by range (day)")
"""
LIVE = """
insert into tenants values ('acme');
insert into orders values (1, 'a');
create schema acme;
create table acme.orders (id int, note text);
insert into acme.orders values (1, 'a');
create table events_2020 (id int);
insert into events_2020 values (1);
create table measured_2020 partition of measured for values from ('2020-01-01') to ('2021-01-01');
insert into measured values ('2020-02-02');
"""
EACH_TENANT = """
for (tenant,) in op.get_bind().execute(sa.text("select name from tenants")).all():
        op.drop_column("orders", "note", schema=tenant)
"""
IF_THERE_ARE_ROWS = "do $$ begin if exists (select from orders) then drop table orders; end if; end $$"

LOSSES = {
    "a column for each tenant": (EACH_TENANT, "column acme.orders.note"),
    "a schema": ('op.execute("drop schema if exists acme cascade")', "table acme.orders"),
    "a table of others": ('op.execute("drop table if exists events_2020")', "table public.events_2020"),
    "by a block of code": (f'op.execute("{IF_THERE_ARE_ROWS}")', "table public.orders"),
    "by a function": ('op.execute("select clean_up()")', "table public.events_2020"),
    "by a function that fills a table": (
        'op.execute("create table done as select clean_up()::text as it")',
        "table public.events_2020",
    ),
    "outside of a transaction": (
        'with op.get_context().autocommit_block():\n            op.execute("drop table if exists events_2020")',
        "table public.events_2020",
    ),
}


@pytest.fixture
def with_rows(tmp_path: Path, database: str) -> str:
    make_project(tmp_path, {"r1": TABLES}).upgrade(database)
    execute(database, LIVE)
    return database


@pytest.mark.parametrize(("revision", "lost"), LOSSES.values(), ids=LOSSES.keys())
def test_it_is_refused_and_named(guard: Guard, tmp_path: Path, with_rows: str, revision: str, lost: str):
    make_project(tmp_path, {"r1": TABLES, "r2": revision})

    outcome = guard("release", with_rows, models=False)

    assert outcome.exit_code == ExitCode.STOP
    assert f"revision r2 failed: it drops {lost}, which it did not drop on the scratch database" in told(outcome)
    assert any("--allow-drop" in each.remedy for each in outcome.record.verdict.findings)
    assert ask(with_rows, "select version_num from alembic_version") == [("r1",)]
    if "autocommit" not in revision:
        assert "nothing of this revision was committed" in told(outcome)
    kept = "select (select count(note) from acme.orders), (select count(*) from events_2020), count(*) from orders"
    assert ask(with_rows, kept) == [(1, 1, 1)]


@pytest.mark.parametrize(("revision", "lost"), LOSSES.values(), ids=LOSSES.keys())
def test_what_somebody_answers_for_is_dropped(guard: Guard, tmp_path: Path, with_rows: str, revision: str, lost: str):
    make_project(tmp_path, {"r1": TABLES, "r2": revision})

    outcome = guard("release", with_rows, models=False, allowed_drops=[lost.partition(" ")[2]])

    assert "failed" not in told(outcome)
    assert ask(with_rows, "select version_num from alembic_version") == [("r2",)]


def test_it_is_refused_by_an_asynchronous_driver_too(guard: Guard, tmp_path: Path, with_rows: str):
    make_project(tmp_path, {"r1": TABLES, "r2": EACH_TENANT}, env=ASYNC_ENV)

    outcome = guard("release", with_rows.replace("postgresql://", "postgresql+asyncpg://"), models=False)

    assert "it drops column acme.orders.note" in told(outcome)
    assert ask(with_rows, "select count(note) from acme.orders") == [(1,)]


def test_it_is_refused_where_env_py_keeps_its_connection_between_runs(guard: Guard, tmp_path: Path, with_rows: str):
    """An engine of the application's own, which hands out the connection on which env.py was looked at first."""
    engine = "from sqlalchemy import create_engine\nimport os\nengine = create_engine(os.environ['DATABASE_URL'])\n"
    env = SYNC_ENV.replace("with engine.connect()", "from kept_engine import engine\n    with engine.connect()")
    project = make_project(tmp_path, {"r1": TABLES, "r2": 'op.execute("drop table if exists events_2020")'}, env=env)
    project.write("kept_engine.py", engine)
    project.write("alembic.ini", "[alembic]\nscript_location = %(here)s/migrations\nprepend_sys_path = %(here)s\n")

    outcome = guard("release", with_rows, models=False)

    assert "it drops table public.events_2020" in told(outcome)
    assert ask(with_rows, "select count(*) from events_2020") == [(1,)]


def test_a_partition_goes_with_its_table(guard: Guard, tmp_path: Path, with_rows: str):
    make_project(tmp_path, {"r1": TABLES, "r2": 'op.drop_table("measured")'})

    outcome = guard("release", with_rows, models=False, allowed_drops=["public.measured"])

    assert "failed" not in told(outcome)
    assert ask(with_rows, "select to_regclass('measured_2020')::text") == [(None,)]


def test_what_pending_revisions_make_themselves_is_theirs_to_drop(guard: Guard, tmp_path: Path, database: str):
    make_project(
        tmp_path,
        {"r1": 'op.create_table("staged", sa.Column("id", sa.Integer))', "r2": "pass", "r3": 'op.drop_table("staged")'},
    )

    outcome = guard("release", database, models=False)

    assert outcome.exit_code == ExitCode.CLEAR, told(outcome)
