"""A runner that is killed: nothing of it works on, and the next one ends right."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from interlock.errors import ExitCode
from tests.acceptance.conftest import ask
from tests.alembic_project import make_project
from tests.integration.release.conftest import Guard, told

TABLE = 'op.create_table("t", sa.Column("id", sa.Integer, primary_key=True))'
LONG = "op.execute(\"select pg_sleep(case current_setting('application_name') when 'interlock' then 0 else 60 end)\")"
"""Sleeps on the target, where the sessions have the name of the release, and not on the scratch database."""
WAYS = {
    "in a transaction": f"{TABLE}\n{LONG}",
    "on its own": f"{TABLE}\nwith op.get_context().autocommit_block():\n    {LONG}",
}
AT_WORK = "select count(*) from pg_stat_activity where query like '%pg_sleep%' and state = 'active' and datname = current_database() and pid <> pg_backend_pid()"  # noqa: E501


def wait_until(database: str, number: int, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while ask(database, AT_WORK) != [(number,)]:
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.1)


@pytest.mark.parametrize("revision", WAYS.values(), ids=WAYS.keys())
def test_what_a_killed_runner_left_at_work_ends_soon(guard: Guard, tmp_path: Path, database: str, revision: str):
    project = make_project(tmp_path, {"r1": revision})
    project.write("interlock.toml", "[project]\nmodels = false\n")
    command = [sys.executable, "-m", "interlock", "release", "--schema-only"]
    runner = subprocess.Popen(command, cwd=tmp_path, env={**os.environ, "DATABASE_URL": database})
    wait_until(database, 1, 30)

    runner.send_signal(signal.SIGKILL)
    runner.wait()

    wait_until(database, 0, 5)
    make_project(tmp_path, {"r1": TABLE})
    outcome = guard("release", database, models=False, lock_wait_seconds=10)
    if revision is WAYS["in a transaction"]:
        assert outcome.exit_code == ExitCode.CLEAR, told(outcome)
    else:
        # The block committed what came before it, and that is never passed over.
        assert outcome.exit_code == ExitCode.STOP
        assert "Unexpected table public.t" in told(outcome)
