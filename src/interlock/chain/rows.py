"""Whether the rows of a database are ones that mapped classes can load."""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import chain, groupby

import psycopg
from psycopg import sql
from psycopg.rows import class_row

from interlock.chain.keys import TakenKey, look_at_keys
from interlock.chain.mapped import IS_THE_TABLE, MappedColumn, Models
from interlock.postgres.session import Connection

WITHIN_SECONDS = 10.0
"""How long all tables together may take."""

SHOWS_OF_A_VALUE = 40


class Trouble(Enum):
    """Why a row cannot be loaded as the class promises."""

    NO_LABEL = "no label"
    NO_CLASS = "no class"
    NULL = "null"


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a mapped column expects of each row. `python` is the enum or the class that has the labels."""

    schema: str | None
    table: str
    column: str
    trouble: Trouble
    labels: tuple[str, ...] = ()
    python: str = ""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Rows that disappoint an expectation: how many, and of an enum-like column the first and last value."""

    expectation: Expectation
    rows: int
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LookedAt:
    """What looking through the rows has shown.

    `proved` counts the expectations that the catalog proves. Of the tables, `unfinished` were not looked through in
    time, of `partly_seen` row-level security shows our role only some rows, and `failed` has what the server said.
    `taken` are primary keys whose sequence the rows are ahead of.
    """

    unreadable: tuple[Unreadable, ...]
    tables: int
    expectations: int
    proved: int
    unfinished: tuple[str, ...]
    partly_seen: tuple[str, ...]
    failed: tuple[tuple[str, str], ...]
    taken: tuple[TakenKey, ...]


@dataclass(frozen=True, slots=True)
class _Live:
    """A mapped column as it is in the database. `number` is that of the expectation, counted from one."""

    number: int
    schema: str
    table: str
    column: str
    is_not_null: bool
    is_array: bool
    is_padded: bool
    labels: tuple[str, ...] | None
    is_partly_seen: bool

    def proves(self, expectation: Expectation) -> bool:
        if expectation.trouble is Trouble.NULL:
            return self.is_not_null
        return self.labels is not None and set(self.labels) <= set(expectation.labels)


# Smallest first, and what is no table last: nobody can tell how long a view takes. (pg_relation_size would wait for
# whoever has locked a table.) The type is looked at through arrays and domains. In PostgreSQL 18 a column can be NOT
# NULL by a constraint that was not validated.
_COLUMNS = f"""
with recursive wanted as (
       select * from unnest(%(schemas)s::text[], %(tables)s::text[], %(columns)s::text[]) with ordinality
              as wanted (schema_name, table_name, column_name, number)
     ), live as (
       select wanted.number, a.attrelid, a.attname, a.attnum, a.attnotnull, a.atttypid, c.relkind,
              c.relname, n.nspname
         from wanted
         join pg_catalog.pg_class c
           on {IS_THE_TABLE} and c.relkind in ('r', 'p', 'v', 'm', 'f')
         join pg_catalog.pg_namespace n on n.oid = c.relnamespace
         join pg_catalog.pg_attribute a
           on a.attrelid = c.oid and a.attname = wanted.column_name and not a.attisdropped
     ), layer (number, oid, is_array) as (
       select number, atttypid, false from live
     union all
       select layer.number, case t.typtype when 'd' then t.typbasetype else t.typelem end,
              layer.is_array or t.typtype <> 'd'
         from layer
         join pg_catalog.pg_type t on t.oid = layer.oid and (t.typtype = 'd' or t.typcategory = 'A')
     ), member (attrelid, oid) as (
       select distinct attrelid, attrelid from live
     union
       select member.attrelid, i.inhrelid from member join pg_catalog.pg_inherits i on i.inhparent = member.oid
     ), size (attrelid, rows) as (
       select member.attrelid,
              sum(greatest(c.reltuples, pg_catalog.pg_stat_get_live_tuples(c.oid)))
         from member join pg_catalog.pg_class c on c.oid = member.oid group by member.attrelid
     )
select live.number::int                                      as number,
       live.nspname::text                                    as schema,
       live.relname::text                                    as "table",
       live.attname::text                                    as "column",
       live.attnotnull and not exists (
         select from pg_catalog.pg_constraint
          where conrelid = live.attrelid and contype = 'n' and conkey = array[live.attnum] and not convalidated)
                                                             as is_not_null,
       layer.is_array                                        as is_array,
       layer.oid = 'pg_catalog.bpchar'::pg_catalog.regtype   as is_padded,
       (select array_agg(e.enumlabel::text) from pg_catalog.pg_enum e where e.enumtypid = layer.oid)
                                                             as labels,
       pg_catalog.row_security_active(live.attrelid)         as is_partly_seen
  from live
  join layer on layer.number = live.number
  join pg_catalog.pg_type t on t.oid = layer.oid and not (t.typtype = 'd' or t.typcategory = 'A')
  join size on size.attrelid = live.attrelid
 order by live.relkind in ('v', 'f'), size.rows, live.nspname, live.relname, live.number
"""  # noqa: S608 - what is put in is a constant


def expectations(models: Models) -> list[Expectation]:
    """What mapped classes expect of rows: labels that an enum has, values that a class has, and no null."""
    return [
        *(found for column in models.columns for found in _expected_of(column)),
        *(
            Expectation(each.schema, each.table, each.column, Trouble.NO_CLASS, each.labels, each.python)
            for each in models.discriminators
        ),
    ]


def look_at_rows(connection: Connection, models: Models, within_seconds: float | None = None) -> LookedAt:
    """Look through the tables that the catalog leaves in doubt, one query for each, smallest first.

    The session is read-only afterwards.
    """
    connection.execute("set default_transaction_read_only = on")
    wanted = expectations(models)
    live = _read_columns(connection, wanted)
    doubted = [each for each in live if not each.proves(wanted[each.number - 1])]
    seconds = WITHIN_SECONDS if within_seconds is None else within_seconds
    end = time.monotonic() + seconds
    keys = look_at_keys(connection, models, seconds)
    look = _Look(connection, wanted, end)
    tables = [(name, list(columns)) for name, columns in groupby(doubted, lambda each: (each.schema, each.table))]
    for (schema, table), columns in tables:
        look.through(schema, table, columns)
    return LookedAt(
        tuple(look.unreadable),
        tables=len(tables),
        expectations=len(live),
        proved=len(live) - len(doubted),
        unfinished=_each_once(keys.unfinished, look.unfinished),
        partly_seen=_each_once(
            keys.partly_seen, (_name(each.schema, each.table) for each in doubted if each.is_partly_seen)
        ),
        failed=(*keys.failed, *look.failed),
        taken=keys.taken,
    )


def _each_once(*names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(chain.from_iterable(names)))


def _expected_of(column: MappedColumn) -> Iterator[Expectation]:
    if column.labels is not None:
        yield Expectation(column.schema, column.table, column.column, Trouble.NO_LABEL, column.labels, column.python)
    if not column.is_nullable:
        yield Expectation(column.schema, column.table, column.column, Trouble.NULL)


def _read_columns(connection: Connection, wanted: Sequence[Expectation]) -> list[_Live]:
    names = {
        "schemas": [each.schema for each in wanted],
        "tables": [each.table for each in wanted],
        "columns": [each.column for each in wanted],
    }
    with connection.cursor(row_factory=class_row(_Live)) as cursor:
        return cursor.execute(_COLUMNS, names).fetchall()


class _Look:
    """Looking through tables until the time is over."""

    def __init__(self, connection: Connection, wanted: Sequence[Expectation], end: float) -> None:
        self._connection, self._wanted, self._end = connection, wanted, end
        self.unreadable: list[Unreadable] = []
        self.unfinished: list[str] = []
        self.failed: list[tuple[str, str]] = []

    def through(self, schema: str, table: str, columns: Sequence[_Live]) -> None:
        """Ask all that is expected of a table in one query."""
        left = int((self._end - time.monotonic()) * 1000)
        if left <= 0:
            self.unfinished.append(_name(schema, table))
            return
        checks = [(self._wanted[each.number - 1], each) for each in columns]
        try:
            self._connection.execute("select pg_catalog.set_config('statement_timeout', %s, false)", [str(left)])
            row = self._connection.execute(_query(schema, table, checks)).fetchall()[0]
        except (psycopg.errors.QueryCanceled, psycopg.errors.LockNotAvailable):
            self.unfinished.append(_name(schema, table))
        except psycopg.errors.OperationalError:
            raise
        except psycopg.Error as error:
            self.failed.append((_name(schema, table), error.diag.message_primary or str(error)))
        else:
            self.unreadable += _unreadable([expectation for expectation, _ in checks], row)


def _unreadable(asked: Iterable[Expectation], row: Sequence[str | int | None]) -> Iterator[Unreadable]:
    for number, expectation in enumerate(asked):
        count, least, most = row[3 * number : 3 * number + 3]
        if count:
            examples = () if expectation.trouble is Trouble.NULL else (str(least), str(most))
            yield Unreadable(
                expectation, int(count), tuple(dict.fromkeys(each[:SHOWS_OF_A_VALUE] for each in examples))
            )


def _query(schema: str, table: str, checks: Iterable[tuple[Expectation, _Live]]) -> sql.Composed:
    """Count what disappoints, and give the least and the greatest of it: that takes one scan and no memory."""
    asked = (sql.SQL("count({0}), min({0}), max({0})").format(_disappointing(*check)) for check in checks)
    return sql.SQL("select {} from {}").format(sql.SQL(", ").join(asked), sql.Identifier(schema, table))


def _disappointing(expectation: Expectation, live: _Live) -> sql.Composed:
    """Write the expression that is null for a good row, and the offending value for a bad one."""
    column, labels = sql.Identifier(live.column), sql.Literal(list(expectation.labels))
    if expectation.trouble is Trouble.NULL:
        return sql.SQL("case when {} is null then '' end").format(column)
    if live.is_array:
        one = sql.SQL(
            "(select min(label::text) from pg_catalog.unnest({}) label where label::text <> all ({}::text[]))"
        )
        return one.format(column, labels)
    # char(n) comes to the driver with its padding, and ::text takes that off.
    text = sql.SQL("pg_catalog.concat({})" if live.is_padded else "{}::text").format(column)
    one = sql.SQL("case when {0} is not null and {1} <> all ({2}::text[]) then {1} end")
    return one.format(column, text, labels)


def _name(schema: str, table: str) -> str:
    return f"{schema}.{table}"
