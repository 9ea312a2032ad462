"""Rows on their way from a live table to the same table of a scratch database."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from psycopg import errors, sql

from interlock.postgres.session import Connection
from interlock.schema.name import Name

LOOKS_FOR_SECONDS = 5
OF_A_KIND = 50
"""So many rows of one kind are enough to stumble over."""

# Where a row lies, beside its columns: it is told apart by that.
_PLACE = sql.Identifier("interlock place")
_COLUMNS = """
select attname from pg_catalog.pg_attribute
 where attrelid = pg_catalog.to_regclass(%s) and attnum > 0 and not attisdropped and attgenerated = ''
 order by attnum
"""


@dataclass(frozen=True, slots=True)
class Transfer:
    """An open transfer: rows are taken, in several ways, and then all arrive."""

    live: Connection
    scratch: Connection
    table: sql.Identifier
    columns: tuple[str, ...]
    masked: frozenset[str]

    def take(self, condition: sql.Composable, *, is_all_seen: bool = False) -> int | None:
        """Take the rows that follow from a condition, and give how many; None where it takes too long to find them.

        With `is_all_seen` it raises InsufficientPrivilege if a policy hides rows, instead of leaving them out.
        """
        shown = sql.SQL(", ").join(_shown(name, self.masked) for name in self.columns)
        query = sql.SQL("copy (select tableoid::text || ctid::text, {} from {} {}) to stdout")
        try:
            with self.live.transaction(), self.scratch.transaction():
                self.live.execute(f"set local statement_timeout = '{LOOKS_FOR_SECONDS}s'".encode())
                if is_all_seen:
                    self.live.execute("set local row_security = off")
                filled = self.scratch.cursor()
                with (
                    self.live.cursor().copy(query.format(shown, self.table, condition)) as out,
                    filled.copy("copy sample from stdin") as into,
                ):
                    for block in out:
                        into.write(block)
                return filled.rowcount
        except errors.QueryCanceled:
            return None

    def arrive(self) -> int:
        """Put what was taken into the table, and give how many rows are new there."""
        # One row may have been found in several ways.
        fill = (
            "insert into {0} ({1}) overriding system value"
            " select {1} from (select distinct on ({2}) * from sample) found on conflict do nothing"
        )
        listed = sql.SQL(", ").join(map(sql.Identifier, self.columns))
        return self.scratch.execute(sql.SQL(fill).format(self.table, listed, _PLACE)).rowcount


@contextmanager
def open_transfer(live: Connection, scratch: Connection, table: Name, masked: frozenset[str]) -> Iterator[Transfer]:
    """Begin a transfer. Both connections are in autocommit mode; nothing is written on `live`.

    No constraint and no trigger of the scratch database is asked: what is there was let in before. Raises
    InsufficientPrivilege where the role of `scratch` may not fill tables in that way.
    """
    named = sql.Identifier(table.schema, table.table)
    columns = tuple(name for (name,) in live.execute(_COLUMNS, [named.as_string()]))
    scratch.execute("set session_replication_role = replica")
    try:
        with scratch.transaction():
            make = "create temp table sample on commit drop as select ''::text as {}, {} from {} limit 0"
            scratch.execute(sql.SQL(make).format(_PLACE, sql.SQL(", ").join(map(sql.Identifier, columns)), named))
            yield Transfer(live, scratch, named, columns, masked)
    finally:
        scratch.execute("set session_replication_role = origin")


def _shown(name: str, masked: frozenset[str]) -> sql.Composable:
    column = sql.Identifier(name)
    return sql.SQL("pg_catalog.md5({})").format(column) if name in masked else column
