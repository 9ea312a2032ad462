"""The catalog of a live database, read as one value."""

from collections.abc import Callable, Iterator, Mapping
from importlib.resources import files
from typing import Any

import psycopg
from psycopg.rows import DictRow, dict_row

from interlock.schema.snapshot import Column, Constraint, Enum, Index, Item, Kind, Name, Snapshot, Table

_KINDS = {"p": Kind.PRIMARY_KEY, "u": Kind.UNIQUE, "f": Kind.FOREIGN_KEY}


def take_snapshot(connection: psycopg.Connection[Any]) -> Snapshot:
    """Read every object that is compared. The connection must be in autocommit mode and idle.

    A fixed number of statements, whatever the size, in one read-only transaction that sees one moment.
    """
    with connection.transaction(), connection.cursor(row_factory=dict_row) as cursor:
        cursor.execute("set transaction isolation level repeatable read, read only")
        # With nothing but pg_catalog on the path every other name is printed with its schema, on both sides.
        cursor.execute("set local search_path to pg_catalog")
        items = [make(row) for query, make in _MAKERS.items() for row in _rows(cursor, query)]
    return Snapshot({item.name: item for item in items})


def _rows(cursor: psycopg.Cursor[DictRow], query: str) -> Iterator[DictRow]:
    yield from cursor.execute((files(__name__) / f"{query}.sql").read_bytes())


def _table(row: Mapping[str, Any]) -> Table:
    return Table(Name(Kind.TABLE, row["schema"], row["table"]), row["partition_key"], row["part_of"])


def _column(row: Mapping[str, Any]) -> Column:
    name = Name(Kind.COLUMN, row["schema"], row["table"], row["item"])
    return Column(name, row["type"], row["nullable"], row["default"], row["filled_by"])


def _constraint(row: Mapping[str, Any]) -> Constraint:
    name = Name(_KINDS[row["kind"]], row["schema"], row["table"], row["item"])
    return Constraint(name, row["definition"])


def _index(row: Mapping[str, Any]) -> Index:
    name = Name(Kind.INDEX, row["schema"], row["table"], row["item"])
    return Index(name, row["definition"], row["is_unique"], row["is_valid"])


def _enum(row: Mapping[str, Any]) -> Enum:
    return Enum(Name(Kind.ENUM, row["schema"], row["table"]), tuple(row["labels"]))


_MAKERS: Mapping[str, Callable[[Mapping[str, Any]], Item]] = {
    "enums": _enum,
    "tables": _table,
    "columns": _column,
    "constraints": _constraint,
    "indexes": _index,
}
