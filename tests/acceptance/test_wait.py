"""interlock wait, as an init container runs it: with the schema file, the URL, and nothing else."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from interlock.errors import ExitCode
from interlock.postgres.catalog import take_snapshot
from interlock.postgres.session import open_session
from interlock.postgres.url import parse_url
from interlock.schema.file import USUAL_OWNER, SchemaFile, as_json
from tests.acceptance.conftest import Interlock, execute


@pytest.fixture
def ready(database: str, tmp_path: Path) -> str:
    """A database, and beside it the schema file of a build that it is ready for."""
    execute(database, "create table orders (id int primary key, note text)")
    with open_session(parse_url(database)) as session:
        snapshot = take_snapshot(session).owned_by(USUAL_OWNER)
    execute(
        database, "create table alembic_version (version_num varchar(32)); insert into alembic_version values ('r2')"
    )
    (tmp_path / "schema.json").write_text(as_json(SchemaFile("r2", "r1", ("r1", "r2"), "", snapshot)))
    return database


def test_it_ends_at_once_where_the_database_holds_what_is_declared(interlock: Interlock, ready: str):
    said = interlock("wait", database=ready)

    assert said.code == ExitCode.CLEAR, said
    assert said.out == "ready: the database holds what schema.json declares at r2\n"


def test_it_names_what_is_missing_and_gives_up_in_time(interlock: Interlock, ready: str):
    execute(ready, "alter table orders drop note; update alembic_version set version_num = 'r1'")

    said = interlock("wait", "--timeout", "0.5", database=ready)

    assert said.code == ExitCode.TRY_AGAIN_LATER, said
    assert "  revisions that did not run: r2\n  Missing column public.orders.note\n" in said.err


def test_it_goes_on_when_what_was_missing_is_there(ready: str, tmp_path: Path):
    execute(ready, "alter table orders drop note")
    command = [sys.executable, "-m", "interlock", "wait", "--timeout", "60"]
    with subprocess.Popen(
        command, cwd=tmp_path, env={**os.environ, "DATABASE_URL": ready}, stderr=subprocess.PIPE, text=True
    ) as waiting:
        assert waiting.stderr
        assert waiting.stderr.readline() == "waiting for the database:\n"
        execute(ready, "alter table orders add note text")
        waiting.communicate(timeout=60)

    assert waiting.returncode == ExitCode.CLEAR


def test_a_database_that_nobody_can_reach_is_another_exit_code(interlock: Interlock, ready: str):
    assert ready
    said = interlock("wait", "--timeout", "0", database="postgresql://nobody@127.0.0.1:1/nowhere")

    assert said.code == ExitCode.UNREACHABLE, said


def test_another_file_can_be_named(interlock: Interlock, ready: str, tmp_path: Path):
    (tmp_path / "schema.json").rename(tmp_path / "other.json")

    assert interlock("wait", database=ready).code == ExitCode.USAGE
    assert interlock("wait", "--schema-file", "other.json", database=ready).code == ExitCode.CLEAR


def test_without_a_database_it_says_what_is_not_set(interlock: Interlock):
    said = interlock("wait")

    assert said.code == ExitCode.USAGE
    assert "DATABASE_URL is not set" in said.err


def test_it_imports_nothing_of_an_alembic_project():
    code = "import interlock.cli.waiting, sys; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()

    assert set(loaded) & {"alembic", "sqlalchemy", "pydantic", "rich.console", "httpx2"} == set()
