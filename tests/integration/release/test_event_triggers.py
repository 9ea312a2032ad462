"""Event triggers that operators make: they run at each change of the schema, on the target alone."""

from pathlib import Path

import psycopg

from interlock.errors import ExitCode
from interlock.release.logbook import Outcome
from tests.acceptance.conftest import ask
from tests.alembic_project import make_project
from tests.integration.release.conftest import Guard, told

CHAIN = {
    "r1": 'op.create_table("orders", sa.Column("id", sa.Integer, primary_key=True))',
    "r2": 'op.add_column("orders", sa.Column("note", sa.Text))',
    "r3": 'op.add_column("orders", sa.Column("price", sa.Numeric))',
}
TRIGGER = "create event trigger watch on ddl_command_end when tag in ('ALTER TABLE') execute function operators.watch()"


def let_it(database: str, do: str, *more: str) -> None:
    """Say what the event trigger does."""
    head = "create or replace function operators.watch() returns event_trigger language plpgsql as"
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("create schema if not exists operators")
        for statement in (f"{head} $$ begin {do} end $$", *more):
            connection.execute(statement)


def test_one_that_no_revision_makes_is_listed_and_what_it_does_is_seen(guard: Guard, tmp_path: Path, database: str):
    def release(what: str, to: int) -> Outcome:
        make_project(tmp_path, dict(list(CHAIN.items())[:to]))
        return guard(what, database, models=False)

    release("release", 1)
    let_it(database, "raise log 'changed';", TRIGGER)
    planned, watched = release("plan", 2), release("release", 2)
    let_it(database, "raise exception 'the schema is frozen';")
    refused = release("release", 3)
    at = ask(database, "select version_num from alembic_version")
    let_it(database, "create unique index on public.orders (note);")
    changed = release("release", 3)

    said = "what event triggers do that the target has and the scratch database has not: watch"
    assert said in planned.record.unproved
    assert watched.exit_code == ExitCode.CLEAR, told(watched)
    assert "the chain says nothing of: event trigger that no revision makes (watch)" in watched.record.unproved
    assert refused.exit_code == ExitCode.STOP
    assert "revision r3 failed: the schema is frozen" in told(refused)
    assert at == [("r2",)]
    assert changed.exit_code == ExitCode.STOP
    assert "Unexpected index public.orders" in told(changed)
