"""A revision that got half-way: what of it stays is told, and what is in the way of the next run is taken away."""

from pathlib import Path

import psycopg
import pytest

from interlock.errors import ExitCode
from tests.acceptance.conftest import ask
from tests.alembic_project import make_project
from tests.integration.release.conftest import Guard, told

TABLE = 'op.create_table("t", sa.Column("id", sa.Integer, primary_key=True), sa.Column("n", sa.Integer))'
UNIQUE = """
with op.get_context().autocommit_block():
    op.create_index("t_n", "t", ["n"], unique=True, postgresql_concurrently=True)
"""


@pytest.fixture
def with_duplicates(guard: Guard, tmp_path: Path, database: str) -> str:
    """A database at the first revision, where no unique index can be built."""
    make_project(tmp_path, {"r1": TABLE})
    assert guard("release", database, models=False).exit_code == ExitCode.CLEAR
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("insert into t values (1, 1), (2, 1)")
    return database


def test_an_index_that_a_failed_build_left_is_dropped_and_built_again(
    guard: Guard, tmp_path: Path, with_duplicates: str
):
    database = with_duplicates
    make_project(tmp_path, {"r1": TABLE, "r2": UNIQUE})

    failed = guard("release", database, models=False)
    assert failed.exit_code == ExitCode.STOP
    assert ask(database, "select indisvalid from pg_index where indexrelid = 't_n'::regclass") == [(False,)]
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("update t set n = id")
    planned, released = (guard(what, database, models=False, lock_wait_seconds=10) for what in ("plan", "release"))

    [stage] = (stage for stage in planned.record.timeline if stage.check == "verify before")
    assert "dropped before another one: public.t.t_n" in stage.summary
    assert planned.exit_code == ExitCode.CLEAR
    assert released.exit_code == ExitCode.CLEAR, told(released)
    assert ask(database, "select indisvalid from pg_index where indexrelid = 't_n'::regclass") == [(True,)]


def test_an_index_that_is_not_valid_and_that_no_revision_makes_is_left_alone(
    guard: Guard, tmp_path: Path, with_duplicates: str
):
    make_project(tmp_path, {"r1": TABLE, "r2": 'op.add_column("t", sa.Column("note", sa.Text))'})
    with psycopg.connect(with_duplicates, autocommit=True) as connection, pytest.raises(psycopg.Error):
        connection.execute("create unique index concurrently by_hand on t (n)")

    assert guard("release", with_duplicates, models=False).exit_code == ExitCode.STOP
    assert ask(with_duplicates, "select to_regclass('by_hand')::text") == [("by_hand",)]


def test_what_a_failed_revision_committed_is_named(guard: Guard, tmp_path: Path, with_duplicates: str):
    revision = """
with op.get_context().autocommit_block():
    op.execute("create table counted (n int)")
op.execute("insert into counted values (1)")
op.execute("commit")
op.execute("insert into counted values (2)")
"""
    make_project(tmp_path, {"r1": TABLE, "r2": revision + UNIQUE})

    found = told(guard("release", with_duplicates, models=False))

    assert "of this revision 3 statements committed before stay: create table counted (n int)" in found
    assert "the database is at r1" in found
