"""One release at a time per database and version table, its work on the server included."""

import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime

import psycopg

from interlock.errors import InterlockError, ReleaseInProgress
from interlock.postgres.session import Connection

ASKS_EVERY_SECONDS = 0.5

# An advisory lock with a 64-bit key shows as two 32-bit halves, objsubid 1 (pg_locks, 53.13).
_HOLDER = """
select a.pid, a.usename, a.application_name, a.backend_start
  from pg_catalog.pg_locks l
  join pg_catalog.pg_stat_activity a on a.pid = l.pid
 where l.locktype = 'advisory' and l.granted and l.objsubid = 1
   and (l.classid::bigint << 32) | l.objid::bigint = any(%s)
   and l.database = (select oid from pg_catalog.pg_database where datname = pg_catalog.current_database())
   and a.pid <> pg_catalog.pg_backend_pid()
 order by a.backend_start
"""


@dataclass(frozen=True, slots=True)
class Holder:
    """The session that holds the release lock."""

    pid: int
    user: str
    application: str
    since: datetime

    def __str__(self) -> str:
        return f"{self.application or 'a session'} (pid {self.pid}, {self.user}, since {self.since:%H:%M:%S})"


class LockLost(InterlockError):
    """The session that held the release lock is gone, so another release may be running by now."""

    def __init__(self) -> None:
        super().__init__(
            problem="the session that held the release lock has ended, so nothing more is done here",
            remedy="run it again: it finds out what was done; see who ended the session, a person or a pooler",
        )


LOOKS_EVERY_SECONDS = 0.2


class ReleaseLock:
    """The release lock of a database and version table, held or to be held by a session of its own.

    A statement outlives a runner that was killed, and the runner's own session does not. So each session that works
    for a release holds a second lock, shared, and nobody gets the first one as long as there is one of those.
    """

    def __init__(self, session: Connection, version_table: str) -> None:
        self._session, self._seen_at = session, 0.0
        self._key, self._work_key = _key(f"release {version_table}"), _key(f"work {version_table}")

    @property
    def shared_by_workers(self) -> str:
        """The statement that a session runs first that works for the release."""
        return f"select pg_catalog.pg_advisory_lock_shared({self._work_key})"

    def require(self) -> None:
        """Raise LockLost where the lock is held no more. Asked again within a moment, it looks once."""
        if time.monotonic() - self._seen_at < LOOKS_EVERY_SECONDS:
            return
        try:
            self._session.execute("select")
            self._seen_at = time.monotonic()
        except psycopg.OperationalError:
            raise LockLost from None

    def take(self) -> bool:
        if not self._call("pg_try_advisory_lock", self._key):
            return False
        if self._call("pg_try_advisory_lock", self._work_key):
            self._call("pg_advisory_unlock", self._work_key)
            return True
        self.free()
        return False

    def free(self) -> None:
        with suppress(psycopg.OperationalError):  # the server frees it when the session ends
            self._call("pg_advisory_unlock", self._key)

    def find_holder(self) -> Holder | None:
        row = self._session.execute(_HOLDER, [[self._key, self._work_key]]).fetchone()
        return Holder(*row) if row else None

    def _call(self, function: str, key: int) -> bool:
        row = self._session.execute(f"select pg_catalog.{function}(%s)", [key]).fetchone()
        return bool(row and row[0])


def _key(name: str) -> int:
    """The same number for everybody, on every machine."""
    digest = hashlib.sha256(f"interlock {name}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1  # pg_locks shows the key unsigned, so it stays positive


@contextmanager
def hold_release_lock(
    session: Connection, version_table: str, wait_seconds: float, on_wait: Callable[[Holder | None], None]
) -> Iterator[ReleaseLock]:
    """Let one release at a time touch this database. Raises ReleaseInProgress after the wait.

    The session must be one of its own: nothing else may run in it while the lock is held.
    """
    lock = ReleaseLock(session, version_table)
    deadline = time.monotonic() + wait_seconds
    # A waiting pg_advisory_lock would be a snapshot that CREATE INDEX CONCURRENTLY of the holder waits for,
    # which is a deadlock; so we ask again and again.
    while not lock.take():
        holder = lock.find_holder()
        if time.monotonic() >= deadline:
            raise ReleaseInProgress(
                problem=f"{holder or 'another session'} is releasing to this database",
                remedy=f"wait until it is done and run again (waited {wait_seconds:.0f} s; see --lock-wait)",
            )
        on_wait(holder)
        time.sleep(ASKS_EVERY_SECONDS)
    try:
        yield lock
    finally:
        lock.free()
