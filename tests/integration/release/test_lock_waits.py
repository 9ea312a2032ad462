"""A release that has to wait for a lock: others do not wait behind it, and it is told for whom it waits."""

import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
import pytest

from interlock.errors import ExitCode
from interlock.postgres.embedded import run_server
from tests.acceptance.conftest import ask, execute
from tests.alembic_project import make_project
from tests.integration.release.conftest import Guard, told

TABLE = 'op.create_table("t", sa.Column("id", sa.Integer, primary_key=True), sa.Column("n", sa.Integer))'
COLUMN = 'op.add_column("t", sa.Column("note", sa.Text))'
NO_MODELS = {"models": False}


@contextmanager
def held(database: str, seconds: float, statement: str = "select from t") -> Iterator[None]:
    """An idle transaction that holds a lock on the table, for some seconds."""
    with psycopg.connect(database, application_name="nightly report") as connection:
        connection.execute(statement)
        timer = threading.Timer(seconds, connection.rollback)
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            timer.join()


@contextmanager
def reader(database: str, stalls: list[float]) -> Iterator[None]:
    """A client that reads the table all the time, and notes how long each read took."""
    is_over = threading.Event()

    def read() -> None:
        with psycopg.connect(database, autocommit=True) as connection:
            while not is_over.is_set():
                began = time.monotonic()
                connection.execute("select count(*) from t")
                stalls.append(time.monotonic() - began)
                time.sleep(0.01)

    thread = threading.Thread(target=read)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


@pytest.fixture
def released(guard: Guard, tmp_path: Path, database: str) -> Callable[..., None]:
    """Release a chain of a table and some further revisions, of which only the first one has run yet."""

    def make(**further: str) -> None:
        make_project(tmp_path, {"r1": TABLE})
        assert guard("release", database, **NO_MODELS).exit_code == ExitCode.CLEAR, "the table is there"
        make_project(tmp_path, {"r1": TABLE, **further})

    return make


def test_readers_do_not_queue_behind_a_release_that_waits(guard: Guard, released, database: str):
    released(r2=COLUMN)
    stalls: list[float] = []

    with held(database, 3), reader(database, stalls):
        outcome = guard("release", database, lock_wait_seconds=60, **NO_MODELS)

    assert outcome.exit_code == ExitCode.CLEAR, told(outcome)
    # Its attempts are short: plain Alembic would have kept the reader out for the whole time.
    assert max(stalls) < 2


def test_who_stands_in_the_way_is_named_and_the_last_attempt_has_a_time_out(guard: Guard, released, database: str):
    released(r2=COLUMN)

    with held(database, 30):
        outcome = guard("release", database, lock_wait_seconds=2, **NO_MODELS)

    assert outcome.exit_code == ExitCode.STOP
    found = told(outcome)
    assert "it waited for nightly report (pid " in found
    assert "idle in transaction for" in found
    assert "nothing of this revision was committed; the database is at r1" in found


def test_what_an_attempt_made_is_made_again(guard: Guard, released, database: str):
    # SQLAlchemy remembers that it made the type; the attempt was rolled back, and the type with it.
    released(
        r2="""
        mood = sa.Enum("sad", "ok", name="mood")
        op.create_table("u", sa.Column("id", sa.Integer, primary_key=True), sa.Column("m", mood))
        op.add_column("t", sa.Column("note", sa.Text))
        """
    )

    with held(database, 1.5):
        outcome = guard("release", database, lock_wait_seconds=60, **NO_MODELS)

    assert outcome.exit_code == ExitCode.CLEAR, told(outcome)


HALF_COMMITTED = """
        with op.get_context().autocommit_block():
            op.execute("create table counted (n int)")
            op.execute("insert into counted values (1)")
        op.add_column("t", sa.Column("note", sa.Text))
"""


def test_what_was_committed_is_not_done_twice(guard: Guard, released, database: str):
    released(r2=HALF_COMMITTED)

    with held(database, 2):
        outcome = guard("release", database, lock_wait_seconds=60, **NO_MODELS)

    assert outcome.exit_code == ExitCode.CLEAR, told(outcome)
    assert ask(database, "select count(*) from counted") == [(1,)]


def test_a_statement_outside_of_a_transaction_is_tried_again(guard: Guard, released, database: str):
    released(r2=f"with op.get_context().autocommit_block():\n            {COLUMN}")

    with held(database, 2):
        outcome = guard("release", database, lock_wait_seconds=60, **NO_MODELS)

    assert outcome.exit_code == ExitCode.CLEAR, told(outcome)


def test_an_index_built_concurrently_outlasts_an_old_transaction(guard: Guard, released, database: str):
    released(
        r2="""
        with op.get_context().autocommit_block():
            op.create_index("t_n", "t", ["n"], postgresql_concurrently=True)
        """
    )

    # It has written, so the build has to wait for its end: for longer than any other statement may.
    with held(database, 2, "insert into t values (1, 1)"):
        outcome = guard("release", database, lock_wait_seconds=60, **NO_MODELS)

    assert outcome.exit_code == ExitCode.CLEAR, told(outcome)
    assert ask(database, "select indisvalid from pg_index where indexrelid = 't_n'::regclass") == [(True,)]


def test_how_far_an_index_is_built_is_told_meanwhile(guard: Guard, released, database: str):
    # However fast the machine is, 500 calls of this function take 5 s.
    released(
        r2="""
        op.execute(
            "create function slow(n integer) returns integer immutable language plpgsql"
            " as $$ begin perform pg_sleep(0.01); return n; end $$"
        )
        with op.get_context().autocommit_block():
            op.create_index("t_n", "t", [sa.text("slow(n)")], postgresql_concurrently=True)
        """
    )
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("insert into t select n, n from generate_series(1, 500) n")
    heard: list[str] = []

    outcome = guard("release", database, heard=heard, lock_wait_seconds=60, **NO_MODELS)

    assert outcome.exit_code == ExitCode.CLEAR, told(outcome)
    pattern = (
        r"r2: create index concurrently t_n on t \(slow\(n\)\): (building index|index validation)[a-z :,]*,"
        r" \d+ % \(\d+ s\)"
    )
    assert any(re.fullmatch(pattern, line, re.IGNORECASE) for line in heard), heard


@pytest.fixture(scope="module")
def vacuumed() -> Iterator[str]:
    """A database of a server where autovacuum is at work, as everywhere but on the tests' own."""
    # Not in pytest's own folder, which the server cannot enter where it runs as another user than root.
    with TemporaryDirectory() as folder, run_server(Path(folder) / "postgres", is_durable=True) as server:
        with psycopg.connect(server.url().as_text(), autocommit=True) as connection:
            connection.execute("alter system set autovacuum_naptime = 1")
            connection.execute("select pg_reload_conf()")
        yield server.create_database("shop").as_text()


@contextmanager
def autovacuum_at_work(database: str) -> Iterator[None]:
    """A real autovacuum worker on the table, slowed down so that it would go on for minutes."""
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("insert into t select n, n from generate_series(1, 200000) n")
        connection.execute("update t set n = n + 1")
        connection.execute(
            "alter table t set (autovacuum_vacuum_threshold = 1, autovacuum_vacuum_scale_factor = 0,"
            " autovacuum_vacuum_cost_delay = 100, autovacuum_vacuum_cost_limit = 1)"
        )
        deadline = time.monotonic() + 60
        while connection.execute("select count(*) from pg_stat_progress_vacuum").fetchone() == (0,):
            assert time.monotonic() < deadline, "no autovacuum came"
            time.sleep(0.1)
        yield


def test_an_autovacuum_gives_way(guard: Guard, vacuumed: str, tmp_path: Path):
    make_project(tmp_path, {"r1": TABLE})
    assert guard("release", vacuumed, **NO_MODELS).exit_code == ExitCode.CLEAR
    make_project(tmp_path, {"r1": TABLE, "r2": COLUMN})
    heard: list[str] = []

    with autovacuum_at_work(vacuumed):
        outcome = guard("release", vacuumed, heard=heard, lock_wait_seconds=60, **NO_MODELS)

    assert outcome.exit_code == ExitCode.CLEAR, told(outcome)
    # It was in the way, and the first attempt was too short for it to give way.
    assert any(line.startswith("r2 waits for") and "autovacuum" in line for line in heard), heard


def test_an_autovacuum_against_wraparound_gives_way_to_nobody(guard: Guard, vacuumed: str, tmp_path: Path):
    execute(vacuumed, "create database wraps")
    database = vacuumed.replace("/shop", "/wraps")
    make_project(tmp_path, {"r1": TABLE}).upgrade(database)
    make_project(tmp_path, {"r1": TABLE, "r2": COLUMN})
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("insert into t select n, n from generate_series(1, 20000) n")
        connection.execute(
            "alter table t set (autovacuum_freeze_max_age = 100000, autovacuum_vacuum_cost_delay = 100,"
            " autovacuum_vacuum_cost_limit = 1)"
        )
        connection.execute("set synchronous_commit = off")
        connection.execute("do $$ begin for i in 1..100001 loop perform pg_current_xact_id(); commit; end loop; end $$")
        deadline = time.monotonic() + 60
        while not connection.execute("select from pg_stat_progress_vacuum where relid = 't'::regclass").fetchall():
            assert time.monotonic() < deadline, "no autovacuum came"
            time.sleep(0.1)

    outcome = guard("release", database, lock_wait_seconds=2, **NO_MODELS)

    [finding] = outcome.record.verdict.findings
    assert "public.t (to prevent wraparound)" in finding.message
    assert finding.remedy.startswith("let that vacuum end, which gives way to nobody")
