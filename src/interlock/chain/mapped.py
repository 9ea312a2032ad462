"""What the mapped classes of an application expect of a database, and how that can be disappointed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from interlock.verdict.finding import Signal

IS_THE_TABLE = """c.relname = wanted.table_name
          and case when wanted.schema_name is null then pg_catalog.pg_table_is_visible(c.oid)
                   else c.relnamespace = (select oid from pg_catalog.pg_namespace
                                           where nspname = wanted.schema_name) end"""
"""In SQL: the row `c` of pg_class is the table that a class names in `wanted`, with a schema or without one."""


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
    """A column with its type, as SQLAlchemy writes it in a create table; empty where only the project knows how.

    `insert` is what an INSERT of the ORM writes where the application set nothing: "nothing", "null" or "a value";
    None where no class is mapped to the table. `labels` are the values that can be loaded, and `python` the enum
    that has them; None where any value can. `is_sent_plainly` and `is_loaded_plainly` say that SQLAlchemy's own type
    does so, and none that knows more of its values. `is_filled_key` says that it is the whole primary key of a class,
    and that the ORM leaves it to the server.
    """

    schema: str | None
    table: str
    column: str
    type: str
    is_nullable: bool = True
    insert: str | None = None
    labels: tuple[str, ...] | None = None
    python: str = ""
    is_sent_plainly: bool = True
    is_loaded_plainly: bool = True
    is_filled_key: bool = False


@dataclass(frozen=True, slots=True)
class MappedUnique:
    """Columns that a mapped class says are unique together."""

    schema: str | None
    table: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Models:
    """What the mapped classes expect of the database.

    `strays` are classes of the project that the metadata does not have. `discriminators` are the columns that tell
    which class a row is of, with the values that one has, beside the class that they are told for. `elsewhere` names
    the classes that are meant for another database: they are left out.
    """

    selects: tuple[MappedSelect, ...]
    enums: tuple[MappedEnum, ...]
    columns: tuple[MappedColumn, ...]
    elsewhere: tuple[str, ...]
    strays: tuple[MappedSelect, ...] = ()
    discriminators: tuple[MappedEnum, ...] = ()
    uniques: tuple[MappedUnique, ...] = ()

    @classmethod
    def from_description(cls, description: Mapping[str, Any]) -> Self:
        """Take what `interlock.chain.models.describe` gives."""
        return cls(
            tuple(MappedSelect(**each) for each in description["selects"]),
            tuple(MappedEnum(**_frozen(each)) for each in description["enums"]),
            tuple(MappedColumn(**_frozen(each)) for each in description["columns"]),
            tuple(description["elsewhere"]),
            tuple(MappedSelect(**each) for each in description["strays"]),
            tuple(MappedEnum(**_frozen(each)) for each in description["discriminators"]),
            tuple(
                MappedUnique(each["schema"], each["table"], tuple(each["columns"])) for each in description["uniques"]
            ),
        )


def _frozen(described: Mapping[str, Any]) -> dict[str, Any]:
    return {**described, "labels": None if described["labels"] is None else tuple(described["labels"])}


@dataclass(frozen=True, slots=True)
class Misfit:
    """Something that a mapped class needs and the database does not give, or may not give where it is no STOP."""

    problem: str
    remedy: str
    signal: Signal = Signal.STOP
