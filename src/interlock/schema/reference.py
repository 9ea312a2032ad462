"""A foreign key as what it says: which columns refer to which of which table."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from interlock.schema.items import Constraint, Item
from interlock.schema.name import Kind, Name

_IDENTIFIER = r'(?:"(?:[^"]|"")*"|[^\s".,()]+)'
_LIST = rf"{_IDENTIFIER}(?:, {_IDENTIFIER})*"
_FOREIGN_KEY = re.compile(
    rf"FOREIGN KEY \((?P<columns>{_LIST})\)"
    rf" REFERENCES (?P<schema>{_IDENTIFIER})\.(?P<table>{_IDENTIFIER})\((?P<referred>{_LIST})\)"
)


@dataclass(frozen=True, slots=True)
class Reference:
    """Each row whose `columns` have values needs a counterpart in `table`, whose `referred` columns have the same."""

    name: Name
    columns: tuple[str, ...]
    table: Name
    referred: tuple[str, ...]

    @property
    def source(self) -> Name:
        """The table that refers."""
        return Name(Kind.TABLE, self.name.schema, self.name.table)


def references(items: Iterable[Item]) -> Iterator[Reference]:
    """The foreign keys of a schema that compare equal with equal."""
    for item in items:
        found = _FOREIGN_KEY.match(item.definition) if isinstance(item, Constraint) else None
        if found:
            table = Name(Kind.TABLE, _plain(found["schema"]), _plain(found["table"]))
            yield Reference(item.name, _plain_each(found["columns"]), table, _plain_each(found["referred"]))


def _plain_each(names: str) -> tuple[str, ...]:
    return tuple(map(_plain, re.findall(_IDENTIFIER, names)))


def _plain(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name
