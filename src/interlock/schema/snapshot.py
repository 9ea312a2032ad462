"""The catalog of a database as one immutable value."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from operator import attrgetter

from interlock.schema.items import Column, Item, Sequence
from interlock.schema.name import Kind, Name


@dataclass(frozen=True)
class Snapshot:
    """Every object that users made in a database, by name.

    `unread` says, in words, what the role may not see; `unmodelled` names what is there and is not compared. `major`
    is that of the server, 0 where none has printed it; `roles` are those of the server.
    """

    items: Mapping[Name, Item] = field(default_factory=dict)
    unread: tuple[str, ...] = ()
    unmodelled: tuple[str, ...] = ()
    major: int = field(default=0, compare=False)
    roles: frozenset[str] = field(default=frozenset(), compare=False, repr=False)

    def __iter__(self) -> Iterator[Item]:
        return iter(self.items.values())

    def __len__(self) -> int:
        return len(self.items)

    @cached_property
    def is_empty(self) -> bool:
        """Whether there is nothing but places to put something into, and what the operator installed."""
        return all(name.kind in (Kind.SCHEMA, Kind.EXTENSION) for name in self.items)

    @cached_property
    def schemas(self) -> frozenset[str]:
        """The schemas that something lies in."""
        return frozenset(name.schema for name in self.items) - {""}

    @cached_property
    def tables(self) -> tuple[Name, ...]:
        return tuple(name for name in self.items if name.kind is Kind.TABLE)

    @cached_property
    def containers(self) -> frozenset[tuple[str, str]]:
        """Schema and name of everything that others can belong to: tables, views, domains."""
        return frozenset((name.schema, name.table) for name in self.items if not name.item)

    @cached_property
    def _columns(self) -> Mapping[tuple[str, str], list[Column]]:
        found: dict[tuple[str, str], list[Column]] = {}
        for item in self:
            if isinstance(item, Column):
                _, schema, table, _ = item.name
                found.setdefault((schema, table), []).append(item)
        return found

    def columns_of(self, table: Name) -> tuple[Column, ...]:
        """The columns of a table or view, in their order."""
        return tuple(sorted(self._columns.get((table.schema, table.table), ()), key=attrgetter("position")))

    @cached_property
    def identities(self) -> Mapping[Name, Sequence]:
        """The sequence of each identity column that has one of its own."""
        return {
            item.owned_by: item for item in self if isinstance(item, Sequence) and item.is_identity and item.owned_by
        }

    @cached_property
    def _owners(self) -> Mapping[tuple[str, str], str]:
        return {(name.schema, name.table): item.owner for name, item in self.items.items() if not name.item}

    def owner_of(self, name: Name) -> str:
        """The role that owns an object, or the table or view that it belongs to; empty where nobody does."""
        return self._owners.get((name.schema, name.table), "")

    @cached_property
    def usual_owner(self) -> str:
        """The role that owns most; empty where nobody owns anything."""
        owners = Counter(item.owner for item in self if item.owner and item.name.kind is not Kind.SCHEMA)
        return min(owners, key=lambda role: (-owners[role], role), default="")

    def owned_by(self, role: str) -> "Snapshot":
        """The same with `role` in the place of the usual owner."""
        usual = self.usual_owner
        if not usual or usual == role:
            return self
        changed = (_owned_by(item, usual, role) for item in self)
        return self.with_items({item.name: item for item in changed})

    def with_items(self, items: Mapping[Name, Item]) -> "Snapshot":
        """The same database with other objects."""
        return replace(self, items=items)

    def within(self, schemas: Collection[str]) -> "Snapshot":
        """Only what lies in these schemas, they themselves, and what lies in none."""
        return self.with_items(
            {
                name: item
                for name, item in self.items.items()
                if name.schema in schemas or (name.table in schemas if name.kind is Kind.SCHEMA else not name.schema)
            }
        )

    def without_schema(self, schema: str) -> "Snapshot":
        """All but what lies in one schema, and itself."""
        return self.with_items(
            {
                name: item
                for name, item in self.items.items()
                if schema != (name.table if name.kind is Kind.SCHEMA else name.schema)
            }
        )

    def without(self, names: Collection[Name]) -> "Snapshot":
        """All but these objects."""
        return self.with_items({name: item for name, item in self.items.items() if name not in names})

    def without_table(self, schema: str, table: str) -> "Snapshot":
        """All but one table and what belongs to it."""
        return self.with_items(
            {name: item for name, item in self.items.items() if (name.schema, name.table) != (schema, table)}
        )


def _owned_by(item: Item, before: str, after: str) -> Item:
    if item.name.kind is Kind.DEFAULT_PRIVILEGES:
        # They are known by whose objects they are for.
        of_before, of_after = f" of {before}", f" of {after}"
        name = item.name.table
        if name.endswith(of_before):
            return replace(item, name=item.name._replace(table=name.removesuffix(of_before) + of_after))
    return replace(item, owner=after) if item.owner == before else item
