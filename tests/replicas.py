"""A primary that can be replicated, its standbys, and a door that leads to another server from one moment on."""

import os
import pwd
import select
import socket
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg

from interlock.postgres.embedded import EmbeddedServer, installed_binaries, run_server
from tests.majors import in_memory


@contextmanager
def run_primary() -> Iterator[EmbeddedServer]:
    """Run a server of its own that sends its rows on, by logical replication too."""
    with _folder() as folder:
        with run_server(folder, is_durable=False) as server, _connect(server) as connection:
            connection.execute("alter system set wal_level = 'logical'")
            connection.execute("alter system set wal_retrieve_retry_interval = '100ms'")
        with run_server(folder, is_durable=False) as server:
            yield server


@contextmanager
def run_standby(primary: EmbeddedServer, name: str) -> Iterator[EmbeddedServer]:
    """Run a standby that streams from a server, under this application_name."""
    with _folder() as folder:
        (folder / "password").write_text(primary.password)
        user = pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else None
        if user is not None:
            os.chown(folder, user, -1)
        source = f"{primary.url().as_text()}?application_name={name}"
        options = ["-D", str(folder / "data"), "-R", "-X", "stream", "-c", "fast", "--no-sync", "-d", source]
        subprocess.run([installed_binaries() / "pg_basebackup", *options], check=True, user=user, cwd="/")
        with run_server(folder, is_durable=False) as server:
            yield server


def promote(standby: EmbeddedServer) -> None:
    """Let a standby become a primary, with its own history from here on."""
    with _connect(standby) as connection:
        connection.execute("select pg_promote()")


class Door:
    """A port of this machine that leads to a server, until it is told to lead to another one."""

    def __init__(self, server: EmbeddedServer) -> None:
        self._leads_to = server.port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._admit, daemon=True).start()

    def lead_to(self, server: EmbeddedServer) -> None:
        """Cut every connection, and let new ones reach this server."""
        self._leads_to = server.port
        for each in (end for pair in self._pairs for end in pair):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._listener.close()

    def _admit(self) -> None:
        with suppress(OSError):  # it was closed
            while True:
                inside, _ = self._listener.accept()
                pair = (inside, socket.create_connection(("127.0.0.1", self._leads_to)))
                self._pairs.append(pair)
                threading.Thread(target=_carry, args=pair, daemon=True).start()


@contextmanager
def open_door(server: EmbeddedServer) -> Iterator[Door]:
    """Give a door to a server."""
    door = Door(server)
    try:
        yield door
    finally:
        door.lead_to(server)
        door.close()


def _carry(one: socket.socket, other: socket.socket) -> None:
    with one, other, suppress(OSError):
        while True:
            for each in select.select([one, other], [], [])[0]:
                said = each.recv(65536)
                if not said:
                    return
                (other if each is one else one).sendall(said)


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="interlock-", dir=in_memory(), ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def _connect(server: EmbeddedServer) -> psycopg.Connection:
    return psycopg.connect(server.url().as_text(), autocommit=True)
