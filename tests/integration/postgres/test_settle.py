"""A database that was dumped and restored is the same; one in which something changed is not."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import AbstractContextManager
from functools import partial

import psycopg
import pytest

from interlock.postgres.catalog import take_snapshot
from interlock.postgres.embedded import EmbeddedServer, installed_binaries
from interlock.postgres.settle import prints, recognise
from interlock.schema.drift import Change, find_drift
from interlock.schema.history import History, Moment
from interlock.schema.name import Kind
from interlock.schema.prints import recognise_known
from interlock.schema.snapshot import Snapshot
from tests.integration.postgres.databases import a_database, run_script

TABLE = """
create table orders (id integer primary key, status varchar(10) default 'new' check (status in ('new', 'paid')), total numeric);
create index orders_open on orders (id) where status in ('new', 'odd');
create view open_orders as select * from orders where status in ('new', 'x');
alter table orders enable row level security;
create policy few on orders using (status in ('a', 'b'));
create function note() returns trigger language plpgsql as 'begin return new; end';
create trigger noted before insert on orders for each row when (new.status in ('p', 'q')) execute function note();
create rule kept as on delete to orders where old.status in ('k', 'l') do instead nothing;
create domain code as varchar(3) check (value in ('x', 'y'));
create function many() returns bigint begin atomic select count(*) from orders where status in ('m', 'n'); end;
create statistics by_status on (status in ('s', 't')), total from orders;
"""  # noqa: E501


def _moved(server: EmbeddedServer, connection: psycopg.Connection, into: psycopg.Connection) -> None:
    """Dump a database and restore it into another one."""
    environment = {**os.environ, "PGPASSWORD": server.password}
    where = ["-h", "127.0.0.1", "-p", str(server.port), "-U", "interlock"]
    binaries = installed_binaries()
    dumped = subprocess.run(
        [binaries / "pg_dump", *where, "-Fc", "--no-subscriptions", connection.info.dbname],
        env=environment, check=True, capture_output=True,
    )  # fmt: skip
    # The user mapping's options and the like are restored too; "public" is there already.
    subprocess.run(
        [binaries / "pg_restore", *where, "-d", into.info.dbname],
        env=environment, check=False, input=dumped.stdout, capture_output=True,
    )  # fmt: skip


def _history(declared: Snapshot) -> History:
    return History((Moment(None, Snapshot()), Moment("0001", declared)))


def _differences(server: EmbeddedServer, declared: Snapshot, observed: Snapshot) -> tuple[Change, ...]:
    recognised = recognise(observed, _history(declared), partial(a_database, server))
    assert recognised.told == ()
    return find_drift(declared, recognised.snapshot)


@pytest.fixture
def made(server: EmbeddedServer) -> Iterator[psycopg.Connection]:
    with a_database(server) as connection:
        connection.execute(TABLE)
        yield connection


@pytest.fixture
def restored(server: EmbeddedServer, made: psycopg.Connection) -> Iterator[psycopg.Connection]:
    with a_database(server) as connection:
        _moved(server, made, connection)
        yield connection


def test_a_restored_database_prints_much_differently(made: psycopg.Connection, restored: psycopg.Connection) -> None:
    """What the other tests stand on: without it they would prove nothing."""
    altered = {change.name.kind for change in find_drift(take_snapshot(made), take_snapshot(restored))}

    assert altered >= {Kind.CHECK, Kind.INDEX, Kind.VIEW, Kind.POLICY, Kind.TRIGGER, Kind.RULE, Kind.DOMAIN_CONSTRAINT}


def test_a_restored_database_is_the_same(
    server: EmbeddedServer, made: psycopg.Connection, restored: psycopg.Connection
) -> None:
    assert _differences(server, take_snapshot(made), take_snapshot(restored)) == ()


def test_one_that_was_restored_twice_is_the_same(
    server: EmbeddedServer, made: psycopg.Connection, restored: psycopg.Connection
) -> None:
    with a_database(server) as again:
        _moved(server, restored, again)

        assert _differences(server, take_snapshot(made), take_snapshot(again)) == ()


def test_a_chain_that_was_written_for_a_restored_database_is_the_same(
    server: EmbeddedServer, made: psycopg.Connection, restored: psycopg.Connection
) -> None:
    assert _differences(server, take_snapshot(restored), take_snapshot(made)) == ()


def test_every_kind_of_object_is_the_same_after_a_restore(server: EmbeddedServer) -> None:
    with a_database(server) as whole, a_database(server) as moved:
        run_script(whole, "every_kind.sql", "every_kind_18.sql")
        whole.execute("drop subscription from_far_away")
        declared = take_snapshot(whole)
        _moved(server, whole, moved)
        observed = take_snapshot(moved)

    assert _differences(server, declared, observed) == ()


REALLY_CHANGED = {
    "check": "alter table orders drop constraint orders_status_check, add constraint orders_status_check "
    "check (status in ('new', 'sent'))",
    "index": "drop index orders_open; create index orders_open on orders (id) where status in ('new', 'even')",
    "view": "create or replace view open_orders as select * from orders where status in ('new', 'y')",
    "policy": "alter policy few on orders using (status in ('a', 'c'))",
    "rule": "create or replace rule kept as on delete to orders where old.status in ('k') do instead nothing",
    "default": "alter table orders alter column status set default 'old'",
    "routine": "create or replace function many() returns bigint "
    "begin atomic select count(*) from orders where status in ('m'); end",
    "domain": "alter domain code drop constraint code_check; alter domain code add check (value in ('x', 'z'))",
    "order": "alter table orders drop constraint orders_status_check, add constraint orders_status_check "
    "check (status in ('paid', 'new'))",
}


@pytest.mark.parametrize("change", REALLY_CHANGED.values(), ids=REALLY_CHANGED)
def test_what_was_really_changed_after_a_restore_stays_different(
    server: EmbeddedServer, made: psycopg.Connection, restored: psycopg.Connection, change: str
) -> None:
    restored.execute(change.encode())

    assert len(_differences(server, take_snapshot(made), take_snapshot(restored))) == 1


def test_another_attribute_that_differs_is_told_and_the_text_is_not(
    server: EmbeddedServer, made: psycopg.Connection, restored: psycopg.Connection
) -> None:
    restored.execute("comment on constraint orders_status_check on orders is 'by hand'")

    (change,) = _differences(server, take_snapshot(made), take_snapshot(restored))

    assert list(change.differences) == ["comment"]  # type: ignore[union-attr]


def test_an_older_form_of_the_chain_is_recognised_too(
    server: EmbeddedServer, made: psycopg.Connection, restored: psycopg.Connection
) -> None:
    older = take_snapshot(made)
    made.execute("create or replace view open_orders as select * from orders where status in ('new', 'z')")
    history = History((Moment(None, Snapshot()), Moment("0001", older), Moment("0002", take_snapshot(made))))

    recognised = recognise(take_snapshot(restored), history, partial(a_database, server))

    assert history.locate(recognised.snapshot).is_exact
    assert history.locate(recognised.snapshot).moments[-1].revision == "0001"


def test_where_the_texts_agree_no_scratch_database_is_made(made: psycopg.Connection) -> None:
    def never() -> AbstractContextManager[psycopg.Connection]:
        raise AssertionError("a scratch database was asked for")

    snapshot = take_snapshot(made)

    assert recognise(snapshot, _history(snapshot), never).snapshot == snapshot


def test_what_cannot_be_rebuilt_stays_different_and_is_told(
    server: EmbeddedServer, made: psycopg.Connection, restored: psycopg.Connection
) -> None:
    # As if it were made by something that the scratch server has not.
    declared, observed = (
        snapshot.with_items({name: item for name, item in snapshot.items.items() if name.item != "status"})
        for snapshot in (take_snapshot(made), take_snapshot(restored))
    )

    recognised = recognise(observed, _history(declared), partial(a_database, server))

    assert find_drift(declared, recognised.snapshot)

    assert any("could not be compared like with like: check constraint" in told for told in recognised.told)


def test_a_known_other_print_is_recognised_without_a_server(
    server: EmbeddedServer, made: psycopg.Connection, restored: psycopg.Connection
) -> None:
    declared, observed = take_snapshot(made), take_snapshot(restored)
    known = prints(declared, partial(a_database, server))

    assert find_drift(declared, recognise_known(observed, declared, known)) == ()


def test_a_really_changed_check_is_no_known_print(
    server: EmbeddedServer, made: psycopg.Connection, restored: psycopg.Connection
) -> None:
    known = prints(take_snapshot(made), partial(a_database, server))
    restored.execute(REALLY_CHANGED["check"].encode())

    observed = recognise_known(take_snapshot(restored), take_snapshot(made), known)

    assert [change.name.item for change in find_drift(take_snapshot(made), observed)] == ["orders_status_check"]


def test_only_what_is_printed_in_another_way_has_other_prints(server: EmbeddedServer, made: psycopg.Connection) -> None:
    known = prints(take_snapshot(made), partial(a_database, server))

    assert {name.item or name.table for name in known} >= {"orders_status_check", "orders_open", "open_orders"}
    assert "status" not in {name.item for name in known}
