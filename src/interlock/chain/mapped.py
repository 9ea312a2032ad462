"""What the mapped classes of an application expect of a database, and whether a live one gives it to them."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import psycopg

from interlock.postgres.catalog import take_snapshot
from interlock.postgres.session import Connection
from interlock.schema.snapshot import Column, Enum, Kind, Name, Snapshot


@dataclass(frozen=True, slots=True)
class MappedSelect:
    """A statement that selects everything that a mapped class reads, and no rows."""

    name: str
    sql: str


@dataclass(frozen=True, slots=True)
class MappedEnum:
    """A column that is mapped to an enum, with the labels that Python reads and writes."""

    schema: str | None
    table: str
    column: str
    labels: tuple[str, ...]
    python: str


@dataclass(frozen=True, slots=True)
class MappedColumn:
    """A column with its type, as SQLAlchemy writes it in a create table."""

    schema: str | None
    table: str
    column: str
    type: str


@dataclass(frozen=True, slots=True)
class Models:
    """What the mapped classes expect of the database."""

    selects: tuple[MappedSelect, ...]
    enums: tuple[MappedEnum, ...]
    columns: tuple[MappedColumn, ...]

    @classmethod
    def from_description(cls, description: Mapping[str, Any]) -> Self:
        """Take what `interlock.chain.models.describe` gives."""
        return cls(
            tuple(MappedSelect(**each) for each in description["selects"]),
            tuple(MappedEnum(**{**each, "labels": tuple(each["labels"])}) for each in description["enums"]),
            tuple(MappedColumn(**each) for each in description["columns"]),
        )


@dataclass(frozen=True, slots=True)
class Misfit:
    """Something that a mapped class needs and the database does not give."""

    problem: str
    remedy: str


def find_misfits(connection: Connection, models: Models) -> Iterator[Misfit]:
    """Select every mapped class without rows, compare every enum, and the kind of type of every column.

    The session is read-only afterwards.
    """
    connection.execute("set default_transaction_read_only = on")
    path = connection.execute("select pg_catalog.current_schemas(false)::text[]").fetchall()[0][0]
    yield from _unselectable(connection, models)
    yield from _mislabelled(take_snapshot(connection), path, models)
    yield from _mistyped(connection, models)


def _unselectable(connection: Connection, models: Models) -> Iterator[Misfit]:
    for mapped in models.selects:
        try:
            connection.execute(mapped.sql.encode())
        except psycopg.Error as error:
            yield Misfit(
                f"{mapped.name} cannot be selected: {error.diag.message_primary or error}",
                "add the revision that makes what the class maps, or correct the class",
            )


def _mislabelled(observed: Snapshot, path: Sequence[str], models: Models) -> Iterator[Misfit]:
    for mapped in models.enums:
        problem = _enum_problem(observed, path, mapped)
        if problem:
            yield Misfit(
                f"{mapped.table}.{mapped.column}: {problem}",
                f"make the labels of {mapped.python} and of the type agree, by a revision or in the class",
            )


# Whether a value can be read and written at all depends on the category of its type: number, string, boolean, date
# and time. Within one of them drivers and server convert; all others have too many lawful mappings to judge.
_OTHER_CATEGORY = """
select wanted.table_name || '.' || wanted.column_name,
       wanted.type_name,
       pg_catalog.format_type(a.atttypid, a.atttypmod)
  from unnest(%(schemas)s::text[], %(tables)s::text[], %(columns)s::text[], %(types)s::text[])
       as wanted (schema_name, table_name, column_name, type_name)
  join pg_catalog.pg_class c
    on c.relname = wanted.table_name
   and case when wanted.schema_name is null then pg_catalog.pg_table_is_visible(c.oid)
            else c.relnamespace = (select oid from pg_catalog.pg_namespace where nspname = wanted.schema_name) end
  join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attname = wanted.column_name and not a.attisdropped
  join pg_catalog.pg_type live on live.oid = a.atttypid
  join pg_catalog.pg_type mapped on mapped.oid = pg_catalog.to_regtype(wanted.type_name)
 where live.typcategory <> mapped.typcategory
   and live.typcategory in ('N', 'S', 'B', 'D') and mapped.typcategory in ('N', 'S', 'B', 'D')
"""
# Without its length or precision. What is no plain name (a collation, say) to_regtype would take for a syntax error.
_PLAIN_TYPE = re.compile(r"(?P<name>[A-Za-z][A-Za-z0-9_ ]*?)\s*(\([\d, ]*\))?(?P<zone> WITH(OUT)? TIME ZONE)?\Z")


def _mistyped(connection: Connection, models: Models) -> Iterator[Misfit]:
    matches = [(column, _PLAIN_TYPE.match(column.type)) for column in models.columns]
    plain = [(column, match["name"] + (match["zone"] or "")) for column, match in matches if match]
    differing = connection.execute(
        _OTHER_CATEGORY,
        {
            "schemas": [column.schema for column, _ in plain],
            "tables": [column.table for column, _ in plain],
            "columns": [column.column for column, _ in plain],
            "types": [name for _, name in plain],
        },
    )
    for column, mapped, live in differing:
        yield Misfit(
            f"{column} is {live}, mapped as {mapped}", "add the revision that changes the type, or correct the class"
        )


def _enum_problem(observed: Snapshot, path: Sequence[str], mapped: MappedEnum) -> str | None:
    column = _find_column(observed, [mapped.schema] if mapped.schema else path, mapped)
    if column is None:
        return "the column is not there"
    enum = _enum_named(observed, column.type.removesuffix("[]"))
    if enum is None:
        return f"mapped to the enum {mapped.python}, but its type is {column.type}"
    lacking = {
        f"{enum.name} lacks {{}} of {mapped.python}": [each for each in mapped.labels if each not in enum.labels],
        f"{mapped.python} lacks {{}} of {enum.name}": [each for each in enum.labels if each not in mapped.labels],
    }
    told = [text.format(", ".join(map(repr, labels))) for text, labels in lacking.items() if labels]
    return "; ".join(told) or None


def _find_column(observed: Snapshot, schemas: Sequence[str], mapped: MappedEnum) -> Column | None:
    names = (Name(Kind.COLUMN, schema, mapped.table, mapped.column) for schema in schemas)
    found = (observed.items.get(name) for name in names)
    return next((item for item in found if isinstance(item, Column)), None)


def _enum_named(observed: Snapshot, printed: str) -> Enum | None:
    """Find an enum by its name as format_type prints it: qualified, and quoted where it has to be."""

    def plain(text: str) -> str:
        return text.replace('"', "")

    enums = (item for item in observed if isinstance(item, Enum))
    return next((enum for enum in enums if plain(f"{enum.name.schema}.{enum.name.table}") == plain(printed)), None)
