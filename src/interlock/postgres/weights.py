"""How heavy tables of the live database are, how much they are used, and who holds them just now."""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

from psycopg import errors

from interlock.hazards.lock import LockMode
from interlock.hazards.statement import Holder, Weight
from interlock.postgres.session import Connection

LOOKS_FOR_SECONDS = 3
"""A table that somebody keeps to himself cannot be measured."""

SEEN_FOR_SECONDS = 24 * 3600.0
"""Statistics of less than a day do not show that nobody uses a table: what runs at night was not seen."""

_ROOTS = """
with recursive root as (
    select c.oid, n.nspname || '.' || c.relname as name
      from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where n.nspname || '.' || c.relname = any(%(tables)s) and c.relkind in ('r', 'p', 'm')
), tree as (
    select name, oid from root
     union
    select tree.name, i.inhrelid from tree join pg_catalog.pg_inherits i on i.inhparent = tree.oid
)
"""

# What is said of a table goes for its partitions and its children too. Statistics may be older than the rows.
_SIZES = f"""{_ROOTS}
select name, sum(pg_catalog.pg_table_size(c.oid))::bigint as bytes, sum(pg_catalog.pg_indexes_size(c.oid))::bigint,
       sum(greatest(c.reltuples, s.n_live_tup, 0))::bigint,
       sum(s.n_tup_ins + s.n_tup_upd + s.n_tup_del)::float8,
       sum(coalesce(s.seq_scan, 0) + coalesce(s.idx_scan, 0))::float8
  from tree
  join pg_catalog.pg_class c using (oid)
  left join pg_catalog.pg_stat_user_tables s on s.relid = c.oid
 group by name
"""  # noqa: S608 - of constants

_HOLDERS = f"""{_ROOTS}
select distinct name, a.pid, coalesce(a.usename, ''), coalesce(a.application_name, ''), l.mode,
       coalesce(extract(epoch from pg_catalog.now() - a.xact_start), 0)::float8
  from tree
  join pg_catalog.pg_locks l on l.relation = tree.oid and l.locktype = 'relation' and l.granted
  join pg_catalog.pg_stat_activity a on a.pid = l.pid
 where l.database = (select oid from pg_catalog.pg_database where datname = pg_catalog.current_database())
   and l.pid <> pg_catalog.pg_backend_pid()
 order by name, pid
"""  # noqa: S608 - of constants

# A server that has crashed begins to count anew. The counters of a database do not say when, those of the cluster do.
_SEEN_FOR = """
select extract(epoch from pg_catalog.clock_timestamp()
                          - greatest(d.stats_reset, w.stats_reset, pg_catalog.pg_postmaster_start_time()))::float8
  from pg_catalog.pg_stat_database d, pg_catalog.pg_stat_bgwriter w
 where d.datname = pg_catalog.current_database()
"""
_USUAL_ROW_BYTES = 64


def read_weights(connection: Connection, tables: Iterable[str]) -> dict[str, Weight]:
    """Weigh tables by name, as in `public.orders`. The connection must be in autocommit mode.

    What is not there is left out, and so is a table that somebody else keeps locked meanwhile.
    """
    wanted = sorted(set(tables))
    holders: dict[str, list[Holder]] = {}
    for name, pid, user, application, mode, age in connection.execute(_HOLDERS, {"tables": wanted}).fetchall():
        holder = Holder(pid, user, application, LockMode.of(mode), timedelta(seconds=age))
        holders.setdefault(name, []).append(holder)
    seen_for = connection.execute(_SEEN_FOR).fetchall()[0][0]
    return {row[0]: _weight(row, seen_for, tuple(holders.get(row[0], ()))) for row in _read_sizes(connection, wanted)}


def _read_sizes(connection: Connection, tables: list[str]) -> Iterator[tuple[Any, ...]]:
    """All in one look; one by one where somebody keeps one of them."""
    try:
        with connection.transaction():
            connection.execute(f"set local lock_timeout = '{LOOKS_FOR_SECONDS}s'".encode())
            rows = connection.execute(_SIZES, {"tables": tables}).fetchall()
    except errors.LockNotAvailable:
        half = len(tables) // 2
        if half:
            yield from _read_sizes(connection, tables[:half])
            yield from _read_sizes(connection, tables[half:])
    else:
        yield from rows


def _weight(row: tuple[Any, ...], seen_for: float, holders: tuple[Holder, ...]) -> Weight:
    name, size, index_size, rows, writes, reads = row
    if size and not rows:
        rows = size // _USUAL_ROW_BYTES  # nobody has counted yet
    is_known = writes is not None and (seen_for >= SEEN_FOR_SECONDS or writes + reads > 0)
    return Weight(
        table=name,
        bytes=size,
        rows=rows,
        index_bytes=index_size,
        writes_per_second=writes / seen_for if is_known else None,
        reads_per_second=reads / seen_for if is_known else None,
        holders=holders,
    )
