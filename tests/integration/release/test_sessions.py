"""Sessions on the target: those that end too early, and those that live too long."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from interlock.errors import ExitCode
from interlock.postgres.embedded import EmbeddedServer
from interlock.postgres.session import open_session
from interlock.postgres.url import parse_url
from interlock.verdict.finding import Check
from tests.acceptance.conftest import ask, execute
from tests.alembic_project import ASYNC_ENV, SYNC_ENV, make_project
from tests.integration.release.conftest import ONE_TABLE, Guard, claim, told

MAKES_T = "op.execute('create table t (id int primary key)')"
SLEEPERS = (
    "select from pg_stat_activity where query like '%pg_sleep(%' and state = 'active'"
    " and datname = current_database() and pid <> pg_backend_pid()"
)


def make_sleepy_project(folder: Path, database: str, seconds: int, env: str = SYNC_ENV) -> None:
    """A database at r1, and a revision r2 that sleeps on the target only."""
    sleep = f"""
        if op.get_bind().scalar(sa.select(sa.func.count()).select_from(sa.table("t"))):
            op.execute(sa.select(sa.func.pg_sleep({seconds})))
    """
    make_project(folder, {"r1": MAKES_T, "r2": sleep}, models=ONE_TABLE, env=env)
    execute(database, "create table t (id int primary key); insert into t values (1)")
    claim(database, "r1")


def wait_for_sleeper(database: str) -> None:
    while not ask(database, SLEEPERS):
        time.sleep(0.05)


@pytest.mark.each_major
def test_time_outs_that_are_meant_for_the_application_do_not_end_the_guard(
    guard: Guard, tmp_path: Path, database: str, major: int
):
    make_project(tmp_path)
    guard("release", database)
    name = parse_url(database).database
    # PostgreSQL 17 brought transaction_timeout.
    newer = ("transaction_timeout = '50ms'",) if major >= 17 else ()
    for setting in ("statement_timeout = '1ms'", "idle_session_timeout = '50ms'",
                    "default_transaction_isolation = 'serializable'", *newer):  # fmt: skip
        execute(database, f"alter database {name} set {setting}")

    assert guard("release", database).exit_code == ExitCode.CLEAR


@pytest.mark.each_major
def test_a_version_table_of_somebody_else(guard: Guard, tmp_path: Path, database: str):
    make_project(tmp_path, {"r1": MAKES_T, "r2": ""}, models=ONE_TABLE)
    target = parse_url(database)
    role = f"other_{target.database}"
    execute(database, f"create table t (id int primary key); create role {role} login password 'p'")
    claim(database, "r1")
    theirs = f"postgresql://{role}:p@{target.host}:{target.port}/{target.database}"

    unreadable = guard("release", theirs)
    execute(database, f"grant select on alembic_version to {role}")
    unwritable = guard("release", theirs)

    assert "STOP plan: the server says: permission denied for table alembic_version" in told(unreadable)
    assert "may not write public.alembic_version" in told(unwritable)
    assert unwritable.record.applied == ()


@pytest.mark.each_major
def test_nothing_is_applied_when_the_lock_is_lost(guard: Guard, tmp_path: Path, database: str):
    make_project(tmp_path, {"r1": MAKES_T}, models=ONE_TABLE)
    end = "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'interlock release lock'"

    outcome = guard("release", database, at={Check.APPLY: lambda: execute(database, end)})

    assert "the session that held the release lock has ended" in told(outcome)
    assert ask(database, "select to_regclass('t')") == [(None,)]


@pytest.mark.parametrize(("env", "driver"), [(SYNC_ENV, "psycopg"), (ASYNC_ENV, "asyncpg")])
def test_an_interrupt_ends_what_runs_on_the_server(guard: Guard, tmp_path: Path, database: str, env: str, driver: str):
    make_sleepy_project(tmp_path, database, 60, env)

    def interrupt() -> None:
        wait_for_sleeper(database)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    outcome = guard("release", database.replace("postgresql:", f"postgresql+{driver}:"))
    thread.join()

    assert outcome.exit_code == ExitCode.INTERRUPTED
    assert ask(database, "select query from pg_stat_activity where datname = current_database()"
                         " and pid <> pg_backend_pid() and backend_type = 'client backend'") == []  # fmt: skip


def test_the_work_of_a_killed_release_keeps_the_next_one_out(
    guard: Guard, tmp_path: Path, database: str, server: EmbeddedServer
):
    make_sleepy_project(tmp_path, database, 60)
    with start_release(tmp_path, database, server) as killed:
        wait_for_sleeper(database)
        too_early = guard("release", database, at={Check.LOCK: killed.kill})
    execute(database, "delete from t")  # without rows it does not sleep
    waited = guard("release", database, lock_wait_seconds=30)

    assert too_early.exit_code == ExitCode.TRY_AGAIN_LATER
    assert waited.exit_code == ExitCode.CLEAR
    assert ask(database, "select datname from pg_database where datname like 'interlock_scratch%'") == []


def test_the_server_notices_within_a_minute_that_a_network_went_away(guard: Guard, tmp_path: Path, database: str):
    # What happens then can only be seen where a network can be taken away, and is the kernel's affair.
    settings = "current_setting('tcp_keepalives_idle') as idle, current_setting('tcp_user_timeout') as unanswered"
    make_project(tmp_path, {"r1": f'op.execute("create table t as select {settings}")'})

    outcome = guard("release", database, models=False)

    assert outcome.exit_code == ExitCode.CLEAR, told(outcome)
    assert ask(database, "select * from t") == [("20", "50000")]
    with open_session(parse_url(database)) as own:
        assert own.execute(f"select {settings}").fetchall() == [("20", "50000")]


def test_sigterm_ends_a_release_and_its_statement_within_seconds(tmp_path: Path, database: str, server: EmbeddedServer):
    make_sleepy_project(tmp_path, database, 60)
    with start_release(tmp_path, database, server) as runner:
        wait_for_sleeper(database)
        runner.send_signal(signal.SIGTERM)
        began = time.monotonic()
        code = runner.wait(20)

    assert code == ExitCode.INTERRUPTED
    assert time.monotonic() - began < 5
    assert ask(database, SLEEPERS) == []
    assert ask(database, "select version_num from alembic_version") == [("r1",)]


def test_of_runners_at_the_same_instant_one_works_and_the_others_find_nothing_to_do(
    tmp_path: Path, database: str, server: EmbeddedServer
):
    make_project(tmp_path, {"r1": MAKES_T, "r2": "op.execute('insert into t values (1)')"}, models=ONE_TABLE)

    runners = [start_release(tmp_path, database, server) for _ in range(3)]
    codes = [runner.wait(120) for runner in runners]

    assert codes == [ExitCode.CLEAR] * 3
    assert ask(database, "select count(*) from t") == [(1,)]


def start_release(folder: Path, database: str, server: EmbeddedServer) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "DATABASE_URL": database, "INTERLOCK_SCRATCH_URL": server.url().as_text()}
    command = [sys.executable, "-m", "interlock", "release", "--schema-only"]
    return subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
