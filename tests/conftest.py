"""What every test may ask for: a real PostgreSQL server, and a fresh database on it."""

from collections.abc import Iterator
from itertools import count

import psycopg
import pytest

from interlock.postgres.embedded import EmbeddedServer, run_throwaway_server

_numbers = count(1)


@pytest.fixture(scope="session")
def server() -> Iterator[EmbeddedServer]:
    """A PostgreSQL server that is gone after the tests."""
    with run_throwaway_server() as running:
        yield running


@pytest.fixture
def database(server: EmbeddedServer) -> Iterator[str]:
    """The URL of an empty database that only this test uses."""
    name = f"test_{next(_numbers)}"
    url = server.create_database(name)
    yield url.as_text()
    with psycopg.connect(server.url().as_text(), autocommit=True) as connection:
        connection.execute(f"drop database {name} with (force)")
