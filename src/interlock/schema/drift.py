"""Where a live schema departs from the declared one, as values."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import chain

from interlock.schema.items import (
    Column,
    Composite,
    Domain,
    Enum,
    Extension,
    Index,
    Item,
    Range,
    Routine,
    attributes,
)
from interlock.schema.items import Sequence as SequenceItem
from interlock.schema.name import Kind, Name
from interlock.schema.rename import is_generated, pairs
from interlock.schema.snapshot import Snapshot

COLUMN_ORDER = "column order"
"""The one difference that is between what belongs to a table and not in it."""


class Severity(StrEnum):
    """What a difference does to code that was written for the declared schema; the worst stands first."""

    BREAKING = "breaking"
    """It can fail."""
    BEHAVIOURAL = "behavioural"
    """It works, but not as declared."""
    COSMETIC = "cosmetic"
    """It does not notice."""


@dataclass(frozen=True, slots=True)
class Missing:
    """Declared, but not there. `looks_like` is an object that is there under another name, and may be the same one."""

    name: Name
    declared: Item
    looks_like: Item | None = None

    def __str__(self) -> str:
        alike = f" ({self.looks_like.name.item or self.looks_like.name.table} looks like it)" if self.looks_like else ""
        return f"Missing {self.name}{alike}"


@dataclass(frozen=True, slots=True)
class Unexpected:
    """There, but declared by nothing."""

    name: Name
    observed: Item

    def __str__(self) -> str:
        return f"Unexpected {self.name}"


@dataclass(frozen=True, slots=True)
class Altered:
    """There, but not as declared. The orders are those of the columns that both sides have, where they differ."""

    name: Name
    declared: Item
    observed: Item
    declared_order: tuple[str, ...] = ()
    observed_order: tuple[str, ...] = ()

    @property
    def differences(self) -> Mapping[str, tuple[object, object]]:
        """The attributes that differ: declared value, observed value."""
        declared, observed = attributes(self.declared), attributes(self.observed)
        found = {key: (declared[key], observed[key]) for key in declared if declared[key] != observed[key]}
        if self.declared_order != self.observed_order:
            found[COLUMN_ORDER] = (self.declared_order, self.observed_order)
        return found

    def __str__(self) -> str:
        told = "; ".join(
            f"{attribute} is {_shown(observed)}, declared {_shown(declared)}"
            for attribute, (declared, observed) in self.differences.items()
        )
        return f"Altered {self.name}: {told}"


Change = Missing | Unexpected | Altered


def find_drift(declared: Snapshot, observed: Snapshot) -> tuple[Change, ...]:
    """List, in order of name, where the live schema departs from the declared one.

    What belongs to a table that is itself missing or unexpected is not listed: the table says it. Something missing
    and something unexpected that look like one renamed object are one difference.
    """
    ours, theirs = declared.items, observed.items
    missing = {name: item for name, item in ours.items() if name not in theirs and is_told_apart(item, observed)}
    unexpected = {name: item for name, item in theirs.items() if name not in ours and is_told_apart(item, declared)}
    renamed = dict(pairs(missing, unexpected, declared, observed))
    changes = chain[Change](
        (Missing(name, item, unexpected.get(renamed.get(name, name))) for name, item in missing.items()),
        (Unexpected(name, unexpected[name]) for name in unexpected.keys() - renamed.values()),
        _altered(declared, observed),
    )
    return tuple(sorted(changes, key=lambda change: change.name.place))


def severity(change: Change) -> Severity:
    """How bad a difference is for code that was written for the declared schema."""
    match change:
        case Missing(declared=declared, looks_like=alike) if alike and _is_generated_twice(declared, alike):
            return Severity.COSMETIC
        case Missing(name=name):
            return Severity.BEHAVIOURAL if name.kind in _GUARDS else Severity.BREAKING
        case Altered(declared=declared, observed=observed):
            found = {_severity_of(attribute, declared, observed) for attribute in change.differences}
            return next(each for each in Severity if each in found)
        case Unexpected(observed=Column(nullable=False, default=None, filled_by="")):
            return Severity.BREAKING  # a row that the declared schema takes is refused
        # One that is not valid is what an interrupted CREATE INDEX or REINDEX CONCURRENTLY left behind.
        case Unexpected(observed=Index(is_unique=True) | Index(is_valid=False)):
            return Severity.BEHAVIOURAL
        case Unexpected(name=name):
            return Severity.BEHAVIOURAL if name.kind in _INTERFERING else Severity.COSMETIC


def is_in_step(changes: Iterable[Change]) -> bool:
    """Whether nothing differs but the order of columns and names that the server gave."""
    return not any(_counts(change) for change in changes)


# Without them the code works, and a rule is not kept, or not quickly.
_GUARDS = frozenset(
    {
        *(Kind.PRIMARY_KEY, Kind.UNIQUE, Kind.FOREIGN_KEY, Kind.CHECK, Kind.EXCLUSION, Kind.DOMAIN_CONSTRAINT),
        *(Kind.INDEX, Kind.TRIGGER, Kind.RULE, Kind.POLICY, Kind.STATISTICS),
        *(Kind.EVENT_TRIGGER, Kind.PUBLICATION, Kind.SUBSCRIPTION, Kind.DEFAULT_PRIVILEGES),
    }
)
# With them a row that the declared schema takes can be refused, or become another one.
_INTERFERING = _GUARDS - {Kind.INDEX, Kind.STATISTICS, Kind.DEFAULT_PRIVILEGES}

_NAMED_BY_SERVER = frozenset({Kind.PRIMARY_KEY, Kind.UNIQUE, Kind.FOREIGN_KEY, Kind.CHECK, Kind.EXCLUSION, Kind.INDEX})

_COMMENTS = frozenset({"comment", "index_comment", "not_null_comment", "attribute_comments"})
_UNNOTICED = _COMMENTS | {"tablespace", "clustered_on", COLUMN_ORDER}
_RELIED_ON = {
    (Column, "type"),
    (Column, "filled_by"),
    (Domain, "type"),
    (Composite, "attributes"),
    (Range, "options"),
    (Routine, "result"),
    (Extension, "schema"),
}


def _severity_of(attribute: str, declared: Item, observed: Item) -> Severity:
    if attribute in _UNNOTICED:
        return Severity.COSMETIC
    if (type(declared), attribute) in _RELIED_ON:
        return Severity.BREAKING
    match attribute, declared, observed:
        # A row without a value is refused from now on.
        case "nullable", Column() | Domain(), Column(nullable=False) | Domain(nullable=False):
            return Severity.BREAKING
        case "default", Column(nullable=False), Column(default=None):
            return Severity.BREAKING
        case "labels", Enum(labels=ours), Enum(labels=theirs) if not set(ours) <= set(theirs):
            return Severity.BREAKING
    return Severity.BEHAVIOURAL


def _altered(declared: Snapshot, observed: Snapshot) -> Iterable[Altered]:
    found: dict[Name, Altered] = {}
    moved: set[Name] = set()
    for name, item in declared.items.items():
        other = observed.items.get(name)
        if other is None:
            continue
        if item != other:
            found[name] = Altered(name, item, other)
        # Another place may mean no more than that a column before it was dropped on one side.
        if isinstance(item, Column) and isinstance(other, Column) and item.position != other.position:
            moved.add(Name(Kind.TABLE, name.schema, name.table))
    for name in moved & declared.items.keys() & observed.items.keys():
        orders = _orders(declared.columns_of(name), observed.columns_of(name))
        if orders[0] != orders[1]:
            change = found.get(name, Altered(name, declared.items[name], observed.items[name]))
            found[name] = replace(change, declared_order=orders[0], observed_order=orders[1])
    return found.values()


def _orders(ours: Sequence[Column], theirs: Sequence[Column]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The names of the columns that both sides have, as each side has them."""
    names, others = [column.name.item for column in ours], [column.name.item for column in theirs]
    if names == others:
        return (), ()
    common = {*names} & {*others}
    return tuple(name for name in names if name in common), tuple(name for name in others if name in common)


def is_told_apart(item: Item, other_side: Snapshot) -> bool:
    """Whether an object that the other side lacks is a difference of its own, and no part of a larger one."""
    if isinstance(item, SequenceItem) and item.owned_by:
        return item.owned_by in other_side.items
    return item.name.container is None or item.name.container in other_side.containers


def _is_generated_twice(declared: Item, alike: Item) -> bool:
    # No code names a constraint, an index or the sequence of an identity. Of a table or a column it is the name that
    # counts, though it may end like one of the server's (api_key).
    is_unnamed = declared.name.kind in _NAMED_BY_SERVER or (isinstance(declared, SequenceItem) and declared.is_identity)
    return is_unnamed and is_generated(declared.name) and is_generated(alike.name)


def _counts(change: Change) -> bool:
    match change:
        case Missing():
            return severity(change) is not Severity.COSMETIC
        case Altered():
            return change.differences.keys() != {COLUMN_ORDER}
        case _:
            return True


def _shown(value: object) -> str:
    match value:
        case None | "" | ():
            return "none"
        case bool():
            return "yes" if value else "no"
        case tuple() if not isinstance(value, Name):
            return "(" + ", ".join(map(str, value)) + ")"
        case _:
            # A query or a body has lines, and this is one.
            return " ".join(str(value).split())
