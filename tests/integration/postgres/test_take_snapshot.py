"""Reading the catalog of a real server that does not make it easy."""

import contextlib
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg import errors, sql

from interlock.postgres import catalog
from interlock.postgres.catalog import ChangedMeanwhile, take_snapshot
from interlock.postgres.session import ServerRefused
from interlock.postgres.url import parse_url
from interlock.release.compare import compare
from interlock.schema.drift import find_drift
from interlock.schema.items import Column, Composite, Constraint, Table
from interlock.schema.name import Kind, Name
from interlock.schema.snapshot import Snapshot

TESTS = Path(__file__).parent.parent.parent
SPELLINGS = (
    "a b",
    "a.b",
    'a"b',
    "a'b",
    "x" * 63,
    "größe",
    "\N{GRINNING FACE}",
    "a\nb",
    "a\\b",
    "100%",
    "%s",
    "{x}",
    "select",
    "$1",
    ";--",
    " ",
    "\N{RIGHT-TO-LEFT OVERRIDE}",
)


@pytest.fixture
def session(database: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database, autocommit=True) as connection:
        yield connection


# A database that changes ---------------------------------------------------------------------------------------------

BURSTS = (
    (
        "create table {x} (id int primary key default 5, a text default lower('x'), check (id > 0))",
        "create index on {x} (lower(a)) where id > 1",
        "create view {x}_v as select id, a from {x}",
        "create rule r as on delete to {x} do instead nothing",
        "create policy p on {x} using (id > 3)",
        "alter table {x} rename a to b",
        "drop table {x} cascade",
    ),
    (
        "create type {x} as enum ('a')",
        "create function {x}_f() returns trigger language plpgsql as 'begin return new; end'",
        "create table {x}_t (m {x} default 'a', check (m <> 'a'))",
        "create trigger t before insert on {x}_t for each row execute function {x}_f()",
        "alter type {x} rename value 'a' to 'b'",
        "drop table {x}_t",
        "drop function {x}_f",
        "drop type {x}",
    ),
)


@contextmanager
def changing(database: str, pause_seconds: float) -> Iterator[None]:
    """Another two sessions make, rename and drop objects as long as this lasts, with a pause after each round."""
    done = threading.Event()

    def change(number: int) -> None:
        with psycopg.connect(database, autocommit=True) as connection:
            while not done.is_set():
                for statement in BURSTS[number]:
                    _execute_in_the_end(connection, statement.replace("{x}", f"x{number}"))
                done.wait(pause_seconds)

    threads = [threading.Thread(target=change, args=[number]) for number in range(len(BURSTS))]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        done.set()
        for thread in threads:
            thread.join()


def _execute_in_the_end(connection: psycopg.Connection, statement: str) -> None:
    """Execute a statement, again where the server ended it because it and a reader waited for each other."""
    while True:
        with contextlib.suppress(errors.DeadlockDetected):
            connection.execute(statement)
            return


def assert_whole(snapshot: Snapshot) -> None:
    """What is made in one order and dropped in the other is there in that order, and each text is there."""
    assert snapshot.unread == ()
    for name, item in snapshot.items.items():
        assert name.container is None or name.container in snapshot.containers, name
        assert getattr(item, "definition", "-"), item
        assert getattr(item, "query", "-"), item
        assert "???" not in str(item), item
    renamed = [item for item in snapshot if item.name == Name(Kind.COLUMN, "public", "x0", "b")]
    indexes = [item for item in snapshot if item.name.kind is Kind.INDEX and item.name.table == "x0"]
    for index in indexes:
        assert ("lower(b)" in str(index)) is bool(renamed), index


def test_a_schema_that_changes_while_it_is_read_is_read_whole(database, session):
    with changing(database, pause_seconds=2):
        for _ in range(30):
            assert_whole(take_snapshot(session))


def test_a_schema_that_never_stops_changing_is_not_read_and_that_is_said(database, session, monkeypatch):
    monkeypatch.setattr(catalog, "PATIENCE_SECONDS", 0.5)
    with changing(database, pause_seconds=0):
        for _ in range(5):
            with contextlib.suppress(ChangedMeanwhile):
                assert_whole(take_snapshot(session))


def test_what_another_session_only_writes_is_no_change(database, session, monkeypatch):
    session.execute("create table t (id int)")
    monkeypatch.setattr(catalog, "PATIENCE_SECONDS", 0.0)
    done = threading.Event()

    def write() -> None:
        with psycopg.connect(database, autocommit=True) as connection:
            while not done.is_set():
                connection.execute("insert into t values (1)")
                connection.execute("create temporary table mine (id int primary key, m text default 'x')")
                connection.execute("drop table mine")

    thread = threading.Thread(target=write)
    thread.start()
    try:
        assert all(len(take_snapshot(session)) == 3 for _ in range(10))
    finally:
        done.set()
        thread.join()


def test_an_error_that_stays_is_told_as_what_it_is(session):
    """A catalog at odds with itself says the same each time, and waiting for it to pass would be waiting for ever."""
    session.execute("create table t (id int); create view v as select id from t")
    session.execute("set allow_system_table_mods = on")
    session.execute("delete from pg_attribute where attrelid = 't'::regclass and attname = 'id'")
    began = time.monotonic()

    with pytest.raises(psycopg.Error) as raised:
        take_snapshot(session)

    assert time.monotonic() - began < catalog.PATIENCE_SECONDS / 2
    assert "run again" not in ServerRefused(raised.value).remedy


def test_a_table_that_somebody_else_holds_ends_in_one_clear_error(database, session):
    session.execute("create table t (id int); create index on t (lower(id::text))")
    session.execute("set lock_timeout = '200ms'")
    with psycopg.connect(database) as other:
        other.execute("lock table t in access exclusive mode")

        with pytest.raises(errors.LockNotAvailable) as raised:
            take_snapshot(session)

    assert "another session holds the lock" in ServerRefused(raised.value).remedy
    assert len(take_snapshot(session)) == 4


# A role that may not see everything ----------------------------------------------------------------------------------


@pytest.fixture
def everything(session) -> psycopg.Connection:
    """A database with every kind of object."""
    for script in ("every_kind.sql", "every_kind_18.sql"):
        session.execute((TESTS / script).read_text().encode())
    yield session
    session.execute("alter subscription from_far_away disable; drop subscription from_far_away")


@contextmanager
def as_powerless(database: str, owner: psycopg.Connection) -> Iterator[str]:
    """The URL of a role that may connect, and nothing else."""
    owner.execute("create role powerless login password 'x'")
    try:
        address = database.partition("@")[2]
        yield f"postgresql://powerless:x@{address}"
    finally:
        owner.execute("drop role powerless")


def test_a_role_without_any_rights_reads_the_same_as_the_superuser(database, everything):
    with as_powerless(database, everything) as url, psycopg.connect(url, autocommit=True) as powerless:
        ours, theirs = take_snapshot(everything), take_snapshot(powerless)

    assert ours == theirs
    assert theirs.unread == theirs.unmodelled == ()


def test_what_a_role_may_not_read_is_said_and_is_no_drift(database, session):
    session.execute("create function f() returns int language sql as 'select 1'")
    session.execute("revoke select on pg_catalog.pg_proc from public")
    with as_powerless(database, session) as url:
        comparison = compare(parse_url(database), parse_url(url))

    assert any("routines: permission denied for table pg_proc" in text for text in comparison.could_not_tell)
    assert not comparison.is_in_step
    assert not comparison.is_drift


# Names, sizes, encodings ---------------------------------------------------------------------------------------------

ONE_OF_EACH = """
create schema {name};
create type {name}.{name} as enum ({text}, 'x');
create domain {name}.{d} as text default {text} constraint {name} check (value <> {text});
create table {name}.{t} ({name} int primary key, {j} text not null default {text}, e {name}.{name} default {text},
                         constraint {c} check ({j} <> {text}));
create index {i} on {name}.{t} ({j}) where {j} = {text};
create sequence {name}.{s} owned by {name}.{t}.{name};
create view {name}.{v} as select {name}, {j} as {t} from {name}.{t} where {j} <> {text};
create function {name}.{name}({name} int default 1) returns int language sql as 'select 1';
create trigger {name} before insert on {name}.{t} for each row execute function public.unchanged();
create policy {name} on {name}.{t} using ({name} > 1);
create rule {name} as on delete to {name}.{t} do instead nothing;
create statistics {name}.{name} on {name}, {j} from {name}.{t};
create aggregate {name}.{s}(int) (sfunc = int4pl, stype = int, initcond = '0');
create collation {name}.{name} from "C";
create text search dictionary {name}.{name} (template = simple);
create operator family {name}.{name} using btree;
create publication {name} for table {name}.{t};
comment on column {name}.{t}.{name} is {text};
"""


def make_hostile(session: psycopg.Connection, spellings: tuple[str, ...]) -> None:
    session.execute("create function unchanged() returns trigger language plpgsql as 'begin return new; end'")
    for name in spellings:
        short = name.encode()[:60].decode(errors="ignore")
        names = {letter: sql.Identifier(letter + short) for letter in "cdijstv"}
        session.execute(sql.SQL(ONE_OF_EACH).format(name=sql.Identifier(name), text=sql.Literal(name), **names))


def test_names_of_every_spelling_are_read_as_they_are(server, session):
    make_hostile(session, SPELLINGS)
    snapshot = take_snapshot(session)
    other = server.create_database("other_order").as_text()
    with psycopg.connect(other, autocommit=True) as connection:
        make_hostile(connection, SPELLINGS[::-1])
        assert find_drift(snapshot, take_snapshot(connection)) == ()

    for name in SPELLINGS:
        short = "t" + name.encode()[:60].decode(errors="ignore")
        column = snapshot.items[Name(Kind.COLUMN, name, short, name)]
        assert column.comment == name
    assert snapshot.unmodelled == ()


def test_a_table_may_have_as_many_columns_as_there_can_be(session):
    columns = [f"c{number}" for number in range(1600)]
    session.execute(f"create table wide ({', '.join(f'{column} int default 7' for column in columns)})")
    session.execute("create view wide_view as select * from wide")

    snapshot = take_snapshot(session)

    for table in ("wide", "wide_view"):
        assert [each.name.item for each in snapshot.columns_of(Name(Kind.TABLE, "public", table))] == columns


def test_objects_of_one_name_in_many_schemas_are_told_apart(session):
    for number in range(200):
        session.execute(
            f"create schema s{number}; create type s{number}.s{number} as enum ('{number}');"
            f"create table s{number}.same (id int default {number} primary key);"
            f"create index same_i on s{number}.same (id)"
        )

    snapshot = take_snapshot(session)

    assert snapshot.items[Name(Kind.COLUMN, "s123", "same", "id")].default == "123"
    assert snapshot.items[Name(Kind.ENUM, "s123", "s123")].labels == ("123",)
    assert len(snapshot) == 1 + 200 * 6


def test_an_empty_database_has_nothing_but_its_schema(session):
    assert list(take_snapshot(session).items) == [Name(Kind.SCHEMA, "", "public")]
    session.execute("drop schema public")
    assert list(take_snapshot(session).items) == []


@contextmanager
def encoded(server, encoding: str) -> Iterator[psycopg.Connection]:
    name = f"in_{encoding.lower()}"
    with psycopg.connect(server.url().conninfo, autocommit=True) as owner:
        owner.execute(f"create database {name} template template0 encoding '{encoding}' lc_collate 'C' lc_ctype 'C'")
        try:
            with psycopg.connect(server.url(name).conninfo, autocommit=True) as connection:
                yield connection
        finally:
            owner.execute(f"drop database {name} with (force)")


def test_a_database_in_another_encoding_has_the_same_names(server, session):
    session.execute("create table größe (ä text default 'ö')")
    with encoded(server, "LATIN1") as latin:
        latin.execute("create table größe (ä text default 'ö')")
        assert find_drift(take_snapshot(session), take_snapshot(latin)) == ()


def test_a_database_without_an_encoding_is_read_whatever_its_bytes_are(server, session):
    statement = "create table größe (ä text default 'ö')"
    session.execute(statement)
    with encoded(server, "SQL_ASCII") as bare:
        bare.execute(statement.encode())
        assert find_drift(take_snapshot(session), take_snapshot(bare)) == ()
        bare.execute(b"create table gr\xf6sse (id int)")
        assert Name(Kind.TABLE, "public", "gr\udcf6sse") in take_snapshot(bare).items


# What a role or a database has set -----------------------------------------------------------------------------------

SETTINGS = {
    "datestyle": "'German, DMY'",
    "intervalstyle": "'sql_standard'",
    "timezone": "'Asia/Kathmandu'",
    "quote_all_identifiers": "on",
    "search_path": "hidden, public",
    "bytea_output": "'escape'",
    "xmlbinary": "'hex'",
    "extra_float_digits": "-15",
    "standard_conforming_strings": "off",
    "backslash_quote": "on",
    "escape_string_warning": "off",
    "default_transaction_read_only": "on",
    "default_transaction_isolation": "'serializable'",
    "default_transaction_deferrable": "on",
    "lc_monetary": "'C'",
    "client_min_messages": "'debug5'",
    "array_nulls": "off",
    "work_mem": "'64kB'",
    "plan_cache_mode": "'force_custom_plan'",
    "enable_hashjoin": "off",
}
PRINTED = """
create schema hidden;
create table hidden.t (
    id int,
    at timestamptz default '2024-02-03 04:05:06+00', day date default '2024-02-03',
    lasts interval default '1 day -2:03', ratio float default 0.1, raw bytea default '\\x00ff',
    path text default 'a\\b', list text[] default '{null,NULL}',
    cash money default '1.50',
    check (at > '2024-01-01 00:00+00' and day <> '2023-12-31'), check (path <> 'it''s \\')
);
create index on hidden.t (ratio) where at > '2024-01-01 00:00+00';
create view hidden.v as select id as "select", day + interval '1 day' as next from hidden.t where day > '2024-02-03';
create table hidden.p (at timestamptz) partition by range (at);
create table hidden.p1 partition of hidden.p for values from ('2024-01-01 00:00+00') to ('2024-02-01 00:00+00');
create function hidden.f(day date default '2024-02-03') returns date language sql begin atomic select day + 1; end;
"""


@pytest.mark.parametrize("setting", SETTINGS)
def test_what_a_database_has_set_changes_nothing_that_is_read(database, session, setting):
    session.execute(PRINTED)
    before = take_snapshot(session)
    name = session.info.dbname
    session.execute(f"alter database {name} set {setting} = {SETTINGS[setting]}")

    with psycopg.connect(database, autocommit=True) as other:
        assert find_drift(before, take_snapshot(other)) == ()


# What belongs to others, and what nobody reads -----------------------------------------------------------------------


def test_temporary_tables_of_other_sessions_are_not_read(database, session):
    with psycopg.connect(database, autocommit=True) as other:
        other.execute("create temporary table t (id int primary key, m text default 'x' check (m <> 'y'))")
        other.execute("create temporary view v as select id from t; create temporary sequence s")
        other.execute("create function pg_temp.f() returns int language sql as 'select 1'")
        other.execute("comment on table t is 'c'; comment on constraint t_pkey on t is 'k'; create index on t (m)")
        other.execute("create statistics pg_temp.st on id, m from t; create domain pg_temp.d as int check (value > 0)")
        snapshot = take_snapshot(session)

    assert len(snapshot) == 1
    assert snapshot.unmodelled == ()


def test_what_extensions_bring_is_theirs_and_what_users_put_beside_it_is_not(session):
    session.execute("create schema ours; create extension citext schema ours; create table ours.t (id ours.citext)")
    session.execute("create function ours.citext_of_ours() returns int language sql as 'select 1'")

    kinds = {(name.kind, name.table) for name in take_snapshot(session).items if name.schema == "ours"}

    assert kinds == {(Kind.TABLE, "t"), (Kind.COLUMN, "t"), (Kind.FUNCTION, "citext_of_ours()")}


def test_a_function_in_the_servers_own_schema_is_named_as_not_compared(session):
    session.execute("set allow_system_table_mods = on")
    session.execute("create function pg_catalog.ours() returns int language sql as 'select 1'")

    assert take_snapshot(session).unmodelled == ("function pg_catalog.ours()",)


def test_a_partition_that_is_half_detached_is_told(database, session):
    session.execute("create table p (id int) partition by list (id); create table p1 partition of p for values in (1)")
    session.execute("create table p2 partition of p for values in (2) partition by list (id)")
    session.execute("create table p2a partition of p2 for values in (2)")
    with psycopg.connect(database) as reader:
        reader.execute("select from p")
        session.execute("set statement_timeout = '500ms'")
        with pytest.raises(errors.QueryCanceled):
            session.execute("alter table p detach partition p1 concurrently")
    session.execute("reset statement_timeout")

    snapshot = take_snapshot(session)

    tables = {name.table: item for name, item in snapshot.items.items() if isinstance(item, Table)}
    assert {name: table.is_detaching for name, table in tables.items()} == {
        "p": False, "p1": True, "p2": False, "p2a": False
    }  # fmt: skip
    assert tables["p2a"].part_of == "public.p2 FOR VALUES IN (2)"


# Comments and grants -------------------------------------------------------------------------------------------------


def test_comments_are_kept_on_what_has_no_object_of_its_own(session):
    session.execute("create type pair as (a int, b int); comment on column pair.b is 'second'")
    session.execute("create table t (id int constraint here not null, constraint k primary key (id))")
    session.execute("comment on index k is 'behind'; comment on constraint here on t is 'there'")

    snapshot = take_snapshot(session)

    pair, key = snapshot.items[Name(Kind.COMPOSITE, "public", "pair")], Name(Kind.PRIMARY_KEY, "public", "t", "k")
    column = snapshot.items[Name(Kind.COLUMN, "public", "t", "id")]
    assert isinstance(pair, Composite)
    assert pair.attribute_comments == ("b: second",)
    assert isinstance(key := snapshot.items[key], Constraint)
    assert key.index_comment == "behind"
    assert isinstance(column, Column)
    assert column.not_null_comment == "there"


def test_a_comment_or_grant_on_what_is_not_read_is_named(session):
    session.execute("create table p (id int) partition by list (id); create table p1 partition of p for values in (1)")
    session.execute("create index i on p (id); comment on index p1_id_idx is 'copy'")
    session.execute(
        "create type span as range (subtype = time); revoke execute on function span(time, time) from public"
    )

    assert take_snapshot(session).unmodelled == (
        "comment or grant on function public.span(time without time zone,time without time zone)",
        "comment or grant on index public.p1_id_idx",
    )


def test_no_comment_is_lost_in_a_database_with_every_kind_of_object(everything):
    snapshot = take_snapshot(everything)
    told = " ".join(map(str, snapshot))

    rows = everything.execute(
        "select description from pg_description d where objoid >= 16384 and not exists"
        " (select from pg_depend e where e.classid = d.classoid and e.objid = d.objoid and e.deptype = 'e')"
    ).fetchall()

    assert len(rows) > 40
    assert [text for (text,) in rows if text not in told and repr(text)[1:-1] not in told] == []
