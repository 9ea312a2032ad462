"""Some rows of a live table on a scratch database: first those that a change may stumble over, then others."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from psycopg import sql

from interlock.errors import InterlockError
from interlock.postgres.session import Connection
from interlock.postgres.transfer import OF_A_KIND, open_transfer
from interlock.schema.name import Name

_TEXTS = ("text", "character varying", "character", "citext")

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
    """Copy rows of a table, and give how many; both connections are as `open_transfer` wants them.

    Raises InsufficientPrivilege where a role may not read the table, or fill it in that way.
    """
    with open_transfer(live, scratch, wanted.table, wanted.masked) as transfer:
        for condition in _telling(transfer.table, wanted):
            transfer.take(condition)
        # Of a large table some pages from anywhere, and not the oldest rows; by chance they may be none.
        any(transfer.take(condition) for condition in _others(wanted))
        return transfer.arrive()


def _telling(table: sql.Identifier, wanted: Wanted) -> Iterator[sql.Composed]:
    for column in wanted.nullable:
        yield sql.SQL("where {} is null limit {}").format(sql.Identifier(column), OF_A_KIND)
    for columns in wanted.unique:
        key = sql.SQL(", ").join(map(sql.Identifier, columns))
        alike = "select {0} from {1} group by {0} having pg_catalog.count(*) > 1 limit {2}"
        keys = sql.SQL(alike).format(key, table, OF_A_KIND)
        yield sql.SQL("where ({}) in ({}) limit {}").format(key, keys, OF_A_KIND)


def _others(wanted: Wanted) -> Iterator[sql.Composed]:
    share = 200.0 * wanted.number / max(wanted.rows, 1)
    if share < 100:
        yield sql.SQL("tablesample system ({}) limit {}").format(share, wanted.number)
    yield sql.SQL("limit {}").format(wanted.number)
