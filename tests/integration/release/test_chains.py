"""Chains that are no straight line, and databases that are not where they seem."""

from collections.abc import Callable
from pathlib import Path

import pytest

from interlock.errors import ExitCode
from interlock.postgres.url import parse_url
from interlock.release.request import Request
from interlock.release.restamp import restamp
from interlock.verdict.finding import Check
from tests.acceptance.conftest import ask, execute
from tests.alembic_project import AlembicProject, make_project
from tests.integration.release.conftest import ONE_TABLE, Guard, claim, told


def making(table: str) -> str:
    return f"op.execute('create table {table} (id int primary key)')"


def make_branches(folder: Path) -> None:
    project = make_project(folder, {"r1": making("t")}, models=ONE_TABLE)
    project.add_revision("a2", "r1", making("a"))
    project.add_revision("b2", "r1", making("b"))
    project.add_revision("m", ("a2", "b2"), making("m"))


@pytest.mark.parametrize("rows", [("b2",), ("a2", "b2")])
def test_a_release_goes_on_from_where_the_branches_are(
    guard: Guard, tmp_path: Path, database: str, rows: tuple[str, ...]
):
    make_branches(tmp_path)
    for table in ("t", *(row[0] for row in rows)):
        execute(database, f"create table {table} (id int primary key)")
    claim(database, *rows)

    assert guard("release", database).exit_code == ExitCode.CLEAR


def test_revisions_that_lie_elsewhere_than_env_py_are_named_with_the_line_that_failed(
    guard: Guard, tmp_path: Path, database: str
):
    project = make_project(tmp_path, {"r1": "raise ValueError('no')"}, models=ONE_TABLE)
    (tmp_path / "migrations/versions").rename(tmp_path / "elsewhere")
    project.write("alembic.ini", "[alembic]\nscript_location = migrations\nversion_locations = elsewhere\n")

    assert "revision r1 failed: no (r1.py:11)" in told(guard("plan", database))


def label(folder: Path, revision: str, name: str) -> None:
    script = folder / f"migrations/versions/{revision}.py"
    script.write_text(script.read_text().replace("down_revision", f"branch_labels = {name!r}\ndown_revision", 1))


def test_branches_with_labels_of_their_own_are_released_to_the_head_of_each(
    guard: Guard, tmp_path: Path, database: str
):
    project = make_project(tmp_path, {"r1": making("t")}, models=ONE_TABLE)
    for branch in ("expand", "contract"):
        project.add_revision(f"{branch}1", "r1", making(f"{branch}1"))
        project.add_revision(f"{branch}2", f"{branch}1", making(f"{branch}2"))
        label(tmp_path, f"{branch}1", branch)

    released = guard("release", database)

    assert released.exit_code == ExitCode.CLEAR
    assert released.record.plan
    assert released.record.plan.head == "contract2, expand2"
    assert ask(database, "select version_num from alembic_version order by 1") == [("contract2",), ("expand2",)]

    execute(
        database, "drop table expand2; update alembic_version set version_num = 'expand1' where version_num ~ 'exp'"
    )
    planned = guard("plan", database).record.plan
    assert planned
    assert [step.revision for step in planned.steps] == ["expand2"]


@pytest.mark.each_major
def test_restamp_writes_a_row_for_each_branch(
    guard: Guard, request_for: Callable[..., Request], tmp_path: Path, database: str
):
    make_branches(tmp_path)
    for table in "tab":
        execute(database, f"create table {table} (id int primary key)")

    written = restamp(request_for(database), None, may_write=lambda _change: True, on_wait=lambda _holder: None)

    assert written
    assert written.after == "a2, b2"
    assert ask(database, "select version_num from alembic_version order by 1") == [("a2",), ("b2",)]
    assert guard("plan", database).exit_code == ExitCode.CLEAR


def test_restamp_goes_by_the_way_that_the_claimed_revision_has_been_located_on(
    guard: Guard, request_for: Callable[..., Request], tmp_path: Path, database: str
):
    make_branches(tmp_path)
    project = AlembicProject(tmp_path)
    project.add_revision("0base", None, making("z"))
    project.add_revision("top", ("m", "0base"), making("top"))
    for table in "tb":
        execute(database, f"create table {table} (id int primary key)")
    claim(database, "m")
    assert "its schema is that of b2" in told(guard("plan", database))

    written = restamp(request_for(database), None, may_write=lambda _change: True, on_wait=lambda _holder: None)

    assert written
    assert written.after == "b2"


def test_several_bases_that_depend_on_each_other(guard: Guard, tmp_path: Path, database: str):
    project = make_project(tmp_path, {"r1": making("t")}, models=ONE_TABLE)
    project.add_revision("x1", None, making("x"))
    script = tmp_path / "migrations/versions/x1.py"
    script.write_text(script.read_text().replace("down_revision = None", "down_revision = None\ndepends_on = 'r1'"))
    project.add_revision("r2", "r1", making("t2"))
    project.add_revision("m", ("r2", "x1"), making("m"))

    assert guard("release", database).exit_code == ExitCode.CLEAR


def test_what_is_in_the_way_of_a_passing_table_is_known_before_the_gate(guard: Guard, tmp_path: Path, database: str):
    revisions = {"r1": making("t"), "r2": making("passing"), "r3": "op.execute('drop table passing')"}
    make_project(tmp_path, revisions, models=ONE_TABLE)
    execute(database, "create table t (id int primary key); create table passing (id int)")
    claim(database, "r1")

    outcome = guard("release", database)

    assert "STOP verify before: Unexpected table public.passing" in told(outcome)
    assert outcome.record.applied == ()


def test_a_database_that_somebody_migrates_after_the_plan(guard: Guard, tmp_path: Path, database: str):
    make_project(tmp_path, {"r1": making("t"), "r2": making("u")}, models=ONE_TABLE)

    def migrate_by_hand() -> None:
        execute(database, "create table t (id int primary key)")
        claim(database, "r1")

    outcome = guard("release", database, at={Check.APPLY: migrate_by_hand})

    assert "somebody else changed the revision of the database meanwhile: it has run r1" in told(outcome)


@pytest.mark.each_major
def test_a_role_with_a_search_path_of_its_own(guard: Guard, tmp_path: Path, database: str):
    make_project(tmp_path, {"r1": making("t")}, models=ONE_TABLE)
    target = parse_url(database)
    role = f"own_{target.database}"
    execute(database, f"create role {role} login password 'p'; create schema {role} authorization {role}")
    theirs = f"postgresql://{role}:p@{target.host}:{target.port}/{target.database}?options=-csearch_path%3D$user,public"

    assert guard("release", theirs).exit_code == ExitCode.CLEAR
    assert ask(database, f"select to_regclass('{role}.t')::text") == [(f"{role}.t",)]


@pytest.mark.each_major
def test_a_partition_that_was_detached_is_no_partition(guard: Guard, tmp_path: Path, database: str):
    parts = """
        op.execute("create table t (id int primary key) partition by range (id)")
        op.execute("create table t_1 partition of t for values from (0) to (9)")
    """
    make_project(tmp_path, {"r1": parts}, models=ONE_TABLE)
    released = guard("release", database)
    execute(database, "alter table t detach partition t_1")

    assert released.exit_code == ExitCode.CLEAR
    assert "STOP verify after: Altered table public.t_1: part_of is none" in told(guard("verify", database))


def test_a_chain_with_a_subscription_leaves_no_scratch_database_behind(guard: Guard, tmp_path: Path, database: str):
    subscribe = (
        "op.execute(\"create subscription s connection 'host=127.0.0.1 port=1 dbname=x' publication p\""
        '" with (connect = false, slot_name = none, enabled = false)")'
    )
    make_project(tmp_path, {"r1": subscribe}, models="")

    outcome = guard("plan", database, models=False)

    assert outcome.exit_code == ExitCode.CLEAR, told(outcome)
    assert ask(database, "select datname from pg_database where datname like 'interlock_scratch%'") == []
