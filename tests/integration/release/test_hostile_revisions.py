"""Revisions that misbehave on the target alone: none is called a success, and none harms the next one."""

import time
from pathlib import Path

import pytest

from interlock.errors import ExitCode
from tests.acceptance.conftest import ask
from tests.alembic_project import make_project
from tests.integration.release.conftest import Guard, told

TABLE = 'op.create_table("t", sa.Column("id", sa.Integer, primary_key=True))'
COLUMN = 'op.add_column("t", sa.Column("note", sa.Text))'
# The sessions of a release have its name, those on the scratch database have not.
ON_TARGET = 'if op.get_bind().exec_driver_sql("show application_name").scalar() != "interlock":\n    '
WAYS = {
    "ends the process": ("import sys; sys.exit(0)", "r2 failed"),
    "ends the process at once": ("import os; os._exit(0)", "the process ended"),
    "rolls back": ('op.execute("rollback")', "Missing column public.t.note"),
    "becomes a role that may nothing": ('op.execute("set role pg_monitor")', "r2 failed"),
    "does not wait for long": ("op.execute(\"set statement_timeout = '1ms'; select pg_sleep(1)\")", "r2 failed"),
}


@pytest.mark.parametrize(("way", "message"), WAYS.values(), ids=WAYS.keys())
def test_a_revision_that_misbehaves_on_the_target_alone_is_no_success(
    guard: Guard, tmp_path: Path, database: str, way: str, message: str
):
    make_project(tmp_path, {"r1": TABLE, "r2": f"{COLUMN}\n{ON_TARGET}{way}"})

    outcome = guard("release", database, models=False)

    assert outcome.exit_code == ExitCode.STOP
    assert message in told(outcome)

    make_project(tmp_path, {"r1": TABLE, "r2": COLUMN})
    again = guard("release", database, models=False)
    if way == 'op.execute("rollback")':
        assert again.exit_code == ExitCode.STOP  # it is recorded as done, and was not
    else:
        assert again.exit_code == ExitCode.CLEAR, told(again)


SESSION = """
op.execute("create schema elsewhere")
op.execute("set search_path = elsewhere, public")
op.execute("set lock_timeout = '1ms'")
op.execute("set statement_timeout = '100ms'")
"""


def test_what_a_revision_sets_for_its_session_does_not_reach_the_next_one(guard: Guard, tmp_path: Path, database: str):
    further = f'{TABLE}\nop.execute("select pg_sleep(0.3)")'
    make_project(tmp_path, {"r1": "pass", "r2": SESSION, "r3": further})

    outcome = guard("release", database, models=False)

    assert outcome.exit_code == ExitCode.CLEAR, told(outcome)
    assert ask(database, "select to_regclass('public.t')::text") == [("t",)]


LATER = """
import os, threading, time
from sqlalchemy import create_engine
def later(url=os.environ["DATABASE_URL"]):
    time.sleep(0.5)
    with create_engine(url).begin() as other:
        other.exec_driver_sql("create table later (id int)")
        time.sleep(5)
threading.Thread(target=later).start()
"""


def test_a_thread_that_a_revision_leaves_behind_does_nothing_after_the_verdict(
    guard: Guard, tmp_path: Path, database: str
):
    make_project(tmp_path, {"r1": f"{TABLE}{LATER}"})

    guard("release", database, models=False)

    time.sleep(1)
    assert ask(database, "select to_regclass('later')") == [(None,)]
    assert ask(database, "select count(*) from pg_stat_activity where query like 'create table later%'") == [(0,)]
