"""A database that is replicated: subscribers that do not get the change, standbys that lag, and one that takes over."""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from interlock.errors import ExitCode
from interlock.postgres.embedded import ROLE, EmbeddedServer
from interlock.postgres.session import open_session
from interlock.postgres.standbys import read_written, wait_for_standbys
from interlock.postgres.url import parse_url
from interlock.release.standbys import lag_findings, what_is_not_seen
from interlock.report.text import as_text
from interlock.verdict.finding import Check
from tests.acceptance.conftest import ask, execute
from tests.alembic_project import make_project
from tests.integration.release.conftest import ONE_TABLE, Guard, told
from tests.replicas import Door, open_door, promote, run_primary, run_standby

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


def test_a_standby_is_not_released_to(guard: Guard, replicated: str, standby: EmbeddedServer):
    refused = guard("release", replicated.replace(f":{parse_url(replicated).port}/", f":{standby.port}/"), models=False)

    assert "STOP connect: the server is read-only: it is a standby" in told(refused)


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


@dataclass(frozen=True)
class TakesOver:
    """A database at the first revision, and a standby that takes over where it is told to."""

    door: Door
    primary: EmbeddedServer
    standby: EmbeddedServer

    @property
    def database(self) -> str:
        """The URL that leads to whichever server is the right one."""
        own = self.primary.url("failing").as_text()
        return own.replace(f":{self.primary.port}/", f":{self.door.port}/")

    def lag(self) -> None:
        """What is written from here on does not reach the standby."""
        for statement in ("alter system set primary_conninfo = ''", "select pg_reload_conf()"):
            execute(self.standby.url().as_text(), statement)
        wait_until(self.standby.url().as_text(), "select count(*) from pg_stat_wal_receiver", 0)

    def take_over(self) -> None:
        promote(self.standby)
        self.door.lead_to(self.standby)

    def take_over_from_sleeper(self) -> None:
        sleeps = "select count(*) from pg_stat_activity where query like '%pg_sleep(%' and datname = 'failing'"
        wait_until(self.primary.url().as_text(), sleeps, 1)
        self.take_over()


@pytest.fixture
def failing(tmp_path: Path, primary: EmbeddedServer) -> Iterator[TakesOver]:
    """A server that fails in the middle of a release."""
    database = primary.create_database("failing").as_text()
    make_project(tmp_path, {"r1": TABLE}).upgrade(database)
    execute(database, "insert into t values (1)")
    with run_standby(primary, "heir") as standby, open_door(primary) as door:
        yield TakesOver(door, primary, standby)
    execute(primary.url().as_text(), "drop database failing with (force)")


def test_a_revision_that_was_lost_when_a_standby_took_over_is_named(guard: Guard, tmp_path: Path, failing: TakesOver):
    make_project(tmp_path, {"r1": TABLE, "r2": COLUMN})

    at = {Check.APPLY: failing.lag, Check.VERIFY_AFTER: failing.take_over}
    lost = guard("release", failing.database, models=False, at=at)
    again = guard("release", failing.database, models=False)

    assert lost.exit_code == ExitCode.STOP
    assert "CAUTION verify after: in the middle of it a standby took over (timeline 1 before, 2 now)" in told(lost)
    assert "STOP verify after: revision r2 had run, and was lost" in told(lost)
    assert again.exit_code == ExitCode.CLEAR, told(again)
    assert [each.step.revision for each in again.record.applied] == ["r2"]


def test_a_standby_that_takes_over_while_revisions_run(guard: Guard, tmp_path: Path, failing: TakesOver):
    # It sleeps on the target, which has a row.
    sleeps = 'op.execute("select pg_sleep(30 * count(*)) from t")'
    make_project(tmp_path, {"r1": TABLE, "r2": COLUMN, "r3": sleeps})
    thread = threading.Thread(target=failing.take_over_from_sleeper)

    def begin() -> None:
        failing.lag()
        thread.start()

    outcome = guard("release", failing.database, models=False, at={Check.APPLY: begin})
    thread.join()

    [finding] = outcome.record.verdict.findings
    assert "a standby took over (timeline 1 before, 2 now); revision r2 had run, and was lost" in finding.message
    assert "the database is at r1" in finding.message


def test_where_nothing_was_lost_all_is_verified_on_the_one_that_took_over(guard: Guard, failing: TakesOver):
    outcome = guard("verify", failing.database, models=False, at={Check.VERIFY_AFTER: failing.take_over})

    assert outcome.exit_code == ExitCode.CAUTION
    assert "what is verified from here on is what that one has" in told(outcome)
    assert outcome.record.after is not None
    assert outcome.record.after.drift == ()


def test_what_is_proved_is_proved_of_one_server(guard: Guard, tmp_path: Path, failing: TakesOver):
    make_project(tmp_path, {"r1": TABLE}, models=ONE_TABLE)

    outcome = guard("verify", failing.database, at={Check.MODELS: failing.take_over})

    assert "STOP models: in the middle of it a standby took over" in told(outcome)


def test_another_database_at_the_same_url_is_none_that_was_released(
    guard: Guard, tmp_path: Path, failing: TakesOver, server: EmbeddedServer
):
    other = server.create_database("failing")
    execute(server.url().as_text(), f"create role {ROLE}_2 superuser login password '{failing.primary.password}'")
    execute(failing.database, f"create role {ROLE}_2 superuser login password '{failing.primary.password}'")
    make_project(tmp_path, {"r1": TABLE}).upgrade(other.as_text())
    url = failing.database.replace(f"{ROLE}:", f"{ROLE}_2:")

    outcome = guard("verify", url, models=False, at={Check.VERIFY_AFTER: lambda: failing.door.lead_to(server)})
    for each in (server, failing.primary):
        execute(each.url().as_text(), f"drop role {ROLE}_2")
    execute(server.url().as_text(), "drop database failing")

    assert outcome.exit_code == ExitCode.STOP
    assert "another database answers at this URL than when it began" in told(outcome)
