"""Scratch databases: where the chain is built, far away from the target."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager

from psycopg import sql

from interlock.postgres.embedded import run_throwaway_server
from interlock.postgres.session import Connection, open_session
from interlock.postgres.url import DatabaseUrl


@contextmanager
def open_scratch_server(configured: DatabaseUrl | None) -> Iterator[DatabaseUrl]:
    """Give a server for scratch databases: the configured one, else an embedded one that is thrown away."""
    if configured:
        yield configured
        return
    with run_throwaway_server() as server:
        yield server.url()


@contextmanager
def make_scratch_database(server: DatabaseUrl, like: Connection) -> Iterator[DatabaseUrl]:
    """Make an empty database that resolves names as the target does, and drop it at the end.

    A chain that says `create table users` makes it in the first schema of the search path; so the scratch
    database gets the target's path, and the schemas on it that the target has.
    """
    name = f"interlock_scratch_{secrets.token_hex(6)}"
    path, schemas = like.execute(_NAME_RESOLUTION).fetchall()[0]
    with open_session(server) as session:
        session.execute(sql.SQL("create database {} template template0").format(sql.Identifier(name)))
        try:
            # A search path is a list, and was printed by the server with the quotes that it needs.
            session.execute(
                sql.SQL("alter database {} set search_path to {}").format(sql.Identifier(name), sql.SQL(path))
            )
            with open_session(server.with_database(name)) as scratch:
                for schema in schemas:
                    scratch.execute(sql.SQL("create schema if not exists {}").format(sql.Identifier(schema)))
            yield server.with_database(name)
        finally:
            session.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))


_NAME_RESOLUTION = """
select coalesce(
           -- "$user" is the role that is connected, and that is another one on the scratch server.
           nullif(replace(current_setting('search_path'), '"$user"', quote_ident(current_user)), ''),
           '""'),
       current_schemas(false)::text[]
"""
