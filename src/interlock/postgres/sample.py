"""Some rows of a live table on a scratch database: first those that a change may stumble over, then others."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from psycopg import errors, sql

from interlock.errors import InterlockError
from interlock.postgres.session import Connection
from interlock.schema.name import Name

LOOKS_FOR_SECONDS = 5
_OF_A_KIND = 50
_TEXTS = ("text", "character varying", "character", "citext")

_COLUMNS = """
select attname from pg_catalog.pg_attribute
 where attrelid = pg_catalog.to_regclass(%s) and attnum > 0 and not attisdropped and attgenerated = ''
 order by attnum
"""
_NO_TEXTS = """
select wanted
  from pg_catalog.unnest(%(wanted)s::text[]) as wanted
 where not exists (
       select from pg_catalog.pg_attribute a
         join pg_catalog.pg_class c on c.oid = a.attrelid
         join pg_catalog.pg_namespace n on n.oid = c.relnamespace
        where n.nspname || '.' || c.relname || '.' || a.attname = wanted
          and pg_catalog.format_type(a.atttypid, null) = any(%(texts)s) and a.attnum > 0 and not a.attisdropped)
 order by 1
"""


class CannotMask(InterlockError):
    """A column that is to be masked is not there, or holds no text: it would be copied as it is."""

    def __init__(self, columns: Iterable[str]) -> None:
        super().__init__(
            problem=f"only text that is there can be masked, and {', '.join(columns)} is none",
            remedy="correct [rehearsal] mask: a column is named as public.users.email; or rehearse without rows",
        )


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which rows of a table are wanted: about so many of all, and some that are null, or alike, in these columns.

    `rows` is how many there are. What is `masked` is made unreadable before it leaves the live server.
    """

    table: Name
    number: int
    rows: int
    nullable: tuple[str, ...] = ()
    unique: tuple[tuple[str, ...], ...] = ()
    masked: frozenset[str] = frozenset()


def require_texts(live: Connection, columns: Iterable[str]) -> None:
    """Raise CannotMask unless all these columns can be masked."""
    others = live.execute(_NO_TEXTS, {"wanted": sorted(columns), "texts": list(_TEXTS)}).fetchall()
    if others:
        raise CannotMask(name for (name,) in others)


def copy_sample(live: Connection, scratch: Connection, wanted: Wanted) -> int:
    """Copy rows of a table, and give how many. Both connections are in autocommit mode; nothing is written on `live`.

    No constraint and no trigger of the scratch database is asked: what is there was let in before. Raises
    InsufficientPrivilege where a role may not read the table, or fill it in that way.
    """
    table = sql.Identifier(wanted.table.schema, wanted.table.table)
    names = [name for (name,) in live.execute(_COLUMNS, [table.as_string()])]
    listed = sql.SQL(", ").join(map(sql.Identifier, names))
    scratch.execute("set session_replication_role = replica")
    try:
        with scratch.transaction():
            make = "create temp table sample on commit drop as select ''::text as place, {} from {} limit 0"
            scratch.execute(sql.SQL(make).format(listed, table))
            for query in _telling(table, names, wanted):
                _copy(live, scratch, query)
            # Of a large table some pages from anywhere, and not the oldest rows; by chance they may be none.
            any(_copy(live, scratch, query) for query in _others(table, names, wanted))
            # One row may have been found in several ways.
            fill = (
                "insert into {0} ({1}) overriding system value"
                " select {1} from (select distinct on (place) * from sample) found on conflict do nothing"
            )
            return scratch.execute(sql.SQL(fill).format(table, listed)).rowcount
    finally:
        scratch.execute("set session_replication_role = origin")


def _base(table: sql.Identifier, names: Sequence[str], masked: frozenset[str]) -> sql.Composed:
    shown = sql.SQL(", ").join(_shown(name, masked) for name in names)
    return sql.SQL("select tableoid::text || ctid::text, {} from {}").format(shown, table)


def _telling(table: sql.Identifier, names: Sequence[str], wanted: Wanted) -> Iterator[sql.Composed]:
    base = _base(table, names, wanted.masked)
    for column in wanted.nullable:
        yield sql.SQL("{} where {} is null limit {}").format(base, sql.Identifier(column), _OF_A_KIND)
    for columns in wanted.unique:
        key = sql.SQL(", ").join(map(sql.Identifier, columns))
        alike = "select {0} from {1} group by {0} having pg_catalog.count(*) > 1 limit {2}"
        keys = sql.SQL(alike).format(key, table, _OF_A_KIND)
        yield sql.SQL("{} where ({}) in ({}) limit {}").format(base, key, keys, _OF_A_KIND)


def _others(table: sql.Identifier, names: Sequence[str], wanted: Wanted) -> Iterator[sql.Composed]:
    base, share = _base(table, names, wanted.masked), 200.0 * wanted.number / max(wanted.rows, 1)
    if share < 100:
        yield sql.SQL("{} tablesample system ({}) limit {}").format(base, share, wanted.number)
    yield sql.SQL("{} limit {}").format(base, wanted.number)


def _shown(name: str, masked: frozenset[str]) -> sql.Composable:
    column = sql.Identifier(name)
    return sql.SQL("pg_catalog.md5({})").format(column) if name in masked else column


def _copy(live: Connection, scratch: Connection, query: sql.Composed) -> int:
    """Copy the rows of a query, unless it takes too long to find them; give how many."""
    try:
        with live.transaction(), scratch.transaction():
            live.execute(f"set local statement_timeout = '{LOOKS_FOR_SECONDS}s'".encode())
            filled = scratch.cursor()
            with (
                live.cursor().copy(sql.SQL("copy ({}) to stdout").format(query)) as out,
                filled.copy("copy sample from stdin") as into,
            ):
                for block in out:
                    into.write(block)
            return filled.rowcount
    except errors.QueryCanceled:
        return 0
