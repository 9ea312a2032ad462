"""The catalog of a database as one immutable value."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from functools import cached_property
from typing import ClassVar


class Kind(StrEnum):
    """What an object of the catalog is, in the words of PostgreSQL. The order is the order of reports."""

    ENUM = "enum"
    TABLE = "table"
    COLUMN = "column"
    PRIMARY_KEY = "primary key"
    UNIQUE = "unique constraint"
    FOREIGN_KEY = "foreign key"
    INDEX = "index"


_ORDER = {kind: place for place, kind in enumerate(Kind)}


@dataclass(frozen=True, slots=True)
class Name:
    """What identifies an object: its schema, its table if it belongs to one, and its own name."""

    kind: Kind
    schema: str
    table: str
    item: str = ""

    @property
    def parent(self) -> "Name | None":
        """The table that a column, a constraint or an index belongs to."""
        return Name(Kind.TABLE, self.schema, self.table) if self.item else None

    def __str__(self) -> str:
        path = ".".join(part for part in (self.schema, self.table, self.item) if part)
        return f"{self.kind} {path}"

    def __lt__(self, other: "Name") -> bool:
        return self._place < other._place

    @property
    def _place(self) -> tuple[str, bool, str, int, str]:
        # A table comes before what belongs to it, and enums before the tables that use them.
        return (self.schema, self.kind is not Kind.ENUM, self.table, _ORDER[self.kind], self.item)


@dataclass(frozen=True, slots=True)
class Table:
    """A table, ordinary or partitioned. `part_of` is what it is a partition of, with its bounds, or inherits from."""

    name: Name
    partition_key: str | None = None
    part_of: str | None = None


@dataclass(frozen=True, slots=True)
class Column:
    """A column. `type` and `default` are as the server prints them, with every name qualified."""

    name: Name
    type: str
    nullable: bool
    default: str | None = None
    # How the server fills the column: "a" or "d" for an identity, "s" or "v" for a generated column
    # (pg_attribute.attidentity, pg_attribute.attgenerated).
    filled_by: str = ""


@dataclass(frozen=True, slots=True)
class Constraint:
    """A primary key, a unique constraint or a foreign key, as pg_get_constraintdef prints it."""

    name: Name
    definition: str


@dataclass(frozen=True, slots=True)
class Index:
    """An index that no constraint owns. An INVALID one is there but no query uses it."""

    name: Name
    definition: str
    is_unique: bool = False
    is_valid: bool = True


@dataclass(frozen=True, slots=True)
class Enum:
    """An enum type with its labels in order."""

    name: Name
    labels: tuple[str, ...]


Item = Table | Column | Constraint | Index | Enum


def attributes(item: Item) -> Mapping[str, object]:
    """What is compared of an object: everything but its name."""
    return {part.name: getattr(item, part.name) for part in fields(item) if part.name != "name"}


@dataclass(frozen=True)
class Snapshot:
    """Every object of a database that is compared, by name."""

    items: Mapping[Name, Item] = field(default_factory=dict)

    COMPARED: ClassVar[str] = (
        "tables, columns (type, nullability, default), primary keys, unique constraints, foreign keys, "
        "indexes, enum labels"
    )

    def __iter__(self) -> Iterator[Item]:
        return iter(self.items.values())

    def __len__(self) -> int:
        return len(self.items)

    @cached_property
    def schemas(self) -> frozenset[str]:
        return frozenset(name.schema for name in self.items)

    @cached_property
    def tables(self) -> tuple[Name, ...]:
        return tuple(sorted(name for name in self.items if name.kind is Kind.TABLE))

    def within(self, schemas: Collection[str]) -> "Snapshot":
        """Only what lies in these schemas."""
        return Snapshot({name: item for name, item in self.items.items() if name.schema in schemas})

    def without_table(self, schema: str, table: str) -> "Snapshot":
        """All but one table and what belongs to it."""
        return Snapshot(
            {name: item for name, item in self.items.items() if (name.schema, name.table) != (schema, table)}
        )
