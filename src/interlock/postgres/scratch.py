"""Scratch databases: where the chain is built, far away from the target."""

import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import psycopg
from psycopg import sql

from interlock.errors import Unreachable
from interlock.postgres.embedded import run_throwaway_server
from interlock.postgres.session import Connection, open_session
from interlock.postgres.url import DatabaseUrl

STAND_INS = Path(__file__).with_name("stand_ins")
"""The folder of extensions that have the functions of others by their names alone."""


@dataclass(frozen=True, slots=True)
class ScratchServer:
    """A server on which databases can be made and dropped again; roles only where it is thrown away with them."""

    url: DatabaseUrl
    is_thrown_away: bool

    @contextmanager
    def database_like(self, like: Connection | None) -> Iterator[DatabaseUrl]:
        """Make an empty database that resolves names as a session on the target does; drop it at the end.

        Without a target names are resolved as in a database that was just made.
        """
        # A server that is thrown away has an empty one already.
        with nullcontext(self.url) if self.is_thrown_away else _new_database_on(self.url) as url:
            _resolve_names(url, *(read_name_resolution(like) if like else _DEFAULT_RESOLUTION))
            yield url

    @contextmanager
    def empty_database(self) -> Iterator[Connection]:
        """Make an empty database, give a session on it, and drop it at the end."""
        with self.new_database() as url, open_session(url) as session:
            yield session

    def new_database(self) -> AbstractContextManager[DatabaseUrl]:
        """Make an empty database, and drop it at the end."""
        return _new_database_on(self.url)


@contextmanager
def open_scratch_server(server: DatabaseUrl | None) -> Iterator[ScratchServer]:
    """Use the server that is given, else run an embedded one that is thrown away at the end."""
    if server:
        yield ScratchServer(server, is_thrown_away=False)
    else:
        with run_throwaway_server() as embedded:
            _offer_stand_ins(embedded.url())
            yield ScratchServer(embedded.url(), is_thrown_away=True)


def _offer_stand_ins(server: DatabaseUrl) -> None:
    """Offer the extensions that most servers have and the embedded one is built without."""
    with open_session(server) as session:
        # From 18 on a server looks for extensions elsewhere too, where it has none itself.
        if session.info.server_version >= 180_000:
            path = sql.Literal(f"$system:{STAND_INS}")
            session.execute(sql.SQL("alter role current_user set extension_control_path = {}").format(path))


@contextmanager
def scratch_databases(server: DatabaseUrl | None) -> Iterator[Callable[[], AbstractContextManager[Connection]]]:
    """Give what makes empty databases, each with a session on it. A server is started when the first one is wanted."""
    with ExitStack() as resources:

        @cache
        def running() -> ScratchServer:
            return resources.enter_context(open_scratch_server(server))

        yield lambda: running().empty_database()


@contextmanager
def _new_database_on(server: DatabaseUrl) -> Iterator[DatabaseUrl]:
    name = f"interlock_scratch_{secrets.token_hex(6)}"
    with open_session(server) as session:
        _drop_orphans(server, session)
        # Held until the session ends: by it others see that somebody needs the database.
        session.execute("select pg_catalog.pg_advisory_lock(pg_catalog.hashtext(%s))", [name])
        session.execute(sql.SQL("create database {} template template0").format(sql.Identifier(name)))
        try:
            yield server.with_database(name)
        finally:
            _drop(server, session, name)


def _resolve_names(url: DatabaseUrl, path: str, schemas: Sequence[str]) -> None:
    """Give a scratch database a search path, and the schemas on it.

    A chain that says `create table users` makes it in the first schema of the path.
    """
    with open_session(url) as scratch:
        scratch.execute("select pg_catalog.set_config('search_path', %s, false)", [path])
        # For this role in this database: that has precedence over what the role has everywhere.
        scratch.execute(
            sql.SQL("alter role current_user in database {} set search_path from current").format(
                sql.Identifier(url.database)
            )
        )
        for schema in schemas:
            scratch.execute(sql.SQL("create schema if not exists {}").format(sql.Identifier(schema)))


def read_name_resolution(like: Connection) -> tuple[str, list[str]]:
    """How a session resolves names: its search path, and the schemas on it that are there."""
    path, schemas = like.execute(_NAME_RESOLUTION).fetchall()[0]
    return path, schemas


def _drop_orphans(server: DatabaseUrl, session: Connection) -> None:
    """Drop what a killed run left behind on this server."""
    for (name,) in session.execute(_ORPHANS).fetchall():
        _drop(server, session, name)


def _drop(server: DatabaseUrl, session: Connection, name: str) -> None:
    statement = sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name))
    # Whoever did not succeed, because the server is busy or went away, leaves it to the next run.
    with suppress(psycopg.OperationalError, Unreachable):
        try:
            session.execute(statement)
        except psycopg.errors.ObjectInUse:
            _drop_subscriptions(server.with_database(name))
            session.execute(statement)


def _drop_subscriptions(url: DatabaseUrl) -> None:
    """Drop the subscriptions that a chain made, which keep their database. Whom they subscribe to is not asked."""
    with open_session(url) as session:
        for (name,) in session.execute(_SUBSCRIPTIONS).fetchall():
            for action in ("alter subscription {} disable", "alter subscription {} set (slot_name = none)"):
                session.execute(sql.SQL(action).format(sql.Identifier(name)))
            session.execute(sql.SQL("drop subscription {}").format(sql.Identifier(name)))


_SUBSCRIPTIONS = """
select subname from pg_catalog.pg_subscription
 where subdbid = (select oid from pg_catalog.pg_database where datname = pg_catalog.current_database())
"""

# An advisory lock belongs to the database of the session that holds it, and runs may come by way of different ones:
# so pg_locks is asked, which shows them all. It has the key in two halves, the lower one as an unsigned number.
_ORPHANS = r"""
select datname from pg_catalog.pg_database
 where datname like 'interlock\_scratch\_%' and pg_catalog.pg_has_role(datdba, 'member')
   and not exists (select from pg_catalog.pg_locks
                    where locktype = 'advisory' and granted
                      and objid::bigint = pg_catalog.hashtext(datname::text)::bigint & 4294967295)
"""

# Said even so: the server, or the role on it, may have another default.
_DEFAULT_RESOLUTION = ('"$user", public', ["public"])

_NAME_RESOLUTION = """
-- $user, quoted or not, is the role that is connected, and that is another one on the scratch server.
select regexp_replace(current_setting('search_path'), '"[$]user"|[$]user', quote_ident(current_user), 'g'),
       current_schemas(false)::text[]
"""
