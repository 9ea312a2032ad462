"""The roles of a server, made on another one as far as a schema names them."""

from collections.abc import Collection, Iterable
from contextlib import suppress

from psycopg import errors

from interlock.postgres.session import Connection
from interlock.schema.ddl.words import identifier


def read_roles(connection: Connection) -> Collection[str]:
    """The roles of a server, without those that PostgreSQL brings."""
    return [name for (name,) in connection.execute(r"select rolname from pg_catalog.pg_roles where rolname !~ '^pg_'")]


def make_roles(connection: Connection, roles: Iterable[str]) -> None:
    """Make the roles that are not there yet, as nobody who can log in: for grants, policies and owners to name.

    Where our role may not make any, what names them will say that they are not there.
    """
    there = set(read_roles(connection))
    lacking = sorted(role for role in set(roles) - there if not role.startswith("pg_"))
    with suppress(errors.InsufficientPrivilege):
        for role in lacking:
            # Another build on the same server may just have made it.
            with suppress(errors.DuplicateObject, errors.UniqueViolation):
                connection.execute(f"create role {identifier(role)} nologin".encode())
