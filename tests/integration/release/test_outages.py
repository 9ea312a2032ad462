"""The server itself is in trouble in the middle of a release: what stays is told, and that no revision is to blame."""

import os
import resource
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from interlock.errors import ExitCode
from interlock.postgres.embedded import EmbeddedServer, run_throwaway_server
from interlock.verdict.finding import Check
from tests.acceptance.conftest import execute
from tests.alembic_project import make_project
from tests.integration.release.conftest import Guard, told

TABLE = """
op.execute("create table t (id int, note text)")
op.execute("alter table t alter note set storage external")
"""
COLUMN = 'op.add_column("t", sa.Column("n", sa.Integer))'
ROOM_BYTES = 16 * 2**20 + 4096
"""A file of WAL has as many but half a page: where a table's file ends there, the last page is written by half."""


@pytest.fixture(scope="module")
def small_server() -> Iterator[EmbeddedServer]:
    """A server on a disk that has no room for a large file: as little as can be had without a disk of our own."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM_BYTES, hard))
    try:
        running = run_throwaway_server()
        server = running.__enter__()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    yield server
    running.__exit__(None, None, None)


@pytest.fixture
def database(tmp_path: Path, small_server: EmbeddedServer) -> Iterator[str]:
    """A database at the first revision."""
    url = small_server.create_database("small").as_text()
    make_project(tmp_path, {"r1": TABLE}).upgrade(url)
    yield url
    execute(small_server.url().as_text(), "drop database small with (force)")


def test_a_full_disk_is_no_fault_of_the_revision(guard: Guard, tmp_path: Path, database: str):
    execute(database, "insert into t select i, repeat(md5(i::text), 60) from generate_series(1, 7000) i")
    make_project(tmp_path, {"r1": TABLE, "r2": COLUMN, "r3": 'op.create_index("by_note", "t", ["note"])'})

    full = guard("release", database, models=False, budget_seconds=60)
    execute(database, "truncate t")
    again = guard("release", database, models=False)

    [finding] = full.record.verdict.findings
    assert finding.message.startswith("revision r3 failed: could not extend file"), told(full)
    assert finding.message.endswith("nothing of this revision was committed; the database is at r2")
    assert finding.remedy == "make room on the server's disk, then run interlock release again"
    assert again.exit_code == ExitCode.CLEAR, told(again)


@pytest.mark.parametrize("is_durable", [True, False])
def test_a_server_that_crashes_in_the_middle_is_waited_for(
    guard: Guard, tmp_path: Path, database: str, is_durable: bool
):
    execute(database, "insert into t values (1)")
    execute(database, "checkpoint")
    execute(database, f"alter database small set synchronous_commit = {'on' if is_durable else 'off'}")
    execute(database, "alter system set wal_writer_delay = '10s'")  # what is not durable is lost, and not by chance
    execute(database, "select pg_reload_conf()")
    sleeps = 'op.execute("select pg_sleep(60 * count(*)) from t")'
    make_project(tmp_path, {"r1": TABLE, "r2": COLUMN, "r3": sleeps})
    crash = threading.Thread(target=kill_sleeper, args=(database,))

    outcome = guard("release", database, models=False, at={Check.APPLY: crash.start})
    crash.join()

    [finding] = outcome.record.verdict.findings
    if is_durable:
        assert finding.message.endswith("nothing of this revision was committed; the database is at r2"), told(outcome)
        assert [(each.step.revision, each.is_done) for each in outcome.record.applied] == [("r2", True), ("r3", False)]
        assert "correct the revision" not in finding.remedy
    else:
        assert finding.message.startswith("revision r2 had run, and then: "), told(outcome)
        assert finding.message.endswith("now the database is at r1: the server has lost it")


def kill_sleeper(database: str) -> None:
    """Let the server crash as soon as a revision sleeps."""
    asleep = "select pid from pg_stat_activity where query like '%pg_sleep(%' and wait_event = 'PgSleep'"
    with psycopg.connect(database, autocommit=True) as connection:
        while not (found := connection.execute(asleep).fetchall()):
            time.sleep(0.02)
        os.kill(found[0][0], signal.SIGKILL)
