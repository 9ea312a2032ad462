"""A revision that got half-way: what of it stays is told, and what is in the way of the next run is taken away."""

from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

from interlock.errors import ExitCode
from tests.acceptance.conftest import ask
from tests.alembic_project import make_project
from tests.integration.release.conftest import Guard, claim, told

TABLE = 'op.create_table("t", sa.Column("id", sa.Integer, primary_key=True), sa.Column("n", sa.Integer))'
UNIQUE = """
with op.get_context().autocommit_block():
    op.create_index("t_n", "t", ["n"], unique=True, postgresql_concurrently=True)
"""


@pytest.fixture
def with_duplicates(tmp_path: Path, database: str) -> str:
    """A database at the first revision, where no unique index can be built."""
    make_project(tmp_path, {"r1": TABLE}).upgrade(database)
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("insert into t values (1, 1), (2, 1)")
    return database


def test_an_index_that_a_failed_build_left_is_dropped_and_built_again(
    guard: Guard, tmp_path: Path, with_duplicates: str
):
    database = with_duplicates
    make_project(tmp_path, {"r1": TABLE, "r2": UNIQUE})

    failed = guard("release", database, models=False)
    assert failed.exit_code == ExitCode.STOP
    assert ask(database, "select indisvalid from pg_index where indexrelid = 't_n'::regclass") == [(False,)]
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("update t set n = id")
    planned, released = (guard(what, database, models=False, lock_wait_seconds=10) for what in ("plan", "release"))

    [stage] = (stage for stage in planned.record.timeline if stage.check == "verify before")
    assert "dropped before another one: public.t.t_n" in stage.summary
    assert planned.exit_code == ExitCode.CLEAR
    assert released.exit_code == ExitCode.CLEAR, told(released)
    assert ask(database, "select indisvalid from pg_index where indexrelid = 't_n'::regclass") == [(True,)]


def test_an_index_that_is_not_valid_and_that_no_revision_makes_is_left_alone(
    guard: Guard, tmp_path: Path, with_duplicates: str
):
    make_project(tmp_path, {"r1": TABLE, "r2": 'op.add_column("t", sa.Column("note", sa.Text))'})
    with psycopg.connect(with_duplicates, autocommit=True) as connection, pytest.raises(psycopg.Error):
        connection.execute("create unique index concurrently by_hand on t (n)")

    assert guard("release", with_duplicates, models=False).exit_code == ExitCode.STOP
    assert ask(with_duplicates, "select to_regclass('by_hand')::text") == [("by_hand",)]


def test_what_a_failed_revision_committed_is_named(guard: Guard, tmp_path: Path, with_duplicates: str):
    revision = """
with op.get_context().autocommit_block():
    op.execute("create table counted (n int)")
op.execute("insert into counted values (1)")
op.execute("commit")
op.execute("insert into counted values (2)")
"""
    make_project(tmp_path, {"r1": TABLE, "r2": revision + UNIQUE})

    found = told(guard("release", with_duplicates, models=False))

    assert "of this revision 3 statements committed before stay: create table counted (n int)" in found
    assert "the database is at r1" in found


CUT = """
def cut(number):
    if op.get_bind().engine.url.database.startswith("test_") and int(open({flag!r}).read()) == number:
        raise RuntimeError("cut short")
"""
LONG_REVISION = """
cut(0)
op.add_column("t", sa.Column("m", sa.Integer))
cut(1)
with op.get_context().autocommit_block():
    cut(2)
    op.execute("create type mood as enum ('sad')")
    cut(3)
    op.execute("alter type mood add value 'ok'")
    cut(4)
    while op.get_bind().execute(
        sa.text("update t set m = n where id in (select id from t where m is null and n is not null limit 2)")
    ).rowcount:
        cut(5)
    op.create_index("t_m", "t", ["m"], postgresql_concurrently=True)
    cut(6)
op.execute("create table u (t_id int, mood mood default 'ok')")
cut(7)
op.execute("insert into u select id from t")
op.create_foreign_key("u_t", "u", "t", ["t_id"], ["id"])
with op.get_context().autocommit_block():
    cut(8)
    op.drop_index("t_n", "t", postgresql_concurrently=True)
    op.execute("alter table u alter column mood drop default")
    cut(9)
"""
WANTED = """
select (select count(*) || '/' || sum(m) from t), (select count(*) from u),
       (select array_agg(relname order by relname)::text[] from pg_class where relnamespace = 'public'::regnamespace),
       (select array_agg(enumlabel::text order by enumsortorder) from pg_enum),
       (select version_num from alembic_version)
"""


@pytest.fixture
def long_chain(tmp_path: Path, database: str) -> Path:
    """A database at the first revision of two; give the file that says where the second one is cut short."""
    flag = tmp_path / "cut_at"
    flag.write_text("-1")
    first = f'{TABLE}\nop.create_index("t_n", "t", ["n"])'
    cut_short_project(tmp_path, first, LONG_REVISION, flag)
    claim(database, "r1")
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("create table t (id serial primary key, n int)")
        connection.execute("create index t_n on t (n)")
        connection.execute("insert into t select i, i from generate_series(1, 9) i")
    return flag


def test_a_revision_that_commits_in_between_goes_on_where_it_was_cut_short(
    guard: Guard, long_chain: Path, database: str
):
    seen = []
    for number in range(10):
        long_chain.write_text(str(number))
        outcome = guard("release", database, models=False)
        assert outcome.exit_code == ExitCode.STOP
        assert "cut short" in told(outcome)
        [stage] = (stage for stage in outcome.record.timeline if stage.check == "verify before")
        seen.append(stage.summary.partition("goes on after ")[2])
    long_chain.write_text("-1")
    planned, released = (guard(what, database, models=False) for what in ("plan", "release"))

    assert planned.exit_code == released.exit_code == ExitCode.CLEAR, told(planned) + told(released)
    # The changes of the schema that are done, and the batches, of which the last one finds nothing to do.
    assert seen == ["", "", "", "1 statement", *(f"{number} statements" for number in (2, 3, 4, 10, 10, 13))]
    assert "goes on after 15 statements" in planned.record.timeline[-3].summary
    assert ask(database, WANTED) == [
        (
            "9/45",
            9,
            ["alembic_version", "alembic_version_pkey", "t", "t_id_seq", "t_m", "t_pkey", "u"],
            ["sad", "ok"],
            "r2",
        )
    ]


@pytest.mark.parametrize("number", [2, 5, 6, 8])
def test_wherever_it_is_cut_short_one_more_run_is_enough(guard: Guard, long_chain: Path, database: str, number: int):
    long_chain.write_text(str(number))
    assert guard("release", database, models=False).exit_code == ExitCode.STOP
    long_chain.write_text("-1")
    outcome = guard("release", database, models=False)

    assert outcome.exit_code == ExitCode.CLEAR, told(outcome)
    assert ask(database, WANTED) == [
        (
            "9/45",
            9,
            ["alembic_version", "alembic_version_pkey", "t", "t_id_seq", "t_m", "t_pkey", "u"],
            ["sad", "ok"],
            "r2",
        )
    ]


def cut_short_project(folder: Path, first: str, revision: str, flag: Path) -> None:
    """A project whose second revision fails on the target where the file says it."""
    project = make_project(folder, {"r1": first, "r2": revision})
    for script in (project.folder / "migrations/versions").glob("r2*.py"):
        script.write_text(script.read_text().replace("def upgrade", CUT.format(flag=str(flag)) + "\n\ndef upgrade"))


APPENDS = """
with op.get_context().autocommit_block():
    for number in range(3):
        op.get_bind().execute(sa.text("insert into t values (:id, 1)"), {"id": number})
        cut(number)
op.execute("update t set n = n + 1")
op.execute("commit")
cut(3)
op.add_column("t", sa.Column("m", sa.Integer))
"""


@pytest.mark.parametrize("number", range(4))
def test_rows_are_not_written_twice(guard: Guard, tmp_path: Path, database: str, number: int):
    flag = tmp_path / "cut_at"
    flag.write_text(str(number))
    claim(database, "r1")
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("create table t (id serial primary key, n int)")
    cut_short_project(tmp_path, TABLE, APPENDS, flag)

    assert guard("release", database, models=False).exit_code == ExitCode.STOP
    flag.write_text("-1")
    outcome = guard("release", database, models=False)

    assert outcome.exit_code == ExitCode.CLEAR, told(outcome)
    assert ask(database, "select id, n, m from t order by id") == [(number, 2, None) for number in range(3)]
    assert ask(database, "select count(*) from interlock_journal.statements") == [(0,)]
    assert guard("verify", database, models=False).exit_code == ExitCode.CLEAR


def test_what_a_statement_gave_that_is_done_is_not_made_up(guard: Guard, tmp_path: Path, database: str):
    flag = tmp_path / "cut_at"
    flag.write_text("0")
    claim(database, "r1")
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("create table t (id serial primary key, n int)")
    revision = """
with op.get_context().autocommit_block():
    made = op.get_bind().execute(sa.text("insert into t values (1, 1) returning id")).scalar()
    cut(0)
op.execute("commit")
"""
    cut_short_project(tmp_path, TABLE, revision, flag)

    assert guard("release", database, models=False).exit_code == ExitCode.STOP
    flag.write_text("-1")
    outcome = guard("release", database, models=False)

    assert outcome.exit_code == ExitCode.STOP
    assert "what this statement gave then is not known: insert into t values (1, 1) returning id" in told(outcome)
    assert ask(database, "select count(*) from t") == [(1,)]


HALF_BY_ALEMBIC = """
with op.get_context().autocommit_block():
    op.execute("insert into t values (1, 1)")
    op.add_column("t", sa.Column("m", sa.Integer))
    op.add_column("t", sa.Column("o", sa.Integer))
"""


def test_what_others_left_half_done_is_not_guessed(guard: Guard, tmp_path: Path, database: str):
    make_project(tmp_path, {"r1": TABLE, "r2": HALF_BY_ALEMBIC})
    claim(database, "r1")
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("create table t (id serial primary key, n int)")
        connection.execute("alter table t add column m int")

    outcome = guard("release", database, models=False)

    assert outcome.exit_code == ExitCode.STOP
    assert "r2 was cut short after 1 statement that changed the schema, and which rows it wrote" in told(outcome)
    assert ask(database, "select count(*) from t") == [(0,)]


def test_what_others_left_half_done_is_finished_where_it_writes_no_rows(guard: Guard, tmp_path: Path, database: str):
    make_project(
        tmp_path, {"r1": TABLE, "r2": HALF_BY_ALEMBIC.replace('op.execute("insert into t values (1, 1)")', "")}
    )
    claim(database, "r1")
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("create table t (id serial primary key, n int)")
        connection.execute("alter table t add column m int")

    outcome = guard("release", database, models=False)

    assert outcome.exit_code == ExitCode.CLEAR, told(outcome)
    assert ask(database, "select to_regclass('interlock_journal.statements')") == [(None,)]


def test_a_role_that_may_make_no_journal_releases_and_is_told(guard: Guard, tmp_path: Path, database: str):
    make_project(tmp_path, {"r1": TABLE, "r2": HALF_BY_ALEMBIC})
    claim(database, "r1")
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("create table t (id serial primary key, n int)")
        connection.execute("drop role if exists limited")
        connection.execute("create role limited login password 'secret'")
        connection.execute("grant create, usage on schema public to limited")
        connection.execute("alter table t owner to limited")
        connection.execute("alter table alembic_version owner to limited")
    limited = make_url(database).set(username="limited", password="secret").render_as_string(hide_password=False)

    outcome = guard("release", limited, models=False)

    assert outcome.record.applied[0].is_done, told(outcome)
    assert any("the role may make no journal" in text for text in outcome.record.unproved)


ADDS_ROW = "create function add_row() returns int language sql as 'insert into t (n) values (1) returning id'"


def test_a_function_that_writes_is_not_called_twice(guard: Guard, tmp_path: Path, database: str):
    flag = tmp_path / "cut_at"
    flag.write_text("0")
    first = f'{TABLE}\nop.execute("""{ADDS_ROW}""")'
    revision = """
with op.get_context().autocommit_block():
    op.execute("select count(*) from t")
    op.execute("select add_row()")
    cut(0)
op.add_column("t", sa.Column("m", sa.Integer))
"""
    claim(database, "r1")
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("create table t (id serial primary key, n int)")
        connection.execute(ADDS_ROW)
    cut_short_project(tmp_path, first, revision, flag)

    assert guard("release", database, models=False).exit_code == ExitCode.STOP
    flag.write_text("-1")
    outcome = guard("release", database, models=False)

    assert "what this statement gave then is not known: select add_row()" in told(outcome)
    assert ask(database, "select count(*) from t") == [(1,)]


def test_a_revision_that_only_reads_before_its_end_needs_no_journal(guard: Guard, tmp_path: Path, database: str):
    revision = """
with op.get_context().autocommit_block():
    op.execute("select count(*) from t")
op.add_column("t", sa.Column("m", sa.Integer))
"""
    make_project(tmp_path, {"r1": TABLE, "r2": revision})

    assert guard("release", database, models=False).exit_code == ExitCode.CLEAR
    assert ask(database, "select to_regclass('interlock_journal.statements')") == [(None,)]


def test_a_statement_without_parameters_is_known_again(guard: Guard, tmp_path: Path, database: str):
    flag = tmp_path / "cut_at"
    flag.write_text("0")
    revision = """
with op.get_context().autocommit_block():
    bind = op.get_bind().execution_options(no_parameters=True)
    bind.exec_driver_sql("insert into t (n) values (100 % 7)")
    cut(0)
"""
    claim(database, "r1")
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("create table t (id serial primary key, n int)")
    cut_short_project(tmp_path, TABLE, revision, flag)

    assert guard("release", database, models=False).exit_code == ExitCode.STOP
    flag.write_text("-1")
    outcome = guard("release", database, models=False)

    assert outcome.exit_code == ExitCode.CLEAR, told(outcome)
    assert ask(database, "select count(*) from t") == [(1,)]


THREE = f"""
{TABLE}
op.create_index("t_n", "t", ["n"])
op.create_index("t_id_n", "t", ["id", "n"])
op.execute("create table p (id int) partition by range (id)")
op.execute("create table p1 partition of p for values from (0) to (10)")
"""
DETACHES = """
with op.get_context().autocommit_block():
    op.execute("alter table p detach partition p1 concurrently")
"""
WORKS_ON_INDEXES = """
with op.get_context().autocommit_block():
    op.execute("reindex index concurrently t_n")
    op.execute("drop index concurrently t_id_n")
    op.execute("create index concurrently if not exists t_new on t (n)")
"""
LEFT = """
select (select array_agg(relname::text order by relname) from pg_index join pg_class on oid = indexrelid
         where not indisvalid), (select array_agg(inhrelid::regclass::text) from pg_inherits where inhdetachpending)
"""


def cut_off(database: str, statement: str, used: str) -> None:
    """Run a statement that does not get to its end, because somebody uses the table."""
    with psycopg.connect(database) as user, psycopg.connect(database, autocommit=True) as connection:
        user.execute(used)
        connection.execute("set lock_timeout = '50ms'")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            connection.execute(statement)


@pytest.fixture
def with_leftovers(tmp_path: Path, database: str) -> str:
    """A database at the first revision, with what commands leave that were cut off."""
    make_project(tmp_path, {"r1": THREE}).upgrade(database)
    cut_off(database, "drop index concurrently t_id_n", "select from t")
    cut_off(database, "reindex index concurrently t_n", "insert into t values (1)")
    cut_off(database, "create index concurrently t_new on t (n)", "insert into t values (2)")
    cut_off(database, "alter table p detach partition p1 concurrently", "select from p")
    assert ask(database, LEFT) == [(["t_id_n", "t_n_ccnew", "t_new"], ["p1"])]
    return database


@pytest.mark.each_major
def test_what_was_cut_off_is_cleared_away_for_the_revision_that_comes_back_to_it(
    guard: Guard, tmp_path: Path, with_leftovers: str
):
    make_project(tmp_path, {"r1": THREE, "r2": DETACHES, "r3": WORKS_ON_INDEXES})

    outcome = guard("release", with_leftovers, models=False, lock_wait_seconds=10)

    assert outcome.exit_code == ExitCode.CLEAR, told(outcome)
    [stage] = (stage for stage in outcome.record.timeline if stage.check == "verify before")
    assert "and dropped before another one: public.t.t_n_ccnew, public.t.t_new; " in stage.summary
    assert "and dropped by its revision: public.t.t_id_n; " in stage.summary
    assert "and brought to its end: public.p1" in stage.summary
    assert ask(with_leftovers, LEFT) == [(None, None)]
    there = "select to_regclass('t_n')::text, to_regclass('t_new')::text, to_regclass('t_id_n')::text"
    assert ask(with_leftovers, there) == [("t_n", "t_new", None)]
    assert ask(with_leftovers, "select relispartition from pg_class where relname = 'p1'") == [(False,)]


def test_what_was_cut_off_and_no_revision_comes_back_to_is_told_with_its_way_out(
    guard: Guard, tmp_path: Path, with_leftovers: str
):
    make_project(tmp_path, {"r1": THREE, "r2": 'op.add_column("t", sa.Column("note", sa.Text))'})

    outcome = guard("release", with_leftovers, models=False)

    remedies = "; ".join(each.remedy for each in outcome.record.verdict.findings)
    assert outcome.exit_code == ExitCode.STOP
    assert "a REINDEX CONCURRENTLY left it" in remedies
    assert "a CREATE INDEX CONCURRENTLY left it" in remedies
    assert 'DROP INDEX CONCURRENTLY "public"."t_n_ccnew"' in remedies
    assert "interlock repair builds it again" in remedies
    assert 'ALTER TABLE public.p DETACH PARTITION "public"."p1" FINALIZE' in remedies
    assert ask(with_leftovers, LEFT) == [(["t_id_n", "t_n_ccnew", "t_new"], ["p1"])]
