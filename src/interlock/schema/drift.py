"""Where a live schema departs from the declared one, as values."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain
from operator import attrgetter

from interlock.schema.snapshot import Column, Index, Item, Kind, Name, Snapshot, attributes


@dataclass(frozen=True, slots=True)
class Missing:
    """Declared, but not there."""

    name: Name
    declared: Item

    def __str__(self) -> str:
        return f"Missing {self.name}"


@dataclass(frozen=True, slots=True)
class Unexpected:
    """There, but declared by nothing."""

    name: Name
    observed: Item

    def __str__(self) -> str:
        return f"Unexpected {self.name}"


@dataclass(frozen=True, slots=True)
class Altered:
    """There, but not as declared."""

    name: Name
    declared: Item
    observed: Item

    @property
    def differences(self) -> Mapping[str, tuple[object, object]]:
        """The attributes that differ: declared value, observed value."""
        declared, observed = attributes(self.declared), attributes(self.observed)
        return {key: (declared[key], observed[key]) for key in declared if declared[key] != observed[key]}

    def __str__(self) -> str:
        told = "; ".join(
            f"{attribute} is {_shown(observed)}, declared {_shown(declared)}"
            for attribute, (declared, observed) in self.differences.items()
        )
        return f"Altered {self.name}: {told}"


Change = Missing | Unexpected | Altered


def find_drift(declared: Snapshot, observed: Snapshot) -> tuple[Change, ...]:
    """List, in order of name, where the live schema departs from the declared one.

    What belongs to a table that is itself missing or unexpected is not listed: the table says it.
    """
    ours, theirs = declared.items, observed.items
    missing = (Missing(name, ours[name]) for name in ours.keys() - theirs.keys() if _is_told_apart(name, theirs))
    unexpected = (Unexpected(name, theirs[name]) for name in theirs.keys() - ours.keys() if _is_told_apart(name, ours))
    altered = (
        Altered(name, ours[name], theirs[name]) for name in ours.keys() & theirs.keys() if ours[name] != theirs[name]
    )
    return tuple(sorted(chain[Change](missing, unexpected, altered), key=attrgetter("name")))


def is_harmful(change: Change) -> bool:
    """Whether code that was written for the declared schema can fail, or lose a guarantee, on the live one.

    Something unexpected is harmful where it can refuse a row that the declared schema takes.
    """
    match change:
        case Missing() | Altered():
            return True
        case Unexpected(observed=Column(nullable=False, default=None, filled_by="")):
            return True
        case Unexpected(observed=Index(is_unique=True)):
            return True
        case Unexpected(name=Name(kind=kind)):
            return kind in {Kind.PRIMARY_KEY, Kind.UNIQUE, Kind.FOREIGN_KEY}


def _is_told_apart(name: Name, other_side: Mapping[Name, Item]) -> bool:
    return name.parent is None or name.parent in other_side


def _shown(value: object) -> str:
    match value:
        case None | "":
            return "none"
        case bool():
            return "yes" if value else "no"
        case tuple():
            return "(" + ", ".join(map(str, value)) + ")"
        case _:
            return str(value)
