"""A database that is replicated: subscribers that do not get the change, standbys that lag, and one that takes over."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from interlock.errors import ExitCode
from interlock.postgres.embedded import EmbeddedServer
from interlock.postgres.session import open_session
from interlock.postgres.standbys import read_written, wait_for_standbys
from interlock.postgres.url import parse_url
from interlock.release.standbys import lag_findings, what_is_not_seen
from interlock.report.text import as_text
from tests.acceptance.conftest import ask, execute
from tests.alembic_project import make_project
from tests.integration.release.conftest import Guard, told
from tests.replicas import run_primary, run_standby

TABLE = 'op.create_table("t", sa.Column("id", sa.Integer, primary_key=True))'
COLUMN = 'op.add_column("t", sa.Column("n", sa.Integer))'


@pytest.fixture(scope="module")
def primary() -> Iterator[EmbeddedServer]:
    """A server that can be replicated."""
    with run_primary() as server:
        yield server


def wait_until(database: str, query: str, wanted: object) -> None:
    deadline = time.monotonic() + 20
    while (found := ask(database, query)) != [(wanted,)]:
        assert time.monotonic() < deadline, f"{query} gives {found}"
        time.sleep(0.02)


@pytest.fixture
def subscribed(tmp_path: Path, primary: EmbeddedServer) -> Iterator[tuple[str, str]]:
    """A database at the first revision, and one that subscribes to its table."""
    publisher, subscriber = (primary.create_database(name) for name in ("publisher", "subscriber"))
    project = make_project(tmp_path, {"r1": TABLE})
    project.upgrade(publisher.as_text())
    execute(publisher.as_text(), "create publication changes for table t")
    ask(publisher.as_text(), "select pg_create_logical_replication_slot('changes', 'pgoutput')::text")
    execute(subscriber.as_text(), "create table t (id int primary key)")
    # The slot was made by hand: a subscription that makes it waits for the transaction that it is made in.
    execute(
        subscriber.as_text(),
        f"create subscription changes connection '{publisher.conninfo}' publication changes with (create_slot = false)",
    )
    yield publisher.as_text(), subscriber.as_text()
    execute(subscriber.as_text(), "drop subscription changes")


def test_a_change_that_subscribers_do_not_get_is_told(guard: Guard, tmp_path: Path, subscribed: tuple[str, str]):
    publisher, subscriber = subscribed
    make_project(tmp_path, {"r1": TABLE, "r2": COLUMN})

    planned, released = (guard(what, publisher, models=False) for what in ("plan", "release"))
    execute(publisher, "insert into t values (1, 1)")
    wait_until(subscriber, "select apply_error_count > 0 from pg_stat_subscription_stats", True)
    broken = ask(subscriber, "select count(*) from t")
    execute(subscriber, "alter table t add column n int")  # what the plan asks for
    wait_until(subscriber, "select sum(n) from t", 1)

    assert planned.exit_code == released.exit_code == ExitCode.CLEAR, told(planned) + told(released)
    [hazard] = planned.record.hazards
    assert (hazard.rule, hazard.table) == ("replicated-table", "public.t")
    assert "adds a column to public.t, whose rows go to the subscribers of changes" in as_text(
        planned.record, width=200
    )
    assert "make it on every subscriber first" in as_text(planned.record, width=200)
    assert broken == [(0,)]
    assert not any("standby" in stage.summary for stage in released.record.timeline)  # a subscriber is none


@pytest.fixture(scope="module")
def standby(primary: EmbeddedServer) -> Iterator[EmbeddedServer]:
    """A standby of it."""
    with run_standby(primary, "replica_1") as server:
        yield server


@pytest.fixture
def replicated(tmp_path: Path, primary: EmbeddedServer, standby: EmbeddedServer) -> Iterator[str]:
    """A database at the first revision, which the standby has too."""
    database = primary.create_database("replicated").as_text()
    make_project(tmp_path, {"r1": TABLE}).upgrade(database)
    make_project(tmp_path, {"r1": TABLE, "r2": COLUMN})
    wait_until(primary.url().as_text(), "select max(pg_wal_lsn_diff(pg_current_wal_insert_lsn(), replay_lsn)) <= 24"
                                        " from pg_stat_replication", True)  # fmt: skip
    yield database
    execute(standby.url().as_text(), "select pg_wal_replay_resume()")
    execute(primary.url().as_text(), "drop database replicated with (force)")


HAS_COLUMN = "select count(*) from pg_attribute where attrelid = 't'::regclass and attname = 'n'"


def test_a_standby_that_does_not_show_the_new_schema_is_named(
    guard: Guard, replicated: str, standby: EmbeddedServer, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("interlock.release.run.WAITS_SECONDS", 0.3)
    execute(standby.url().as_text(), "select pg_wal_replay_pause()")

    outcome = guard("release", replicated, models=False)

    assert ask(standby.url("replicated").as_text(), HAS_COLUMN) == [(0,)]
    assert outcome.exit_code == ExitCode.CAUTION, told(outcome)
    assert "CAUTION verify after: the standby replica_1 (127.0.0.1) is" in told(outcome)


def test_a_standby_that_lags_behind_is_waited_for(replicated: str, standby: EmbeddedServer):
    execute(standby.url().as_text(), "select pg_wal_replay_pause()")
    execute(replicated, "alter table t add n int")
    resume = threading.Timer(0.3, execute, (standby.url().as_text(), "select pg_wal_replay_resume()"))
    with open_session(parse_url(replicated)) as session:
        written = read_written(session)
        [before] = wait_for_standbys(session, written, 0)
        resume.start()
        [after] = wait_for_standbys(session, written, 20)

    assert ask(standby.url("replicated").as_text(), HAS_COLUMN) == [(1,)]
    assert (before.is_level, after.is_level) == (False, True)


@pytest.mark.usefixtures("standby")
def test_a_role_that_may_not_see_how_far_standbys_are_is_told(replicated: str):
    execute(replicated, "create role limited")
    with open_session(parse_url(replicated)) as session:
        session.execute("set role limited")
        standbys = wait_for_standbys(session, read_written(session), 20)
        session.execute("reset role; drop role limited")

    assert [each.bytes_behind for each in standbys] == [None]
    assert list(lag_findings(standbys)) == []
    [text] = what_is_not_seen(standbys)
    assert "the role may not see how far they are" in text
