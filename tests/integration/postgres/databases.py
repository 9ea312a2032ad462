"""Databases that a test makes for itself."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psycopg

from interlock.postgres.embedded import EmbeddedServer

_TESTS = Path(__file__).parent.parent.parent
_numbers = count(1)


@contextmanager
def a_database(server: EmbeddedServer, template: str = "template0") -> Iterator[psycopg.Connection]:
    """A database that is gone afterwards, and a session on it."""
    name = f"made_{next(_numbers)}"
    with psycopg.connect(server.url().conninfo, autocommit=True) as owner:
        owner.execute(f"create database {name} template {template}")
        try:
            with psycopg.connect(server.url(name).conninfo, autocommit=True) as connection:
                yield connection
        finally:
            owner.execute(f"drop database {name} with (force)")


def run_script(connection: psycopg.Connection, *scripts: str) -> None:
    for script in scripts:
        connection.execute((_TESTS / script).read_text().encode())
