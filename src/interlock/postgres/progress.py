"""What the sessions of an application are at, and how far they are with it, where the server tells."""

import textwrap
from dataclasses import dataclass
from typing import Any

from interlock.hazards.sql import words_of
from interlock.postgres.session import Connection

SHOWS_OF_A_STATEMENT = 70

# The server counts blocks, then tuples, then the sessions that a concurrent build waits for; one at a time.
_WORK = """
select a.query, extract(epoch from pg_catalog.clock_timestamp() - a.query_start)::float8,
       coalesce(i.phase, c.phase, ''),
       case when i.lockers_total > i.lockers_done then 100.0 * i.lockers_done / i.lockers_total
            when i.tuples_total > 0 then 100.0 * i.tuples_done / i.tuples_total
            when i.blocks_total > 0 then 100.0 * i.blocks_done / i.blocks_total
            when c.heap_blks_total > 0 then 100.0 * c.heap_blks_scanned / c.heap_blks_total end::float8
  from pg_catalog.pg_stat_activity a
  left join pg_catalog.pg_stat_progress_create_index i on i.pid = a.pid
  left join pg_catalog.pg_stat_progress_cluster c on c.pid = a.pid
 where a.application_name = %s and a.datname = pg_catalog.current_database() and a.state = 'active'
 order by a.query_start
 limit 1
"""


@dataclass(frozen=True, slots=True)
class Work:
    """A statement that runs. `phase` is empty and `percent` None where the server does not tell."""

    statement: str
    seconds: float
    phase: str
    percent: float | None

    def __str__(self) -> str:
        shown = textwrap.shorten(words_of(self.statement), SHOWS_OF_A_STATEMENT, placeholder=" ...")
        share = "" if self.percent is None else f", {self.percent:.0f} %"
        phase = f": {self.phase}{share}" if self.phase else ""
        return f"{shown}{phase} ({self.seconds:.0f} s)"


def read_work(connection: Connection, application: str) -> Work | None:
    """What an application has run for longest at this moment; None where it runs nothing."""
    row: tuple[Any, ...] | None = connection.execute(_WORK, [application]).fetchone()
    return Work(*row) if row else None
