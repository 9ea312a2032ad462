"""A database that is replicated: subscribers that do not get the change, standbys that lag, and one that takes over."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from interlock.errors import ExitCode
from interlock.postgres.embedded import EmbeddedServer
from interlock.report.text import as_text
from tests.acceptance.conftest import ask, execute
from tests.alembic_project import make_project
from tests.integration.release.conftest import Guard, told
from tests.replicas import run_primary

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
