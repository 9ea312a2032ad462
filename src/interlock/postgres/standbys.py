"""The standbys of a server, and how far behind it they are."""

import time
from dataclasses import dataclass

from interlock.postgres.session import Connection

LOOKS_EVERY_SECONDS = 0.1

# A server that somebody else runs may keep its WAL to itself: where nobody streams from it, it is not asked.
_WRITTEN = """
select pg_catalog.pg_current_wal_insert_lsn()::text where exists (select from pg_catalog.pg_stat_replication)
"""

# A subscriber stands among the standbys, and so does a program that only fetches WAL, which has nothing to replay. Who
# may not see how far a standby is may not see its state either. What was written last can seem to end behind the
# header of a page that is still empty: 24 bytes that nobody replays, and no record is as short.
_STANDBYS = """
select coalesce(r.application_name, ''), coalesce(pg_catalog.host(r.client_addr), ''),
       case when behind.bytes <= 24 then 0 else behind.bytes end::bigint
  from pg_catalog.pg_stat_replication r
 cross join lateral pg_catalog.pg_wal_lsn_diff(%s::pg_lsn, r.replay_lsn) as behind (bytes)
 where (r.replay_lsn is not null or r.state is null)
   and not exists (select from pg_catalog.pg_replication_slots s where s.active_pid = r.pid and s.slot_type = 'logical')
 order by 1, 2
"""


@dataclass(frozen=True, slots=True)
class Standby:
    """One that streams from the server. `bytes_behind` is None where the role may not see how far it is."""

    application: str
    address: str
    bytes_behind: int | None

    @property
    def is_level(self) -> bool:
        return self.bytes_behind == 0

    def __str__(self) -> str:
        return f"{self.application or 'a standby'} ({self.address or 'on the same machine'})"


def read_written(session: Connection) -> str | None:
    """Ask how far the server has written by now; None where nobody streams from it."""
    row = session.execute(_WRITTEN).fetchone()
    return str(row[0]) if row else None


def wait_for_standbys(session: Connection, written: str, seconds: float) -> tuple[Standby, ...]:
    """Wait until every standby has replayed what was written, and give them as they are then."""
    deadline = time.monotonic() + seconds
    while True:
        standbys = tuple(Standby(*row) for row in session.execute(_STANDBYS, [written]).fetchall())
        lag = [each for each in standbys if each.bytes_behind]
        if not lag or time.monotonic() > deadline:
            return standbys
        time.sleep(LOOKS_EVERY_SECONDS)
