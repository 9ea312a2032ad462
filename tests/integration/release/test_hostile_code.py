"""What a project's code may do in its child process, on its own or in the background."""

import time
from pathlib import Path

import pytest

from interlock.errors import ExitCode
from interlock.postgres.url import parse_url
from tests.acceptance.conftest import ask, execute
from tests.alembic_project import SYNC_ENV, make_project
from tests.integration.release.conftest import ONE_TABLE, Guard, told

FORKS = "import os, time, warnings; warnings.simplefilter('ignore'); os.fork() or (time.sleep(60), os._exit(0))"
STARTS = "import subprocess; subprocess.Popen(['sleep', '60'])"
CLOSES_EVERYTHING = "import os, time; os.closerange(3, 100); time.sleep(60)"
PRINTS_MEGABYTES = "print('x' * 20_000_000); 1 / 0"


@pytest.mark.parametrize("left_behind", [FORKS, STARTS])
def test_a_process_that_env_py_leaves_behind_holds_nothing_up(
    guard: Guard, tmp_path: Path, database: str, left_behind: str
):
    make_project(tmp_path, before_configure=left_behind)
    began = time.monotonic()

    assert guard("plan", database).exit_code == ExitCode.CLEAR
    assert time.monotonic() - began < 30


def test_an_env_py_that_closes_the_channel_and_lives_on_is_noticed(guard: Guard, tmp_path: Path, database: str):
    make_project(tmp_path, before_configure=CLOSES_EVERYTHING)
    began = time.monotonic()

    outcome = guard("plan", database)

    assert outcome.exit_code == ExitCode.STOP
    assert "process ended" in told(outcome)
    assert time.monotonic() - began < 30


def test_a_forked_copy_that_runs_on_does_not_answer_for_the_child(guard: Guard, tmp_path: Path, database: str):
    make_project(tmp_path, before_configure="import os, warnings; warnings.simplefilter('ignore'); os.fork()")

    # Both use one connection to the server, so this may fail in many ways: never with CLEAR, never without an end.
    assert guard("release", database).exit_code == ExitCode.STOP


def test_megabytes_of_output_are_cut(guard: Guard, tmp_path: Path, database: str):
    make_project(tmp_path, before_configure=PRINTS_MEGABYTES)

    assert "division by zero" in told(guard("plan", database))


def test_an_env_py_that_migrates_several_version_tables_is_refused(guard: Guard, tmp_path: Path, database: str):
    configure = "context.configure(connection=connection, target_metadata=target_metadata, version_table={!r})\n"
    run = "        with context.begin_transaction():\n            context.run_migrations()\n"
    env, _, _ = SYNC_ENV.partition("        context.configure")
    twice = "".join(f"        {configure.format(table)}{run}" for table in ("one", "two"))
    make_project(tmp_path, env=f"{env}{twice}\nrun()\n")

    assert "several version tables in one run (one, two)" in told(guard("plan", database))


def test_a_revision_that_finds_the_target_by_another_way_is_kept_from_it_before_the_gate(
    guard: Guard, tmp_path: Path, database: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("LIVE_URL", database.replace("postgresql:", "postgresql+psycopg:"))
    revision = """
        import os
        with sa.create_engine(os.environ["LIVE_URL"]).begin() as live:
            live.exec_driver_sql("create table hurt (id int)")
    """
    make_project(tmp_path, {"r1": revision}, models=ONE_TABLE)

    outcome = guard("plan", database)

    assert outcome.exit_code == ExitCode.STOP
    assert ask(database, "select to_regclass('hurt')") == [(None,)]


def test_the_rows_of_a_revision_are_in_no_traceback(guard: Guard, tmp_path: Path, database: str):
    revision = "op.get_bind().execute(sa.text('insert into nowhere values (:word)'), {'word': 'hunter' + '2'})"
    make_project(tmp_path, {"r1": revision}, models=ONE_TABLE)

    outcome = guard("plan", database)

    assert "nowhere" in told(outcome)
    assert "hunter2" not in outcome.error.failure.traceback


def test_a_revision_that_changes_the_whole_server_is_kept_from_the_one_of_the_target(
    guard: Guard, tmp_path: Path, database: str
):
    execute(database, "create role somebody_of_the_server login")
    try:
        make_project(tmp_path, {"r1": 'op.execute("alter role somebody_of_the_server nologin")'})
        on_the_same = guard(
            "plan", database, scratch=parse_url(database).with_database("postgres").as_text(), models=False
        )

        assert on_the_same.exit_code == ExitCode.STOP
        assert "let INTERLOCK_SCRATCH_URL name another server" in told(on_the_same)
        may_log_in = "select rolcanlogin from pg_roles where rolname = 'somebody_of_the_server'"
        assert ask(database, may_log_in) == [(True,)]
    finally:
        execute(database, "drop role somebody_of_the_server")
