"""The command as people run it: a process of its own, its output read."""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import psycopg
import pytest

from interlock.postgres.embedded import EmbeddedServer
from tests.acceptance.environments import Builder

BUILDER = pytest.StashKey[Builder]()


@dataclass(frozen=True)
class Said:
    """What a command said, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return [line for line in (self.out + self.err).splitlines() if line.strip()]


Interlock = Callable[..., Said]


@pytest.fixture(scope="session")
def run_interlock(server: EmbeddedServer) -> Interlock:
    """Run the interlock command in a folder, with scratch databases on the tests' server."""

    def run(
        *arguments: str,
        folder: Path,
        database: str | None = None,
        command: list[str | Path] = [sys.executable, "-m", "interlock"],  # noqa: B006 - only read
        **environment: str,
    ) -> Said:
        named = {"DATABASE_URL": database} if database is not None else {}
        done = subprocess.run(
            [*command, *arguments],
            cwd=folder,
            env={**_clean(os.environ), "INTERLOCK_SCRATCH_URL": server.url().as_text(), **named, **environment},
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        return Said(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture
def interlock(run_interlock: Interlock, tmp_path: Path) -> Interlock:
    """Run the interlock command in the folder of this test."""
    return partial(run_interlock, folder=tmp_path)


def _clean(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if not name.startswith(("INTERLOCK_", "DATABASE_URL"))}


def execute(url: str, statement: str) -> None:
    """Run a statement on a database and commit it."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement)


def ask(url: str, query: str) -> list[tuple]:
    """Ask a database something."""
    with psycopg.connect(url, autocommit=True) as connection:
        return connection.execute(query).fetchall()


@pytest.hookimpl
def pytest_collection_finish(session: pytest.Session) -> None:
    """Begin to make the environments that the collected tests will want: it takes as long as they do."""
    marks = (mark for item in session.items for mark in item.iter_markers("environment"))
    wanted = list({environment.name: environment for mark in marks for environment in mark.args}.values())
    if wanted and not session.config.option.collectonly:
        session.config.stash[BUILDER] = Builder(session.config.cache.mkdir("environments"), wanted)


@pytest.fixture
def builder(request: pytest.FixtureRequest) -> Builder:
    """Where the virtual environments of real projects are made."""
    return request.config.stash[BUILDER]
