"""Who keeps a session waiting."""

from dataclasses import dataclass
from typing import Any

from interlock.postgres.session import Connection

SHOWS_OF_A_QUERY = 80

# The pid is 0 where a prepared transaction holds the lock.
_BLOCKERS = """
select distinct on (blocking.pid)
       blocking.pid, coalesce(b.usename, ''), coalesce(b.application_name, ''), coalesce(b.state, ''),
       coalesce(extract(epoch from pg_catalog.clock_timestamp()
                                   - coalesce(b.xact_start, b.query_start, b.backend_start))::float8, 0),
       coalesce(b.query, ''), coalesce(b.backend_type = 'autovacuum worker', false)
  from pg_catalog.pg_stat_activity w
 cross join lateral unnest(pg_catalog.pg_blocking_pids(w.pid)) as blocking (pid)
  left join pg_catalog.pg_stat_activity b on b.pid = blocking.pid
 where w.application_name = %s and w.datname = pg_catalog.current_database()
 order by blocking.pid
"""


@dataclass(frozen=True, slots=True)
class Blocker:
    """A session that holds a lock which another one waits for, or waits for it before that one.

    `seconds` is the age of its transaction.
    """

    pid: int
    user: str
    application: str
    state: str
    seconds: float
    query: str
    is_autovacuum: bool

    @property
    def prevents_wraparound(self) -> bool:
        """Whether it is an autovacuum that gives way to nobody (the manual, 24.1.6)."""
        return self.is_autovacuum and self.query.endswith("(to prevent wraparound)")

    def __str__(self) -> str:
        if not self.pid:
            return "a prepared transaction (see pg_prepared_xacts)"
        who = f"pid {self.pid}, user {self.user or 'none'}"
        query = " ".join(self.query.split())
        shown = query if len(query) <= SHOWS_OF_A_QUERY else query[:SHOWS_OF_A_QUERY] + "..."
        return f"{self.application or 'a session'} ({who}, {self.state or 'at work'} for {self.seconds:.0f} s: {shown})"


def read_blockers(connection: Connection, application: str) -> tuple[Blocker, ...]:
    """Name those who keep the sessions of an application waiting; of others' sessions a role may see the pid alone."""
    rows: list[tuple[Any, ...]] = connection.execute(_BLOCKERS, [application]).fetchall()
    return tuple(Blocker(*row) for row in rows)
