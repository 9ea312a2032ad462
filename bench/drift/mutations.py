"""The catalogue: kinds of single mutation, each generated from the live catalog of whatever database it is tried on.

A kind is a query in one of the files of `catalogue/`. It finds, in one database, every place where this damage can be
done: what has to be named afterwards (`schema`, `table`, `item`), and the statements that do the damage (`damage`).
The seed chooses among them. Above the query stand the name of the kind, and what has to be told: how it departs, the
kind of object, the attributes.
"""

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg.rows import dict_row

FOLDER = Path(__file__).parent / "catalogue"
FILES = (
    *("columns", "constraints", "indexes", "tables", "types", "sequences", "views", "routines"),
    *("of_tables", "of_databases", "others"),
)
# What each query can choose from.
RELATIONS = (FOLDER / "relations.sql").read_text()
# A statement can be refused in one place and not in another; what is refused everywhere says nothing about a tool.
TRIES = 25

_KIND = re.compile(
    r"^-- (?P<name>[^\n]+: [^\n]+)\n-- (?P<change>Missing|Unexpected|Altered) (?P<told>[^\n]+)\n(?P<query>.+?);\n",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Kind:
    """One kind of damage, and what a tool has to tell of it: how it departs, which kind of object, which attribute."""

    name: str
    change: str
    object_kinds: tuple[str, ...]
    attributes: frozenset[str]
    query: str


@dataclass(frozen=True)
class Damage:
    """One kind of damage in one place of one database."""

    kind: Kind
    statements: str
    schema: str | None
    table: str | None
    item: str | None = None
    new_name: str | None = None

    @property
    def named(self) -> str:
        """The own name of what was damaged."""
        return self.item or self.table or self.schema or ""

    @property
    def place(self) -> str:
        """The whole name of what was damaged."""
        return ".".join(part for part in (self.schema, self.table, self.item) if part)


def read_kinds(text: str) -> Iterator[Kind]:
    """Read the kinds of one file."""
    for found in _KIND.finditer(text):
        object_kinds, *attributes = found["told"].split(", ")
        yield Kind(
            found["name"],
            found["change"],
            tuple(object_kinds.split(" or ")),
            frozenset(attributes),
            found["query"],
        )


CATALOGUE = tuple(kind for file in FILES for kind in read_kinds((FOLDER / f"{file}.sql").read_text()))


def find_damage(connection: psycopg.Connection, kind: Kind, seed: str) -> list[Damage]:
    """List where one kind of damage can be done, in the order that the seed gives."""
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(RELATIONS + kind.query).fetchall()
    found = [
        Damage(kind, row["damage"], row["schema"], row["table"], row.get("item"), row.get("new_name")) for row in rows
    ]
    found.sort(key=lambda damage: (damage.place, damage.statements))
    random.Random(f"{seed} {kind.name}").shuffle(found)  # noqa: S311
    return found[:TRIES]
