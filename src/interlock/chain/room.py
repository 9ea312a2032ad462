"""Whether a column has room for the values that a mapped class allows."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from interlock.chain.mapped import IS_THE_TABLE, MappedColumn, Misfit, Models
from interlock.postgres.session import Connection
from interlock.verdict.finding import Signal

_TYPES = f"""
select number::int, pg_catalog.format_type(a.atttypid, a.atttypmod),
       case when t.typtype = 'd' then t.typbasetype else t.oid end::pg_catalog.regtype::text,
       case when t.typtype = 'd' then t.typtypmod else a.atttypmod end
  from unnest(%(schemas)s::text[], %(tables)s::text[], %(columns)s::text[]) with ordinality
       as wanted (schema_name, table_name, column_name, number)
  join pg_catalog.pg_class c
    on {IS_THE_TABLE}
  join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attname = wanted.column_name and not a.attisdropped
  join pg_catalog.pg_type t on t.oid = a.atttypid
 order by 1
"""  # noqa: S608 - what is put in is a constant

# As SQLAlchemy writes them in a create table.
_TEXT = re.compile(r"N?(?:VAR)?CHAR\((\d+)\)(?!\[)")
_NUMERIC = re.compile(r"(?:NUMERIC|DECIMAL)\((\d+)(?:, (\d+))?\)\Z")
_BYTES = {"SMALLINT": 2, "INTEGER": 4, "BIGINT": 8}


@dataclass(frozen=True, slots=True)
class Room:
    """How many characters, digits before the point, or bytes of an integer there can be."""

    of: str
    size: int


def find_tight_integers(connection: Connection, models: Models) -> Iterator[Misfit]:
    """Find the integers of a class that the column has no room for: such an id or count is refused one day."""
    for told, room in _find_tight(connection, models.columns):
        if room.of == "integer":
            yield Misfit(
                f"{told}: a larger number is refused", "add the revision that widens it, or correct the class",
                Signal.CAUTION,
            )  # fmt: skip


def find_tight_texts(connection: Connection, models: Models) -> Iterator[str]:
    """Say which texts and decimals of a class can be longer than the column has room for."""
    return (told for told, room in _find_tight(connection, models.columns) if room.of != "integer")


def _find_tight(connection: Connection, columns: Sequence[MappedColumn]) -> Iterator[tuple[str, Room]]:
    sized = [(column, room) for column in columns if (room := mapped_room(column.type))]
    wanted = {
        "schemas": [column.schema for column, _ in sized],
        "tables": [column.table for column, _ in sized],
        "columns": [column.column for column, _ in sized],
    }
    for number, shown, kind, modifier in connection.execute(_TYPES, wanted):
        column, ours = sized[number - 1]
        theirs = live_room(kind, modifier)
        if theirs and theirs.of == ours.of and theirs.size < ours.size:
            yield f"{column.table}.{column.column} is {shown}, mapped as {column.type}", ours


def mapped_room(written: str) -> Room | None:
    """What a type that SQLAlchemy writes like this allows; None for what has no limit, or another one."""
    if match := _TEXT.match(written):
        return Room("text", int(match[1]))
    if match := _NUMERIC.match(written):
        return Room("decimal", int(match[1]) - int(match[2] or 0))
    return Room("integer", _BYTES[written]) if written in _BYTES else None


def live_room(kind: str, modifier: int) -> Room | None:
    """What a type of the server allows, by its modifier (varchar.c, numeric.c)."""
    if kind in ("character varying", "character") and modifier >= 0:
        return Room("text", modifier - 4)
    if kind == "numeric" and modifier >= 0:
        precision, scale = (modifier - 4) >> 16, (modifier - 4) & 0x7FF
        return Room("decimal", precision - (scale - 0x800 if scale & 0x400 else scale))
    return Room("integer", _BYTES[kind.upper()]) if kind.upper() in _BYTES else None
