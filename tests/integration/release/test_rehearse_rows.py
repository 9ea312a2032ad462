"""What fails on the target's rows fails before it is touched, where the settings let some rows be taken along."""

from collections.abc import Sequence
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

from interlock.errors import ExitCode
from interlock.release.rehearse_rows import Sampling
from tests.acceptance.conftest import ask, execute
from tests.alembic_project import make_project
from tests.integration.release.conftest import Guard, claim, told

TABLES = """
op.execute("create table owners (id int primary key, email text)")
op.execute("create table t (id int primary key, code text, n int, owner int,"
           " total int generated always as (n * 2) stored)")
op.execute("insert into owners values (1, 'seeded')")
"""
ROWS = 5_000
SAMPLE = {"models": False, "sampling": Sampling(rows=200, mask=frozenset({"public.owners.email"}))}


@pytest.fixture
def with_rows(database: str) -> str:
    """A database at the first revision. One row in the middle has no code, and two others have the same one."""
    claim(database, "r1")
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("create table owners (id int primary key, email text)")
        connection.execute(
            "create table t (id int primary key, code text, n int, owner int,"
            " total int generated always as (n * 2) stored)"
        )
        connection.execute("insert into owners select i, 'person' || i || '@example.com' from generate_series(1, 9) i")
        connection.execute(
            f"insert into t (id, code, n, owner) select i, 'c' || i, i, i % 9 + 1 from generate_series(1, {ROWS}) i"  # noqa: S608
        )
        connection.execute("update t set code = null where id = 3000")
        connection.execute("update t set code = 'c4000' where id = 4001")
        connection.execute("analyze")
    return database


FAILING = {
    "a null": (
        'op.execute("alter table t alter column code set not null")',
        'column "code" of relation "t" contains null',
    ),
    "two alike": ('op.execute("alter table t add constraint t_code unique (code)")', "could not create unique index"),
    "a value that does not fit": ('op.execute("alter table t alter column code type varchar(3)")', "value too long"),
}


@pytest.mark.parametrize(("revision", "message"), FAILING.values(), ids=FAILING.keys())
def test_what_would_fail_on_the_rows_is_told_before(
    guard: Guard, tmp_path: Path, with_rows: str, revision: str, message: str
):
    make_project(tmp_path, {"r1": TABLES, "r2": revision})

    assert guard("plan", with_rows, models=False).exit_code == ExitCode.CLEAR  # it says nothing without rows
    outcome = guard("release", with_rows, **SAMPLE)

    assert outcome.exit_code == ExitCode.STOP
    assert message in told(outcome)
    assert ask(with_rows, "select version_num from alembic_version") == [("r1",)]


def test_what_puts_the_rows_right_first_passes(guard: Guard, tmp_path: Path, with_rows: str):
    revision = """
op.execute("update t set code = 'none ' || id where code is null or id = 4001")
op.execute("alter table t alter column code set not null, add constraint t_code unique (code)")
op.execute("alter table t add constraint t_owner foreign key (owner) references owners")
"""
    make_project(tmp_path, {"r1": TABLES, "r2": revision})

    outcome = guard("release", with_rows, **SAMPLE)

    assert outcome.exit_code == ExitCode.CLEAR, told(outcome)
    [stage] = (stage for stage in outcome.record.timeline if stage.check == "rehearse")
    assert "rehearsed with" in stage.summary
    assert "of 2 tables" in stage.summary


def test_what_is_masked_never_leaves_the_server(guard: Guard, tmp_path: Path, with_rows: str):
    revision = """
found = op.get_bind().execute(sa.text("select string_agg(email, ' ') from owners where id > 1")).scalar()
if op.get_bind().engine.url.database.startswith("test_"):
    pass
elif found:
    raise RuntimeError("what was seen: " + found)
op.execute("alter table owners add column x int")
"""
    make_project(tmp_path, {"r1": TABLES, "r2": revision})

    outcome = guard("plan", with_rows, **SAMPLE)

    assert "what was seen: " in told(outcome)
    assert "example.com" not in told(outcome)


def test_what_cannot_be_masked_is_not_taken_along(guard: Guard, tmp_path: Path, with_rows: str):
    make_project(tmp_path, {"r1": TABLES, "r2": 'op.execute("alter table t add column x int")'})

    mask = frozenset({"public.t.n", "public.owner.email", "public.owners.email"})
    outcome = guard("plan", with_rows, models=False, sampling=Sampling(100, mask))

    assert outcome.exit_code == ExitCode.STOP
    assert "and public.owner.email, public.t.n is none" in told(outcome)


def test_rows_that_the_role_does_not_see_are_told(guard: Guard, tmp_path: Path, with_rows: str):
    enable = "alter table t enable row level security, force row level security"
    with psycopg.connect(with_rows, autocommit=True) as connection:
        connection.execute(enable)
        connection.execute("drop role if exists unprivileged")
        connection.execute("create role unprivileged login password 'secret'")
        connection.execute("grant all on schema public to unprivileged")
        for table in ("t", "owners", "alembic_version"):
            connection.execute(f"alter table {table} owner to unprivileged")
    url = make_url(with_rows).set(username="unprivileged", password="secret").render_as_string(hide_password=False)
    changes = 'op.execute("alter table t alter column code set not null")'
    make_project(tmp_path, {"r1": f'{TABLES}\nop.execute("{enable}")', "r2": changes})

    outcome = guard("plan", url, **SAMPLE)

    assert any("the rows of public.t: none could be taken along" in text for text in outcome.record.unproved)


def made_by(tables: Sequence[str], database: str) -> str:
    """Make tables in a database that is at the revision r1 then, and give that revision."""
    claim(database, "r1")
    for statement in tables:
        execute(database, statement)
    return "\n".join(f"op.execute({each!r})" for each in tables)


ADDS_KEY = 'op.execute("alter table t add constraint f foreign key (owner) references owners")'


def test_the_counterparts_of_rows_come_along(guard: Guard, tmp_path: Path, with_rows: str):
    with psycopg.connect(with_rows, autocommit=True) as connection:
        connection.execute("insert into owners select i, 'x' from generate_series(10, 20000) i")
        connection.execute("update t set owner = 19000")
        connection.execute("analyze")
    make_project(tmp_path, {"r1": TABLES, "r2": ADDS_KEY})

    outcome = guard("release", with_rows, models=False, sampling=Sampling(20))

    assert outcome.exit_code == ExitCode.CLEAR, told(outcome)
    assert not any("rows" in text for text in outcome.record.unproved)
    assert any("that they refer to" in stage.summary for stage in outcome.record.timeline)


def test_a_row_without_counterpart_is_found_wherever_it_is(guard: Guard, tmp_path: Path, with_rows: str):
    with psycopg.connect(with_rows, autocommit=True) as connection:
        connection.execute("update t set owner = 77 where id = 3456")
    make_project(tmp_path, {"r1": TABLES, "r2": ADDS_KEY})

    outcome = guard("release", with_rows, models=False, sampling=Sampling(20))

    assert outcome.exit_code == ExitCode.STOP
    assert 'violates foreign key constraint "f"' in told(outcome)
    assert ask(with_rows, "select version_num from alembic_version") == [("r1",)]


def test_a_revision_that_clears_orphans_away_first_passes(guard: Guard, tmp_path: Path, with_rows: str):
    with psycopg.connect(with_rows, autocommit=True) as connection:
        connection.execute("update t set owner = 77 where id = 3456")
    clears = 'op.execute("update t set owner = null where owner not in (select id from owners)")'
    make_project(tmp_path, {"r1": TABLES, "r2": f"{clears}\n{ADDS_KEY}"})

    outcome = guard("release", with_rows, models=False, sampling=Sampling(20))

    assert outcome.exit_code == ExitCode.CLEAR, told(outcome)


def test_counterparts_of_counterparts_come_along_and_a_backfill_finds_them(guard: Guard, tmp_path: Path, database: str):
    """Of a tree only the leaf would be sampled; its parents, and what they refer to, are found by their keys."""
    tables = (
        "create table regions (code varchar(9) primary key, name text)",
        "create table places (id int primary key, parent int references places, region varchar(9) references regions)",
        "create table visits (id int primary key, place int references places)",
    )
    backfills = """
op.execute("alter table visits add column region text")
op.execute("update visits set region = (select regions.name from places join places above on above.id = places.parent"
           " join regions on regions.code = above.region where places.id = place)")
op.execute("alter table visits alter column region set not null")
"""
    r1 = made_by(tables, database)
    with psycopg.connect(database, autocommit=True) as connection:
        # Keys with an apostrophe and a backslash in them.
        regions = r"insert into regions select concat(chr(39), '\', i), 'Region ' || i from generate_series(1, 5000) i"
        connection.execute(regions)
        connection.execute("insert into places select row_number() over (), null, code from regions")
        connection.execute("insert into places select 5000 + i, i, null from generate_series(1, 5000) i")
        connection.execute("insert into visits select i, 10000 from generate_series(1, 100) i")
        connection.execute("analyze")
    make_project(tmp_path, {"r1": r1, "r2": backfills})

    outcome = guard("release", database, models=False, sampling=Sampling(20))

    assert outcome.exit_code == ExitCode.CLEAR, told(outcome)


def test_a_counterpart_that_cannot_be_taken_along_is_no_finding(guard: Guard, tmp_path: Path, database: str):
    """The key is masked: of no row it is known what it refers to."""
    tables = (
        "create table people (name text primary key)",
        "create table letters (id int primary key, recipient text)",
    )
    r1 = made_by(tables, database)
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("insert into people select 'person ' || i from generate_series(1, 5000) i")
        connection.execute("insert into letters select i, 'person ' || i from generate_series(1, 5000) i")
        connection.execute("analyze")
    adds_key = 'op.execute("alter table letters add constraint f foreign key (recipient) references people")'
    make_project(tmp_path, {"r1": r1, "r2": adds_key})

    mask = frozenset({"public.people.name"})
    outcome = guard("release", database, models=False, sampling=Sampling(20, mask))

    assert outcome.exit_code == ExitCode.CLEAR, told(outcome)
    assert any("whether the rows let it pass" in text for text in outcome.record.unproved)


def test_columns_that_cannot_be_compared_yet_are_told_and_are_no_finding(guard: Guard, tmp_path: Path, database: str):
    """The foreign key is made after the column has got its type."""
    tables = ("create table owners (id int primary key)", "create table things (id int primary key, owner text)")
    r1 = made_by(tables, database)
    execute(database, "insert into owners select i from generate_series(1, 9) i")
    execute(database, "insert into things select i, i::text from generate_series(1, 9) i")
    execute(database, "analyze")
    revision = """
op.execute("alter table things alter column owner type int using owner::int")
op.execute("alter table things add constraint f foreign key (owner) references owners")
"""
    make_project(tmp_path, {"r1": r1, "r2": revision})

    outcome = guard("release", database, models=False, sampling=Sampling(20))

    assert outcome.exit_code == ExitCode.CLEAR, told(outcome)
    assert any("public.things.f will ask for: it could not be looked for" in each for each in outcome.record.unproved)


def test_a_long_chain_of_rows_is_not_taken_for_orphans(guard: Guard, tmp_path: Path, database: str):
    """Each row refers to the one after it: however many come along, the last of them lacks its counterpart there."""
    r1 = made_by(("create table versions (id int primary key, after int)",), database)
    execute(database, "insert into versions select i, nullif(i + 1, 5001) from generate_series(1, 5000) i")
    execute(database, "analyze")
    adds_key = 'op.execute("alter table versions add constraint f foreign key (after) references versions")'
    make_project(tmp_path, {"r1": r1, "r2": adds_key})

    outcome = guard("release", database, models=False, sampling=Sampling(3))

    assert outcome.exit_code == ExitCode.CLEAR, told(outcome)
