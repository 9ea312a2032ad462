"""Whether anybody but us uses a database while an application is asked, as far as the database knows."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from interlock.postgres.session import Connection, open_session
from interlock.postgres.url import DatabaseUrl

WAITS_SECONDS = 1.0
OURS = 2
"""The sessions that a release holds meanwhile, beside the one that looks: its own, and that of its lock."""

# What a role may not see of others' sessions is null. A session is counted when it has ended, at the latest. The
# readiness gate is the application's.
_SESSIONS = """
select count(*) filter (where is_ours),
       count(*) filter (where not is_ours),
       (select d.sessions from pg_catalog.pg_stat_database d where d.datname = pg_catalog.current_database())
  from pg_catalog.pg_stat_activity a
 cross join lateral (select a.application_name like 'interlock%' and a.application_name <> 'interlock gate') o (is_ours)
 where a.datname = pg_catalog.current_database() and a.usesysid is not null
   and coalesce(a.backend_type, 'client backend') = 'client backend' and a.pid <> pg_catalog.pg_backend_pid()
"""


class Visitors:
    """Looks at the sessions of others from a session of its own."""

    def __init__(self, session: Connection) -> None:
        self._session = session
        self._counted_before = self._count_ended()

    def has_come(self) -> bool | None:
        """Whether others have, or have had, a session since this was made; None where that cannot be known."""
        if self._counted_before is None:
            return None
        until = time.monotonic() + WAITS_SECONDS
        while True:
            _, others, ended = self._read()
            if others or ended > self._counted_before:
                return True
            if time.monotonic() > until:
                return False
            time.sleep(0.1)

    def _count_ended(self) -> int | None:
        """The sessions up to now, once those are counted that we had ourselves: the last may just have ended."""
        until = time.monotonic() + WAITS_SECONDS
        while time.monotonic() < until:
            ours, _, ended = self._read()
            if ours <= OURS:
                return ended if self._counts_at_once else self._count_late()
            time.sleep(0.02)
        return None

    @property
    def _counts_at_once(self) -> bool:
        # Before PostgreSQL 15 a process of its own counts, and writes down what it has counted twice a second.
        return self._session.info.server_version >= 150_000

    def _count_late(self) -> int:
        time.sleep(WAITS_SECONDS)
        return self._read()[2]

    def _read(self) -> tuple[int, int, int]:
        ours, others, ended = self._session.execute(_SESSIONS).fetchall()[0]
        return ours, others, ended


@contextmanager
def watch_visitors(url: DatabaseUrl) -> Iterator[Visitors]:
    """Look from now on who comes. Raises Unreachable."""
    with open_session(url) as session:
        yield Visitors(session)
