"""Every mistake that is easy to make: at most three lines, the next step among them, nothing changed."""

import socket
from pathlib import Path

import pytest

from interlock.errors import ExitCode
from interlock.postgres.url import parse_url
from tests.acceptance.conftest import Interlock, Said, ask, execute
from tests.alembic_project import MODELS_WITHOUT_NOTE, SHOP, make_project

TABLES = "select table_name from information_schema.tables where table_schema = 'public'"


def assert_told_briefly(said: Said, *words: str) -> None:
    """One problem and one next step, in three lines, without a traceback."""
    assert said.code != 0
    assert 2 <= len(said.lines) <= 3, said
    assert "next" in said.err
    assert "Traceback" not in said.out + said.err
    for word in words:
        assert word in said.err, said.err


def test_no_database_url(interlock: Interlock, tmp_path: Path):
    make_project(tmp_path)

    assert_told_briefly(interlock("release"), "DATABASE_URL")


def test_a_host_that_does_not_answer(interlock: Interlock, tmp_path: Path):
    make_project(tmp_path)
    # A socket whose backlog is full accepts nobody, like a host behind a firewall that drops.
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)
        port = deaf.getsockname()[1]
        crowd = [socket.socket() for _ in range(4)]
        for each in crowd:
            each.setblocking(False)
            each.connect_ex(("127.0.0.1", port))
        said = interlock("release", database=f"postgresql://shop:hunter2@127.0.0.1:{port}/shop")
        for each in crowd:
            each.close()

    assert_told_briefly(said, "shop@127.0.0.1", "firewall")
    assert said.code == ExitCode.UNREACHABLE


def test_a_server_that_is_not_there(interlock: Interlock, tmp_path: Path):
    make_project(tmp_path)

    said = interlock("release", database="postgresql://shop:hunter2@127.0.0.1:1/shop")

    assert_told_briefly(said, "refused")
    assert said.code == ExitCode.UNREACHABLE


def test_a_wrong_password(interlock: Interlock, tmp_path: Path, database: str):
    make_project(tmp_path)
    right = parse_url(database)

    said = interlock("release", database=database.replace(right.password, "hunter2"))

    assert_told_briefly(said, "password authentication failed")
    assert "hunter2" not in said.out + said.err


@pytest.mark.parametrize("password", ["hun@ter2", "hun%ter2", "hun/ter2", "hun%zzter2"])
def test_a_password_that_was_not_encoded(interlock: Interlock, tmp_path: Path, password: str):
    make_project(tmp_path)

    said = interlock("release", database=f"postgresql://shop:{password}@127.0.0.1:1/shop")

    assert_told_briefly(said, "%25")
    assert "hun" not in said.out + said.err
    assert "ter2" not in said.out + said.err


def test_no_alembic_project_here(interlock: Interlock, database: str):
    said = interlock("release", database=database)

    assert_told_briefly(said, "alembic.ini", "interlock.toml")
    assert said.code == ExitCode.USAGE


def test_a_misspelt_setting(interlock: Interlock, tmp_path: Path, database: str):
    make_project(tmp_path).write("interlock.toml", "[project]\nscript_locaton = 'here'\n")

    assert_told_briefly(interlock("release", database=database), "project.script_locaton", "interlock.toml")


def test_several_heads(interlock: Interlock, tmp_path: Path, database: str):
    make_project(tmp_path).add_revision("r3b", "r2", "")

    said = interlock("release", database=database)

    assert_told_briefly(said, "2 heads: r3, r3b", "alembic merge", "branch_labels")
    assert ask(database, TABLES) == []


def test_a_revision_whose_parent_is_not_there(interlock: Interlock, tmp_path: Path, database: str):
    make_project(tmp_path).add_revision("r5", "r4", "")

    assert_told_briefly(interlock("release", database=database), "r4")


def test_a_database_at_a_revision_that_nobody_has(interlock: Interlock, tmp_path: Path, database: str):
    make_project(tmp_path)
    execute(
        database, "create table alembic_version (version_num varchar(32)); insert into alembic_version values ('x9')"
    )

    assert_told_briefly(interlock("release", database=database), "x9", "DATABASE_URL")


def test_two_rows_in_alembic_version(interlock: Interlock, tmp_path: Path, database: str):
    make_project(tmp_path)
    interlock("release", "--schema-only", database=database)
    execute(database, "insert into alembic_version values ('r1')")

    assert_told_briefly(interlock("release", database=database), "r1, r3", "interlock restamp")


def test_no_row_in_alembic_version_of_a_database_that_is_not_empty(interlock: Interlock, tmp_path: Path, database: str):
    make_project(tmp_path)
    interlock("release", "--schema-only", database=database)
    execute(database, "delete from alembic_version")

    assert_told_briefly(interlock("release", database=database), "that of revision r3", "interlock restamp")


def test_a_revision_ahead_of_the_schema(interlock: Interlock, tmp_path: Path, database: str):
    make_project(tmp_path, {"r1": SHOP["r1"], "r2": SHOP["r2"]}, models=MODELS_WITHOUT_NOTE)
    interlock("release", "--schema-only", database=database)
    make_project(tmp_path)
    execute(database, "update alembic_version set version_num = 'r3'")

    said = interlock("release", "--schema-only", database=database)

    assert_told_briefly(said, "claims r3", "that of r2", "Missing column public.orders.note (r3)", "interlock restamp")
    assert ask(database, "select version_num from alembic_version") == [("r3",)]


def test_a_revision_behind_the_schema(interlock: Interlock, tmp_path: Path, database: str):
    make_project(tmp_path)
    interlock("release", "--schema-only", database=database)
    execute(database, "update alembic_version set version_num = 'r2'")

    said = interlock("release", "--schema-only", database=database)

    assert_told_briefly(said, "claims r2", "that of r3", "interlock restamp")


def test_the_database_of_another_project(interlock: Interlock, tmp_path: Path, database: str):
    make_project(tmp_path)
    execute(database, "create table articles (id int); create table authors (id int)")

    said = interlock("release", database=database)

    assert_told_briefly(said, "claims no revision", "DATABASE_URL")
    assert sorted(ask(database, TABLES)) == [("articles",), ("authors",)]


def test_a_server_that_takes_no_writes(interlock: Interlock, tmp_path: Path, database: str):
    make_project(tmp_path)
    name = parse_url(database).database
    execute(database, f"alter database {name} set default_transaction_read_only = on")

    assert_told_briefly(interlock("release", database=database), "read-only")


def test_a_role_that_may_not_create(interlock: Interlock, tmp_path: Path, database: str):
    make_project(tmp_path)
    name = parse_url(database).database
    execute(database, f"create role reader_{name} login password 'p'")
    reader = parse_url(database)

    said = interlock("release", database=f"postgresql://reader_{name}:p@{reader.host}:{reader.port}/{name}")

    assert_told_briefly(said, f"reader_{name}", "schema public", "grant create")
    assert ask(database, TABLES) == []


def test_a_revision_that_raises_half_way(interlock: Interlock, tmp_path: Path, database: str):
    # On the scratch database there are no rows, so it fails only here: after r1 and r2, in the middle of r3.
    half_way = """
        op.add_column("orders", sa.Column("half", sa.Text))
        if op.get_bind().execute(sa.text("select count(*) from customers")).scalar():
            raise RuntimeError("cannot convert customers")
    """
    project = make_project(tmp_path, {"r1": SHOP["r1"], "r2": SHOP["r2"]}, models=MODELS_WITHOUT_NOTE)
    interlock("release", "--schema-only", database=database)
    execute(database, "insert into customers values (1, 'a@example.org')")
    project.add_revision("r3", "r2", half_way)

    said = interlock("release", "--schema-only", database=database)

    assert_told_briefly(said, "revision r3 failed", "cannot convert customers", "r3.py", "the database is at r2")
    assert ask(database, "select version_num from alembic_version") == [("r2",)]
    assert ("half",) not in ask(database, "select column_name from information_schema.columns")


def test_a_revision_that_fails_everywhere_never_reaches_the_target(interlock: Interlock, tmp_path: Path, database: str):
    make_project(tmp_path).add_revision("r4", "r3", 'op.execute("alter table nowhere add column x int")')

    said = interlock("release", database=database)

    assert_told_briefly(said, "revision r4 failed", "nowhere")
    assert ask(database, TABLES) == []


def test_a_folder_for_reports_that_cannot_be_written(interlock: Interlock, tmp_path: Path, database: str):
    make_project(tmp_path).write("taken", "a file, not a folder")

    said = interlock("release", "--report", "taken", database=database)

    assert_told_briefly(said, "taken", "--report")
    assert ask(database, TABLES) == []


COMMANDS_ON_TABLES = (
    ("admin", "list"),
    ("admin", "create", "jo@acme.example"),
    ("admin", "reset-password", "jo@acme.example"),
    ("seed", "demo"),
)


@pytest.mark.parametrize("command", COMMANDS_ON_TABLES, ids=" ".join)
def test_a_database_to_which_the_control_plane_was_not_released(
    interlock: Interlock, database: str, command: tuple[str, ...]
):
    said = interlock(*command, database=database)

    assert_told_briefly(said, "the control plane's tables", "run interlock release first")
    assert said.code == ExitCode.STOP


@pytest.mark.parametrize("address", ["notmail", "a b@x", "a\x01@b.c", "a" * 300 + "@b.c", "@", " "])
def test_an_address_to_which_no_mail_goes(interlock: Interlock, database: str, address: str):
    said = interlock("admin", "create", address, database=database)

    assert_told_briefly(said, "is no e-mail address", "jo@acme.example")
    assert said.code == ExitCode.USAGE


@pytest.mark.parametrize("workers", ["1", "2"])
def test_an_address_that_cannot_be_served_on(interlock: Interlock, database: str, workers: str):
    key = {"INTERLOCK_TOKEN_KEY": "a key that is long enough for the signing of tokens"}
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        taken = interlock("serve", "--port", port, "--workers", workers, database=database, **key)
    elsewhere = interlock("serve", "--host", "203.0.113.9", "--workers", workers, database=database, **key)
    nowhere = interlock("serve", "--host", "no host at all", "--workers", workers, database=database, **key)

    assert_told_briefly(taken, f"port {port} of 127.0.0.1", "in use", "--port")
    assert_told_briefly(elsewhere, "203.0.113.9", "--host")
    assert_told_briefly(nowhere, "no host at all", "--host")
    assert {taken.code, elsewhere.code, nowhere.code} == {ExitCode.USAGE}
