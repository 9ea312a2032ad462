"""What a snapshot says is enough to make the same database again."""

import pytest

from interlock.postgres.catalog import take_snapshot
from interlock.postgres.embedded import EmbeddedServer
from interlock.postgres.rebuild import as_rebuilt, rebuild
from interlock.schema.drift import Missing, find_drift
from interlock.schema.name import Kind
from interlock.schema.snapshot import Snapshot
from tests.integration.postgres.databases import a_database, run_script


@pytest.fixture(scope="module")
def every_kind(server: EmbeddedServer) -> Snapshot:
    with a_database(server) as connection:
        run_script(connection, "every_kind.sql", "every_kind_18.sql")
        # Its slot is of no use without the other server; without this the database could not be dropped.
        snapshot = take_snapshot(connection)
        connection.execute("drop subscription from_far_away")
        return snapshot


def _rebuilt(server: EmbeddedServer, snapshot: Snapshot) -> Snapshot:
    with a_database(server) as connection:
        rebuild(connection, snapshot, makes_roles=True)
        return as_rebuilt(take_snapshot(connection))


def test_only_what_holds_a_secret_cannot_be_made(server: EmbeddedServer, every_kind: Snapshot) -> None:
    with a_database(server) as connection:
        failed = rebuild(connection, every_kind, makes_roles=True)

    assert [each.name.kind for each in failed] == [Kind.USER_MAPPING, Kind.SUBSCRIPTION]


def test_a_rebuilt_database_differs_in_nothing_but_how_the_server_prints_a_list(
    server: EmbeddedServer, every_kind: Snapshot
) -> None:
    changes = find_drift(as_rebuilt(every_kind), _rebuilt(server, every_kind))

    assert {change.name.item or change.name.table for change in changes} == {
        # IN over a varchar is printed in another way when its print is read.
        *("known_code", "code_known", "users_code_some"),
        # Made by nobody.
        *("far_away for public", "from_far_away"),
    }


def test_what_was_rebuilt_is_rebuilt_the_same(server: EmbeddedServer, every_kind: Snapshot) -> None:
    once = _rebuilt(server, every_kind)

    assert find_drift(once, _rebuilt(server, once)) == ()


def test_only_what_is_named_is_made(server: EmbeddedServer, every_kind: Snapshot) -> None:
    wanted = [name for name in every_kind.items if name.path == "public.nothing_in_it"]
    with a_database(server) as connection:
        rebuild(connection, every_kind, wanted, makes_roles=True)
        made = take_snapshot(connection)

    assert [name for name in made.items if name.kind is not Kind.SCHEMA] == wanted


def test_a_view_on_views_and_a_function_that_needs_a_table_find_their_order(server: EmbeddedServer) -> None:
    with a_database(server) as connection:
        connection.execute(
            "create table zoo (id integer);"
            "create function animals() returns setof zoo language sql stable as 'select * from zoo';"
            "create view y as select * from animals(); create view x as select * from y;"
            "create view w as select * from x; alter table zoo add check (id > 0)"
        )
        snapshot = take_snapshot(connection)

    assert find_drift(snapshot, _rebuilt(server, snapshot)) == ()


def test_what_cannot_be_made_is_named_with_the_reason(server: EmbeddedServer) -> None:
    with a_database(server) as connection:
        connection.execute("create table a (id integer); create view b as select * from a")
        snapshot = take_snapshot(connection)
        without = snapshot.with_items({name: item for name, item in snapshot.items.items() if name.table != "a"})
    with a_database(server) as connection:
        failed = rebuild(connection, without)

    assert [str(each) for each in failed] == ['view public.b: relation "public.a" does not exist']


def test_roles_are_made_only_where_that_is_said(server: EmbeddedServer) -> None:
    with a_database(server) as connection:
        connection.execute("create role only_there; create table a (); alter table a owner to only_there")
        snapshot = take_snapshot(connection)
        connection.execute("drop owned by only_there; drop role only_there")
    with a_database(server) as connection:
        failed = rebuild(connection, snapshot)

    assert [str(each) for each in failed] == ['table public.a: role "only_there" does not exist']


def test_the_session_is_left_as_it_was(server: EmbeddedServer) -> None:
    with a_database(server) as connection:
        connection.execute("set search_path = elsewhere, public")
        rebuild(connection, Snapshot())
        (path,) = connection.execute("show search_path").fetchall()[0]

    assert path == "elsewhere, public"


def test_a_missing_table_is_missing_after_a_rebuild_too(server: EmbeddedServer, every_kind: Snapshot) -> None:
    without = every_kind.without_table("public", "nothing_in_it")

    changes = find_drift(as_rebuilt(every_kind), _rebuilt(server, without))

    assert "nothing_in_it" in {change.name.table for change in changes if isinstance(change, Missing)}
