"""Databases to damage: copies on a server that is kept between runs, dumps of them, and what a dump restores."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from interlock.postgres.embedded import EmbeddedServer, installed_binaries
from interlock.postgres.url import DatabaseUrl

ROLES = ("every reader", "every_owner")


class NotRestored(Exception):
    """A dump could not be restored without an error."""


@dataclass(frozen=True)
class Databases:
    """The databases of one server."""

    server: EmbeddedServer
    folder: Path

    def __contains__(self, name: str) -> bool:
        with self._connect() as connection:
            return bool(connection.execute("select from pg_database where datname = %s", [name]).rowcount)

    def url(self, name: str) -> DatabaseUrl:
        """Where a database is."""
        return self.server.url(name)

    def make_roles(self) -> None:
        """Make the roles that own something, or are granted something, in one of the projects or by some damage."""
        with self._connect() as connection:
            for role in ROLES:
                if not connection.execute("select from pg_roles where rolname = %s", [role]).rowcount:
                    connection.execute(sql.SQL("create role {}").format(sql.Identifier(role)))

    def make(self, name: str) -> DatabaseUrl:
        """Make an empty database in the place of whatever has that name."""
        self.drop(name)
        return self.server.create_database(name)

    def copy(self, template: str, name: str, afterwards: str = "") -> DatabaseUrl:
        """Copy a database, and run what a copy does not carry."""
        self.drop(name)
        with self._connect() as connection:
            connection.execute(
                sql.SQL("create database {} template {}").format(sql.Identifier(name), sql.Identifier(template))
            )
        if afterwards:
            with connected(self.url(name)) as connection:
                connection.execute(afterwards)
        return self.url(name)

    def drop(self, name: str) -> None:
        """Drop a database, should it be there, with its subscriptions, which would keep it."""
        if name not in self:
            return
        with connected(self.url(name)) as connection:
            subscriptions = connection.execute(
                "select subname from pg_subscription join pg_database d on d.oid = subdbid"
                " where datname = current_database()"
            ).fetchall()
            for (subscription,) in subscriptions:
                connection.execute(sql.SQL("drop subscription {}").format(sql.Identifier(subscription)))
        with self._connect() as connection:
            connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))

    def cpu_seconds(self) -> float:
        """What all sessions that ended have used, which is what their parent was told."""
        pid = (self.folder / "data" / "postmaster.pid").read_text().partition("\n")[0]
        fields = Path("/proc", pid, "stat").read_text().rpartition(")")[2].split()
        ticks_a_second = 100
        return (int(fields[13]) + int(fields[14])) / ticks_a_second

    @contextmanager
    def _connect(self) -> Iterator[psycopg.Connection]:
        with connected(self.server.url()) as connection:
            yield connection


@contextmanager
def connected(url: DatabaseUrl) -> Iterator[psycopg.Connection]:
    """Open a session in which each statement is a transaction."""
    with psycopg.connect(url.conninfo, autocommit=True) as connection:
        yield connection


def dump_schema(url: DatabaseUrl) -> str:
    """Dump a schema as the newest pg_dump does."""
    return _run("pg_dump", "--schema-only", f"--dbname={url.conninfo}")


def dump(url: DatabaseUrl) -> str:
    """Dump a database with its rows: those of Alembic's table are part of the truth."""
    return _run("pg_dump", f"--dbname={url.conninfo}")


def restore(dumped: str, url: DatabaseUrl) -> None:
    """Restore a dump; anything that could not be restored is an error."""
    _run("psql", "--quiet", "--no-psqlrc", "--set=ON_ERROR_STOP=1", f"--dbname={url.conninfo}", text=dumped)


def _run(program: str, *arguments: str, text: str | None = None) -> str:
    done = subprocess.run(
        [str(installed_binaries() / program), *arguments], input=text, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise NotRestored(f"{program}: {done.stderr.strip()}")
    return done.stdout
