"""Roles that a chain names, and that its scratch database has or has not."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from interlock.errors import ExitCode
from interlock.postgres.embedded import EmbeddedServer, run_throwaway_server
from tests.acceptance.conftest import ask, execute
from tests.alembic_project import make_project
from tests.integration.release.conftest import Guard, told

MAKES_T = 'op.create_table("t", sa.Column("id", sa.Integer, primary_key=True)); '
ROLE = '"App of t"'
MAKES_U = f'op.create_table("u", sa.Column("id", sa.Integer)); op.execute(\'grant select on u to {ROLE}\')'
GRANTS = f"op.execute('grant select on t to {ROLE}')"
CREATES = f"op.execute('create role {ROLE} login'); "


@pytest.fixture(scope="module")
def another_server() -> Iterator[EmbeddedServer]:
    with run_throwaway_server() as server:
        yield server


@pytest.fixture
def no_role_left(database: str) -> Iterator[None]:
    yield
    if ask(database, "select from pg_roles where rolname = 'App of t'"):
        execute(database, f"drop owned by {ROLE}; drop role {ROLE}")


@pytest.mark.usefixtures("no_role_left")
def test_a_grant_to_a_role_that_operators_made(
    guard: Guard, tmp_path: Path, database: str, another_server: EmbeddedServer
):
    make_project(tmp_path, {"r1": MAKES_T + GRANTS})
    lacking = guard("release", database, models=False, scratch=another_server.url().as_text())
    execute(database, f"create role {ROLE} login")

    outcome = guard("release", database, models=False, scratch=another_server.url().as_text())

    assert 'role "App of t" does not exist' in told(lacking)
    assert outcome.exit_code == ExitCode.CLEAR, told(outcome)


@pytest.mark.usefixtures("no_role_left")
def test_a_role_that_the_chain_makes_is_made_once_on_a_server(
    guard: Guard, tmp_path: Path, database: str, another_server: EmbeddedServer
):
    scratch = another_server.url().as_text()
    make_project(tmp_path, {"r1": MAKES_T + CREATES + GRANTS})
    first = guard("release", database, models=False, scratch=scratch)
    make_project(tmp_path, {"r1": MAKES_T + CREATES + GRANTS, "r2": MAKES_U})

    second = guard("release", database, models=False, scratch=scratch)
    by_the_targets_own = guard("verify", database, models=False)

    for outcome in (first, second, by_the_targets_own):
        assert outcome.exit_code == ExitCode.CLEAR, told(outcome)


@pytest.mark.usefixtures("no_role_left")
def test_a_role_that_is_there_before_its_revision_ran_is_known_before_anything_runs(
    guard: Guard, tmp_path: Path, database: str, another_server: EmbeddedServer
):
    make_project(tmp_path, {"r1": MAKES_T + CREATES})
    execute(database, f"create role {ROLE} login")

    outcome = guard("release", database, models=False, scratch=another_server.url().as_text())

    execute(database, f"drop role {ROLE}")
    on_the_targets_own = guard("release", database, models=False)

    assert 'STOP verify before: revision r1 failed: role "App of t" already exists' in told(outcome)
    assert "let INTERLOCK_SCRATCH_URL name another server" in told(on_the_targets_own)
    assert ask(database, "select from pg_roles where rolname = 'App of t'") == []
    assert ask(database, "select to_regclass('t')") == [(None,)]


@pytest.mark.usefixtures("no_role_left")
def test_what_stands_after_a_role_in_the_same_text_is_not_passed_over(
    guard: Guard, tmp_path: Path, database: str, another_server: EmbeddedServer
):
    chain = {"r1": MAKES_T + f"op.execute('create role {ROLE}; create table v (id int)')"}
    scratch = another_server.url().as_text()
    make_project(tmp_path, chain)
    execute(another_server.url().as_text(), f"drop role if exists {ROLE}")
    first = guard("release", database, models=False, scratch=scratch)
    make_project(tmp_path, {**chain, "r2": ""})

    second = guard("release", database, models=False, scratch=scratch)

    assert first.exit_code == ExitCode.CLEAR, told(first)
    assert 'STOP verify before: revision r1 failed: role "App of t" already exists' in told(second)
