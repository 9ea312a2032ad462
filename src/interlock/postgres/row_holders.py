"""Tables and columns as what rows lie in: known by their numbers, whatever they are called, and how much is in them."""

from collections.abc import Iterable, Mapping
from typing import Any

from psycopg import errors, sql

from interlock.postgres.session import Connection
from interlock.schema.name import Kind, Name

COUNTS_FOR_SECONDS = 3

# A foreign table's rows lie elsewhere, a view's can be had again.
ROW_HOLDERS = """
select c.oid::bigint, 0, n.nspname, c.relname, ''
  from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
 where c.relkind in ('r', 'p') and c.relpersistence <> 't' and c.oid >= 16384 and n.nspname !~ '^pg_'
 union all
select c.oid::bigint, a.attnum, n.nspname, c.relname, a.attname
  from pg_catalog.pg_attribute a
  join pg_catalog.pg_class c on c.oid = a.attrelid
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
 where c.relkind in ('r', 'p') and c.relpersistence <> 't' and c.oid >= 16384 and n.nspname !~ '^pg_'
   and a.attnum > 0 and not a.attisdropped
"""

PARENTS = "select i.inhrelid::bigint, i.inhparent::bigint from pg_catalog.pg_inherits i"
"""Of which table each partition is one."""

Identity = tuple[int, int]
"""The oid of a table, and the number of a column or 0. Neither changes with the name, and none is used twice."""


def read_row_holders(connection: Connection) -> Mapping[Identity, Name]:
    """Every table and every column of one, by what it is known by in this database."""
    return as_row_holders(connection.execute(ROW_HOLDERS))


def as_row_holders(rows: Iterable[Any]) -> Mapping[Identity, Name]:
    """What ROW_HOLDERS gave, by whatever driver."""
    return {
        (oid, number): Name(Kind.COLUMN if column else Kind.TABLE, schema, table, column)
        for oid, number, schema, table, column in rows
    }


def find_lost(before: Mapping[Identity, Name], after: Mapping[Identity, Name]) -> tuple[tuple[Identity, Name], ...]:
    """What was there before and is not any more; of a table that is gone not each column."""
    gone = sorted(before.keys() - after.keys())
    tables = {oid for oid, number in gone if not number}
    return tuple((each, before[each]) for each in gone if not each[1] or each[0] not in tables)


def count_values(connection: Connection, name: Name) -> int | None:
    """The rows of a table, or those of a column that are not null; None where our role cannot find that out in time.

    The connection must be in autocommit mode.
    """
    what = sql.Identifier(name.item) if name.item else sql.SQL("*")
    table = sql.Identifier(name.schema, name.table)
    # What policies hide from our role would be counted as nothing.
    query = sql.SQL("select pg_catalog.count({}), pg_catalog.row_security_active({}) from {}").format(
        what, sql.Literal(table.as_string(connection)), table
    )
    try:
        with connection.transaction():
            connection.execute(f"set local statement_timeout = '{COUNTS_FOR_SECONDS}s'".encode())
            number, is_filtered = connection.execute(query).fetchall()[0]
            return None if is_filtered else int(number)
    except (errors.UndefinedTable, errors.UndefinedColumn):
        return 0  # what is not there cannot be lost
    except (errors.QueryCanceled, errors.InsufficientPrivilege, errors.LockNotAvailable):
        return None
