"""One release at a time per database and version table."""

import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from interlock.errors import ReleaseInProgress
from interlock.postgres.session import Connection

ASKS_EVERY_SECONDS = 0.5

# An advisory lock with a 64-bit key shows as two 32-bit halves, objsubid 1 (pg_locks, 53.13).
_HOLDER = """
select a.pid, a.usename, a.application_name, a.backend_start
  from pg_catalog.pg_locks l
  join pg_catalog.pg_stat_activity a on a.pid = l.pid
 where l.locktype = 'advisory' and l.granted and l.objsubid = 1
   and (l.classid::bigint << 32) | l.objid::bigint = %s
   and l.database = (select oid from pg_catalog.pg_database where datname = pg_catalog.current_database())
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


def release_lock_key(version_table: str) -> int:
    """The key of the lock: the same for everybody who releases by this version table, on every machine."""
    digest = hashlib.sha256(f"interlock release {version_table}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1  # pg_locks shows the key unsigned, so it stays positive


@contextmanager
def hold_release_lock(
    session: Connection, version_table: str, wait_seconds: float, on_wait: Callable[[Holder | None], None]
) -> Iterator[None]:
    """Let one release at a time touch this database. Raises ReleaseInProgress after the wait.

    The session must be one of its own: nothing else may run in it while the lock is held.
    """
    key = release_lock_key(version_table)
    # The server must not end an idle session that holds the lock (idle_session_timeout, 14 and later).
    session.execute("set idle_session_timeout = 0")
    deadline = time.monotonic() + wait_seconds
    # A waiting pg_advisory_lock would be a snapshot that CREATE INDEX CONCURRENTLY of the holder waits for,
    # which is a deadlock; so we ask again and again.
    while not _try_lock(session, key):
        holder = _holder(session, key)
        if time.monotonic() >= deadline:
            raise ReleaseInProgress(
                problem=f"{holder or 'another session'} is releasing to this database",
                remedy=f"wait until it is done and run again (waited {wait_seconds:.0f} s; see --lock-wait)",
            )
        on_wait(holder)
        time.sleep(ASKS_EVERY_SECONDS)
    try:
        yield
    finally:
        if not session.broken:
            session.execute("select pg_catalog.pg_advisory_unlock(%s)", [key])


def _try_lock(session: Connection, key: int) -> bool:
    row = session.execute("select pg_catalog.pg_try_advisory_lock(%s)", [key]).fetchone()
    return bool(row and row[0])


def _holder(session: Connection, key: int) -> Holder | None:
    row = session.execute(_HOLDER, [key]).fetchone()
    return Holder(*row) if row else None
