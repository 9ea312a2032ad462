"""Revisions go by one run of env.py where nobody can tell the difference, and what ran is told whatever comes after."""

import time
from pathlib import Path

import pytest

from interlock.errors import ExitCode
from tests.acceptance.conftest import ask
from tests.alembic_project import SYNC_ENV, make_project
from tests.integration.release.conftest import Guard, Watcher, told

TABLE = 'op.create_table("{}", sa.Column("id", sa.Integer, primary_key=True))'
CHAIN = {name: TABLE.format(name) for name in ("r1", "r2", "r3")}
ON_CONNECTION = 'op.get_bind().engine.url.database.startswith("test_")'
ON_TARGET = 'connection.engine.url.database.startswith("test_")'


def test_an_env_py_that_fails_after_its_last_revision_is_no_success(guard: Guard, tmp_path: Path, database: str):
    has_run = f"{ON_TARGET} and connection.exec_driver_sql(\"select to_regclass('r3')\").scalar()"
    fails = f"\n        if {has_run}:\n            raise RuntimeError('the cache was not told')\n\nrun()\n"
    make_project(tmp_path, CHAIN, env=SYNC_ENV.replace("\n\nrun()\n", fails))

    outcome = guard("release", database, models=False)

    assert outcome.exit_code == ExitCode.STOP
    assert "env.py failed: the cache was not told" in told(outcome)
    assert [step.step.revision for step in outcome.record.applied if step.is_done] == ["r1", "r2", "r3"]


def test_what_env_py_sets_for_its_transaction_holds_for_every_revision(guard: Guard, tmp_path: Path, database: str):
    first = 'op.execute("create schema other")'
    sets = '            context.execute("set local search_path to other, public")\n            context.run_migrations()'
    env = SYNC_ENV.replace("            context.run_migrations()", sets)
    make_project(tmp_path, {"r0": first, **CHAIN}, env=env, options=', version_table_schema="public"')

    outcome = guard("release", database, models=False)

    assert outcome.exit_code == ExitCode.CLEAR, told(outcome)
    tables = "select relname from pg_class where relnamespace = 'other'::regnamespace and relkind = 'r' order by 1"
    assert ask(database, tables) == [("r1",), ("r2",), ("r3",)]


def test_what_ran_before_an_interrupt_is_told(
    guard: Guard, tmp_path: Path, database: str, monkeypatch: pytest.MonkeyPatch
):
    """Revisions that come fast run ahead of what is heard of them: those are told too."""
    chain = {f"r{number}": TABLE.format(f"t{number}") for number in range(1, 200)}
    make_project(tmp_path, chain)

    def interrupt(_watcher: Watcher, text: str) -> None:
        if text.startswith("20 of 199"):
            time.sleep(0.05)
            raise KeyboardInterrupt

    monkeypatch.setattr(Watcher, "tells", interrupt)
    outcome = guard("release", database, models=False)

    assert outcome.exit_code == ExitCode.INTERRUPTED
    ((at,),) = ask(database, "select version_num from alembic_version")
    assert int(at[1:]) >= 19
    ran = [step.step.revision for step in outcome.record.applied if step.is_done]
    assert ran == list(chain)[: int(at[1:])]


def test_the_one_that_fails_is_told_where_others_were_asked_for_with_it(guard: Guard, tmp_path: Path, database: str):
    chain = {f"r{number}": TABLE.format(f"t{number}") for number in range(1, 12)}
    make_project(tmp_path, chain | {"r7": f"if {ON_CONNECTION}:\n            raise LookupError('no such thing')"})

    outcome = guard("release", database, models=False)

    assert outcome.exit_code == ExitCode.STOP
    assert "revision r7 failed: LookupError: no such thing" in told(outcome)
    assert [(step.step.revision, step.is_done) for step in outcome.record.applied] == [
        *((f"r{number}", True) for number in range(1, 7)),
        ("r7", False),
    ]
    assert ask(database, "select version_num from alembic_version") == [("r6",)]


SETTINGS = ("set search_path to pg_catalog", "create table a (id int); set search_path to pg_catalog")


@pytest.mark.parametrize("setting", SETTINGS)
def test_what_a_revision_sets_for_its_session_is_not_there_for_the_next_one(
    guard: Guard, tmp_path: Path, database: str, setting: str
):
    make_project(
        tmp_path,
        {"r1": f'op.execute("{setting}")', "r2": TABLE.format("r2")},
        options=', version_table_schema="public"',
    )

    outcome = guard("release", database, models=False)

    assert outcome.exit_code == ExitCode.CLEAR, told(outcome)
    assert ask(database, "select relnamespace::regnamespace::text from pg_class where relname = 'r2'") == [("public",)]
