"""What a release drops is kept before, and kept means that it was restored once; else nothing is changed."""

import functools
import os
import signal
import stat
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from interlock.errors import ExitCode
from interlock.postgres import client_programs, dump
from interlock.postgres.embedded import NoServerBinaries, installed_binaries
from interlock.postgres.url import parse_url
from interlock.release import backup
from interlock.release.backup import DumpInto, RunCommand
from interlock.release.logbook import Outcome
from interlock.release.record import Backup, TableRows
from interlock.verdict.finding import Check
from tests.acceptance.conftest import ask, execute
from tests.alembic_project import make_project
from tests.integration.release.conftest import Guard, told

ORDER_ITEMS = """
create table "Order Items" (id int generated always as identity primary key, "Mood" kinds.mood not null,
    person int not null references people, number serial, score kinds.score, note text)
"""
TABLES = f"""
op.execute("create schema kinds")
op.execute("create type kinds.mood as enum ('calm', 'cross')")
op.execute("create domain kinds.score as int check (value between 0 and 9)")
op.execute("create table people (id int primary key)")
op.execute({ORDER_ITEMS!r})
op.execute("create table events (id int, at date not null) partition by range (at)")
op.execute("create table events_2024 partition of events for values from ('2024-01-01') to ('2025-01-01')")
op.execute("create table events_later partition of events default")
op.execute("create view everybody as select id from people")
op.execute("create function number_of(people) returns int language sql as 'select $1.id'")
"""  # noqa: S608 - written by hand
ROWS = """
insert into people values (7);
insert into "Order Items" ("Mood", person, score, note) values ('calm', 7, 1, 'a'), ('cross', 7, 2, 'b');
insert into events values (1, '2024-02-03'), (2, '2025-02-03'), (3, '2026-02-03');
"""
DROPS_A_COLUMN = """op.drop_column("Order Items", "note")"""
DROPS_TABLES = """op.execute('drop table "Order Items", events; drop type kinds.mood')"""

COLUMN = {"models": False, "allowed_drops": ["public.Order Items.note"]}
ALL = {
    "models": False,
    "allowed_drops": ["public.Order Items", "public.events", "public.events_2024", "public.events_later"],
}

FakeProgram = Callable[..., None]


@pytest.fixture
def with_rows(tmp_path: Path, database: str) -> str:
    """A database at the first revision, with rows."""
    make_project(tmp_path, {"r1": TABLES}).upgrade(database)
    execute(database, ROWS)
    return database


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "back ups"


@pytest.fixture
def fake_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeProgram:
    """Put a shell script first on PATH; in it `$real` is the program that it stands for, `$file` the dump."""

    def make(name: str, script: str, version: str = "18.6") -> None:
        programs = tmp_path / "programs"
        programs.mkdir(exist_ok=True)
        (programs / name).write_text(
            f'#!/bin/sh\n[ "$1" = --version ] && echo "{name} (PostgreSQL) {version}" && exit 0\n'
            f'real="{installed_binaries() / name}"\n'
            'for word in "$@"; do case $word in --file=*) file=${word#--file=} ;; esac; done\n' + script
        )
        (programs / name).chmod(0o755)
        monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")

    return make


@pytest.fixture
def no_embedded_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let there be no programs but those on PATH."""

    def none() -> Path:
        raise NoServerBinaries

    monkeypatch.setattr(client_programs, "installed_binaries", none)


def made_by(outcome: Outcome) -> Backup:
    assert outcome.record.backup is not None
    return outcome.record.backup


def require_untouched(database: str, folder: Path) -> None:
    """Nothing was applied, and no file is left that could be taken for a backup."""
    assert ask(database, "select version_num from alembic_version") == [("r1",)]
    assert ask(database, 'select count(note) from "Order Items"') == [(2,)]
    assert not folder.exists() or not list(folder.iterdir())


@pytest.mark.each_major
def test_what_is_dropped_comes_back(guard: Guard, tmp_path: Path, with_rows: str, folder: Path):
    make_project(tmp_path, {"r1": TABLES, "r2": DROPS_TABLES})

    # On a scratch server of the same major, for pg_restore may be newer than that.
    outcome = guard("release", with_rows, backup=DumpInto(folder), scratch=with_rows, **ALL)

    assert outcome.exit_code == ExitCode.CLEAR, told(outcome)
    made = made_by(outcome)
    assert made.is_made
    assert made.tables == ("public.Order Items", "public.events", "public.events_2024", "public.events_later")
    assert made.rows == (
        TableRows("public.Order Items", 2),
        TableRows("public.events_2024", 1),
        TableRows("public.events_later", 2),
    )
    [file] = folder.iterdir()
    assert (made.file, made.bytes) == (str(file), file.stat().st_size)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert ask(with_rows, "select to_regclass('events'), to_regtype('kinds.mood')") == [(None, None)]

    restored = restore_as_told(with_rows, made)

    assert ask(restored, 'select id, "Mood"::text, person, number, score, note from "Order Items" order by id') == [
        (1, "calm", 7, 1, 1, "a"),
        (2, "cross", 7, 2, 2, "b"),
    ]
    assert ask(restored, "select id, tableoid::regclass::text from events order by id") == [
        (1, "events_2024"),
        (2, "events_later"),
        (3, "events_later"),
    ]
    # Identity and sequence go on where they were.
    execute(restored, """insert into "Order Items" ("Mood", person) values ('calm', 7)""")
    assert ask(restored, 'select max(id), max(number) from "Order Items"') == [(3, 3)]


def restore_as_told(database: str, made: Backup) -> str:
    """Run the command line that the report gives, and give the URL of the database that it made."""
    target = parse_url(database)
    name = f"restored_of_{target.database}"
    environment = {
        "PATH": f"{installed_binaries()}{os.pathsep}{os.environ['PATH']}",
        "PGHOST": target.host,
        "PGPORT": str(target.port),
        "PGUSER": target.user,
        "PGPASSWORD": target.password,
    }
    assert made.restore is not None
    line = made.restore.replace(" before", f" {name}")
    done = subprocess.run(line, shell=True, env=environment, capture_output=True, text=True, timeout=60, check=False)  # noqa: S602
    complaints = [each for each in done.stderr.splitlines() if "error: could not" in each]
    # What the tables do not need may be missing; and a server before 17 does not know all that pg_restore sets.
    assert all("transaction_timeout" in each or "type public.people does not" in each for each in complaints), (
        complaints
    )
    return target.with_database(name).as_text()


NEEDY = """
op.execute("create schema other")
op.execute("create extension hstore schema other")
op.execute("create extension citext")
op.execute("create type pair as (a int, b text)")
op.execute("create type span as range (subtype = int)")
op.execute("create sequence other.numbers")
op.execute("create function other.code() returns text language sql as 'select chr(65)'")
op.execute("create function other.is_fine(text) returns bool language sql immutable as 'select true'")
op.execute("create table place (id int primary key, city text)")
op.execute("create table base (id int)")
op.execute("create table needy (code text default other.code(), pair pair, span span, place place, more other.hstore,"
           " number int default nextval('other.numbers'), twice int generated always as (id * 2) stored,"
           " check (other.is_fine(code))) inherits (base)")
op.execute("create table years (id int, year int not null) partition by list (year)")
op.execute("create table year_1 partition of years for values in (1) partition by list (id)")
op.execute("create table year_1_a partition of year_1 default")
op.execute("create table year_2 partition of years for values in (2)")
"""


def test_what_a_table_needs_is_in_the_dump_and_not_what_it_does_not_need(
    guard: Guard, tmp_path: Path, database: str, folder: Path
):
    make_project(tmp_path, {"r1": NEEDY})
    assert guard("release", database, models=False).exit_code == ExitCode.CLEAR
    execute(
        database,
        "insert into base values (1); insert into years values (1, 1), (2, 2);"
        "insert into needy (id, pair, span, place, more)"
        " values (5, row(1, 'x'), '[1,3)', row(1, 'Oslo'), 'a=>1'), (6, null, null, null, null)",
    )
    make_project(tmp_path, {"r1": NEEDY, "r2": "op.execute('drop table needy, year_1')"})
    allowed = ["public.needy", "public.year_1", "public.year_1_a"]

    outcome = guard("release", database, backup=DumpInto(folder), models=False, allowed_drops=allowed)

    assert outcome.exit_code == ExitCode.CLEAR, told(outcome)
    made = made_by(outcome)
    assert made.rows == (TableRows("public.needy", 2), TableRows("public.year_1_a", 1))
    assert not [each for each in outcome.record.unproved if "backup" in each]
    restored = restore_as_told(database, made)
    assert ask(
        restored, "select id, code, (place).city, number, twice, more operator(other.->) 'a' from needy order by id"
    ) == [
        (5, "A", "Oslo", 1, 10, "1"),
        (6, "A", None, 2, 12, None),
    ]
    assert ask(restored, "select id, year from years") == [(1, 1)]
    assert ask(restored, "select count(*) from only base") == [(0,)]
    assert ask(restored, "select extname from pg_extension where extname <> 'plpgsql'") == [("hstore",)]
    assert ask(restored, "select nextval('other.numbers')") == [(3,)]


def test_rows_come_back_into_a_live_table_that_was_made_again(
    guard: Guard, tmp_path: Path, with_rows: str, folder: Path
):
    make_project(tmp_path, {"r1": TABLES, "r2": """op.execute('drop table "Order Items"')"""})
    made = made_by(guard("release", with_rows, backup=DumpInto(folder), **ALL))
    execute(with_rows, ORDER_ITEMS)
    target = parse_url(with_rows)
    subprocess.run(
        [
            *(installed_binaries() / "pg_restore", f"--dbname={target.open_conninfo}"),
            *("--data-only", "--schema=public", "--table=Order Items", str(made.file)),
        ],
        env={"PGPASSWORD": target.password},
        timeout=60,
        check=True,
    )

    assert ask(with_rows, 'select id, note from "Order Items" order by id') == [(1, "a"), (2, "b")]


def test_a_table_is_kept_for_one_column_of_it(guard: Guard, tmp_path: Path, with_rows: str, folder: Path):
    make_project(tmp_path, {"r1": TABLES, "r2": DROPS_A_COLUMN})

    outcome = guard("release", with_rows, backup=DumpInto(folder), **COLUMN)

    assert outcome.exit_code == ExitCode.CLEAR, told(outcome)
    made = made_by(outcome)
    assert (made.tables, made.rows) == (("public.Order Items",), (TableRows("public.Order Items", 2),))
    [stage] = (stage for stage in outcome.record.timeline if stage.check == "backup")
    assert "2 rows came back from it" in stage.summary
    # A function that takes a row of a table that is not in the dump cannot be made from it, and need not be.
    [unproved] = (each for each in outcome.record.unproved if "could not be made on the scratch server" in each)
    assert "type public.people does not exist" in unproved
    assert ask(with_rows, "select attname from pg_attribute where attname = 'note'") == []
    assert ask(restore_as_told(with_rows, made), 'select note from "Order Items" order by id') == [("a",), ("b",)]


def test_only_what_is_dropped_is_in_the_dump(guard: Guard, tmp_path: Path, with_rows: str, folder: Path):
    make_project(tmp_path, {"r1": TABLES, "r2": DROPS_A_COLUMN})

    made = made_by(guard("release", with_rows, backup=DumpInto(folder), **COLUMN))

    listed = subprocess.run(
        [installed_binaries() / "pg_restore", "--list", str(made.file)], capture_output=True, text=True, check=True
    ).stdout
    assert "TABLE DATA public Order Items" in listed
    assert not any(each in listed for each in ("TABLE public people", "TABLE public events", "VIEW"))


def test_a_plan_tells_of_the_backup_and_makes_none(guard: Guard, tmp_path: Path, with_rows: str, folder: Path):
    make_project(tmp_path, {"r1": TABLES, "r2": DROPS_A_COLUMN})

    outcome = guard("plan", with_rows, backup=DumpInto(folder), **COLUMN)

    assert outcome.exit_code == ExitCode.CLEAR, told(outcome)
    assert made_by(outcome) == Backup("dump", str(folder), ("public.Order Items",))
    [stage] = (stage for stage in outcome.record.timeline if stage.check == "data loss")
    assert "backed up before: public.Order Items" in stage.summary
    require_untouched(with_rows, folder)


def test_nothing_is_kept_where_nothing_is_dropped(guard: Guard, tmp_path: Path, with_rows: str, folder: Path):
    make_project(tmp_path, {"r1": TABLES, "r2": 'op.add_column("people", sa.Column("name", sa.Text))'})

    outcome = guard("release", with_rows, backup=DumpInto(folder), models=False)

    assert outcome.exit_code == ExitCode.CLEAR, told(outcome)
    assert outcome.record.backup is None
    assert not folder.exists()


def test_without_the_setting_there_is_no_backup(guard: Guard, tmp_path: Path, with_rows: str):
    make_project(tmp_path, {"r1": TABLES, "r2": DROPS_A_COLUMN})

    outcome = guard("release", with_rows, **COLUMN)

    assert outcome.exit_code == ExitCode.CLEAR, told(outcome)
    assert outcome.record.backup is None
    assert "backup" not in {stage.check for stage in outcome.record.timeline}


def test_a_table_that_is_gone_meanwhile_is_no_reason_to_dump_something_else(
    guard: Guard, tmp_path: Path, with_rows: str, folder: Path
):
    make_project(tmp_path, {"r1": TABLES, "r2": DROPS_A_COLUMN})

    def rename() -> None:
        execute(with_rows, 'alter table "Order Items" rename to items')

    outcome = guard("release", with_rows, at={Check.BACKUP: rename}, backup=DumpInto(folder), **COLUMN)

    assert 'STOP backup: the backup was not made: "public"."Order Items" is not there any more' in told(outcome)
    assert not list(folder.iterdir())


def test_a_table_that_somebody_keeps_is_not_waited_for_without_end(
    guard: Guard, tmp_path: Path, with_rows: str, folder: Path, monkeypatch: pytest.MonkeyPatch
):
    make_project(tmp_path, {"r1": TABLES, "r2": DROPS_A_COLUMN})
    monkeypatch.setattr(dump, "WAITS_FOR_LOCKS_SECONDS", 1)

    with psycopg.connect(with_rows) as somebody:
        keep = functools.partial(somebody.execute, 'lock table people, "Order Items"')
        outcome = guard("release", with_rows, at={Check.BACKUP: keep}, backup=DumpInto(folder), **COLUMN)
        somebody.rollback()

    assert "STOP backup: the server says: canceling statement due to lock timeout" in told(outcome)
    require_untouched(with_rows, folder)


def test_a_table_that_is_not_dumped_is_not_waited_for(guard: Guard, tmp_path: Path, with_rows: str, folder: Path):
    make_project(tmp_path, {"r1": TABLES, "r2": DROPS_A_COLUMN})

    with psycopg.connect(with_rows) as somebody:
        at = {
            Check.BACKUP: functools.partial(somebody.execute, "lock table people, events"),
            Check.APPLY: somebody.rollback,
        }
        outcome = guard("release", with_rows, at=at, backup=DumpInto(folder), **COLUMN)

    assert outcome.exit_code == ExitCode.CLEAR, told(outcome)


def test_what_is_not_allowed_is_not_dropped_for_all_that(guard: Guard, tmp_path: Path, with_rows: str, folder: Path):
    make_project(tmp_path, {"r1": TABLES, "r2": DROPS_A_COLUMN})

    outcome = guard("release", with_rows, backup=DumpInto(folder), models=False)

    assert outcome.exit_code == ExitCode.STOP
    require_untouched(with_rows, folder)


@pytest.mark.usefixtures("no_embedded_programs")
@pytest.mark.parametrize("what", ["plan", "release"])
def test_a_missing_pg_dump_is_known_before_the_gate(
    guard: Guard, tmp_path: Path, with_rows: str, folder: Path, monkeypatch: pytest.MonkeyPatch, what: str
):
    make_project(tmp_path, {"r1": TABLES, "r2": DROPS_A_COLUMN})
    monkeypatch.setenv("PATH", str(tmp_path))

    outcome = guard(what, with_rows, backup=DumpInto(folder), **COLUMN)

    assert outcome.exit_code == ExitCode.STOP
    assert "STOP data loss: a backup needs pg_dump of PostgreSQL 18 or later, and none is here" in told(outcome)
    assert "backup" not in {stage.check for stage in outcome.record.timeline}
    require_untouched(with_rows, folder)


@pytest.mark.usefixtures("no_embedded_programs")
def test_a_pg_dump_that_is_too_old_is_none(
    guard: Guard,
    tmp_path: Path,
    with_rows: str,
    folder: Path,
    fake_program: FakeProgram,
    monkeypatch: pytest.MonkeyPatch,
):
    make_project(tmp_path, {"r1": TABLES, "r2": DROPS_A_COLUMN})
    monkeypatch.setenv("PATH", str(tmp_path))
    fake_program("pg_dump", "exit 1", version="13.4 (Debian 13.4-1)")

    outcome = guard("plan", with_rows, backup=DumpInto(folder), **COLUMN)

    assert "needs pg_dump of PostgreSQL 18 or later, and the newest here is of 13.4; nothing was" in told(outcome)


def test_the_embedded_pg_dump_takes_the_place_of_one_that_is_too_old(
    guard: Guard, tmp_path: Path, with_rows: str, folder: Path, fake_program: FakeProgram
):
    make_project(tmp_path, {"r1": TABLES, "r2": DROPS_A_COLUMN})
    fake_program("pg_dump", "exit 1", version="13.4")
    fake_program("pg_restore", "exit 1", version="not a version")

    assert guard("release", with_rows, backup=DumpInto(folder), **COLUMN).exit_code == ExitCode.CLEAR


@pytest.mark.parametrize("what", ["plan", "release"])
def test_a_folder_that_cannot_be_written_is_known_before_the_gate(
    guard: Guard, tmp_path: Path, with_rows: str, folder: Path, what: str
):
    make_project(tmp_path, {"r1": TABLES, "r2": DROPS_A_COLUMN})
    (tmp_path / "file").touch()

    outcome = guard(what, with_rows, backup=DumpInto(tmp_path / "file" / "backups"), **COLUMN)

    assert outcome.exit_code == ExitCode.STOP
    assert "STOP data loss: no backup can be written to" in told(outcome)
    require_untouched(with_rows, folder)


BROKEN = {
    "cut off, and said to be well": ('"$real" "$@" && truncate -s -40 "$file"', "the backup does not restore: "),
    "cut off in its table of contents": ('"$real" "$@" && truncate -s 300 "$file"', "the backup does not restore: "),
    "empty, and said to be well": ("exit 0", "the backup does not restore: "),
    "of something else": ('echo "select 1;" > "$file"', "the backup does not restore: "),
    "without the rows": (
        '"$real" "$@" --exclude-table-data=*',
        "the backup is not complete: 0 of 2 rows of public.Order Items came back from it",
    ),
    "without the table": (
        '"$real" "$@" --exclude-table=*',
        "the backup does not restore: public.Order Items does not come back from it; type public.people does not",
    ),
    "failed": (
        'echo "no room is left" >&2; exit 3',
        "the backup was not made: pg_dump ended with status 3: no room is left; nothing was",
    ),
    "failed at a query": (
        'echo "pg_dump: error: query failed: ERROR:  no lock" >&2; echo "pg_dump: detail: Query was: LOCK" >&2; exit 1',
        "the backup was not made: pg_dump ended with status 1: no lock; nothing was",
    ),
    "killed": ("kill -9 $$", "the backup was not made: pg_dump ended with status -9: it said nothing; nothing was"),
    "failed after it was written": (
        '"$real" "$@"; exit 1',
        "the backup was not made: pg_dump ended with status 1: it said nothing",
    ),
}


@pytest.mark.parametrize(("script", "message"), BROKEN.values(), ids=BROKEN.keys())
def test_a_dump_that_is_broken_is_no_backup(
    guard: Guard,
    tmp_path: Path,
    with_rows: str,
    folder: Path,
    fake_program: FakeProgram,
    script: str,
    message: str,
):
    make_project(tmp_path, {"r1": TABLES, "r2": DROPS_A_COLUMN})
    fake_program("pg_dump", script)

    outcome = guard("release", with_rows, backup=DumpInto(folder), **COLUMN)

    assert outcome.exit_code == ExitCode.STOP
    assert f"STOP backup: {message}" in told(outcome)
    assert "nothing was changed" in told(outcome)
    assert not made_by(outcome).is_made
    assert not outcome.record.applied
    require_untouched(with_rows, folder)


@pytest.mark.parametrize("script", ["exit 1", 'echo "pg_restore: error: it is broken" >&2', "kill -9 $$"])
def test_a_restore_that_fails_proves_no_backup(
    guard: Guard, tmp_path: Path, with_rows: str, folder: Path, fake_program: FakeProgram, script: str
):
    make_project(tmp_path, {"r1": TABLES, "r2": DROPS_A_COLUMN})
    fake_program("pg_restore", f'case "$*" in *=data*) {script} ;; *) "$real" "$@" ;; esac')

    outcome = guard("release", with_rows, backup=DumpInto(folder), **COLUMN)

    assert "STOP backup: the backup does not restore: " in told(outcome)
    require_untouched(with_rows, folder)


def as_owner_of_one_table(database: str) -> str:
    """Give a table to a role that may do nothing with the others, and the URL by which that one connects."""
    target = parse_url(database)
    owner = f"owner_of_{target.database}"
    execute(
        database,
        f"create role {owner} login password 'p'; grant create, usage on schema public, kinds to {owner};"
        f'alter table "Order Items" owner to {owner}; alter table alembic_version owner to {owner}',
    )
    return f"postgresql://{owner}:p@{target.host}:{target.port}/{target.database}"


def test_a_role_need_not_be_able_to_read_the_other_tables(guard: Guard, tmp_path: Path, with_rows: str, folder: Path):
    make_project(tmp_path, {"r1": TABLES, "r2": DROPS_A_COLUMN})

    outcome = guard("release", as_owner_of_one_table(with_rows), backup=DumpInto(folder), **COLUMN)

    assert made_by(outcome).rows == (TableRows("public.Order Items", 2),), told(outcome)


def test_what_policies_hide_from_the_role_is_not_left_out(guard: Guard, tmp_path: Path, with_rows: str, folder: Path):
    hides = 'alter table "Order Items" enable row level security; alter table "Order Items" force row level security;'
    execute(with_rows, hides)
    make_project(tmp_path, {"r1": f"{TABLES}\nop.execute('{hides}')", "r2": DROPS_A_COLUMN})

    outcome = guard("release", as_owner_of_one_table(with_rows), backup=DumpInto(folder), **COLUMN)

    assert "STOP backup: the server says: query would be affected by row-level security policy" in told(outcome)
    require_untouched(with_rows, folder)


def test_no_secret_is_among_the_words_of_a_program(
    guard: Guard, tmp_path: Path, with_rows: str, folder: Path, fake_program: FakeProgram
):
    make_project(tmp_path, {"r1": TABLES, "r2": DROPS_A_COLUMN})
    fake_program("pg_dump", f'echo "$@" > "{tmp_path}/words"; echo "it was $PGPASSWORD" >&2; exit 1')

    outcome = guard("release", with_rows, backup=DumpInto(folder), **COLUMN)

    assert parse_url(with_rows).password not in (tmp_path / "words").read_text()
    assert "pg_dump ended with status 1: it was ***" in told(outcome)


def test_an_interruption_ends_the_program_and_leaves_nothing(
    guard: Guard, tmp_path: Path, with_rows: str, folder: Path, fake_program: FakeProgram
):
    make_project(tmp_path, {"r1": TABLES, "r2": DROPS_A_COLUMN})
    fake_program(
        "pg_dump", f'sleep 60 & echo $! > "{tmp_path}/pid.new"; mv "{tmp_path}/pid.new" "{tmp_path}/pid"; wait'
    )
    interruption = threading.Thread(target=interrupt_when_there, args=[tmp_path / "pid"])
    interruption.start()

    outcome = guard("release", with_rows, backup=DumpInto(folder), **COLUMN)

    interruption.join()
    assert outcome.exit_code == ExitCode.INTERRUPTED
    assert "STOP backup: did not report" in told(outcome)
    assert is_gone(int((tmp_path / "pid").read_text()))
    require_untouched(with_rows, folder)


def interrupt_when_there(file: Path) -> None:
    deadline = time.monotonic() + 60
    while not file.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    os.kill(os.getpid(), signal.SIGINT)


def is_gone(pid: int) -> bool:
    """Whether a process has ended, within some seconds; one that only waits to be fetched has."""
    for _ in range(100):
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except OSError:
            return True
        time.sleep(0.05)
    return False


def a_command(tmp_path: Path, script: str) -> RunCommand:
    return RunCommand(("/bin/sh", "-c", script), tmp_path)


def test_a_command_that_succeeds_is_a_backup(guard: Guard, tmp_path: Path, with_rows: str):
    make_project(tmp_path, {"r1": TABLES, "r2": DROPS_TABLES})
    command = a_command(tmp_path, 'echo "$INTERLOCK_BACKUP_TABLES" > tables; echo "$DATABASE_URL" > url')

    outcome = guard("release", with_rows, backup=command, **ALL)

    assert outcome.exit_code == ExitCode.CLEAR, told(outcome)
    made = made_by(outcome)
    assert (made.way, made.place, made.is_made, made.file) == ("command", "/bin/sh", True, None)
    assert (tmp_path / "tables").read_text().splitlines() == [
        '"public"."Order Items"',
        '"public"."events"',
        '"public"."events_2024"',
        '"public"."events_later"',
    ]
    with psycopg.connect((tmp_path / "url").read_text().strip()) as connection:
        assert connection.info.dbname == parse_url(with_rows).database
    assert any("only its exit status was looked at" in each for each in outcome.record.unproved)


def test_nothing_is_changed_where_a_command_fails(guard: Guard, tmp_path: Path, with_rows: str, folder: Path):
    make_project(tmp_path, {"r1": TABLES, "r2": DROPS_A_COLUMN})

    outcome = guard("release", with_rows, backup=a_command(tmp_path, 'echo "no: $DATABASE_URL"; exit 7'), **COLUMN)

    assert outcome.exit_code == ExitCode.STOP
    assert "STOP backup: the backup was not made: /bin/sh ended with status 7: no: " in told(outcome)
    assert parse_url(with_rows).password not in told(outcome)
    require_untouched(with_rows, folder)


def test_a_command_that_is_not_there_is_no_backup(guard: Guard, tmp_path: Path, with_rows: str, folder: Path):
    make_project(tmp_path, {"r1": TABLES, "r2": DROPS_A_COLUMN})

    outcome = guard("release", with_rows, backup=RunCommand(("./no-such-script",), tmp_path), **COLUMN)

    assert "STOP backup: ./no-such-script cannot be run: No such file or directory" in told(outcome)
    require_untouched(with_rows, folder)


def test_a_command_that_does_not_end_is_ended(
    guard: Guard, tmp_path: Path, with_rows: str, folder: Path, monkeypatch: pytest.MonkeyPatch
):
    make_project(tmp_path, {"r1": TABLES, "r2": DROPS_A_COLUMN})
    monkeypatch.setattr(backup, "LIMIT_SECONDS", 0.3)
    # What it says is more than a pipe holds.
    command = a_command(tmp_path, "sleep 60 & echo $! > pid; yes | head -c 200000; wait")

    outcome = guard("release", with_rows, backup=command, **COLUMN)

    assert "STOP backup: /bin/sh had not ended after 0 s, and was ended" in told(outcome)
    assert is_gone(int((tmp_path / "pid").read_text()))
    require_untouched(with_rows, folder)
