"""Texts that a server prints from what it parsed: the same expression can have several, one after each round trip."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from interlock.schema.items import (
    Column,
    Constraint,
    Definition,
    Domain,
    Index,
    Item,
    Policy,
    Routine,
    Table,
    Trigger,
    View,
)
from interlock.schema.name import Kind, Name
from interlock.schema.snapshot import Snapshot

Texts = tuple[object, ...]
"""What the server printed of one object."""

_PRINTED: Mapping[type[Item], tuple[str, ...]] = {
    Table: ("partition_key", "part_of"),
    Column: ("default",),
    Domain: ("default",),
    Constraint: ("definition",),
    Index: ("definition", "predicate"),
    View: ("query",),
    Routine: ("definition",),
    Trigger: ("definition",),
    Policy: ("using", "check"),
}
# The other objects that are one statement consist of names, which are always printed in the same way.
_WITH_EXPRESSIONS = frozenset({Kind.STATISTICS, Kind.PUBLICATION})
_BODY = "\nAS "


def printed(item: Item) -> tuple[str, ...]:
    """The attributes of an object that are printed from an expression."""
    if isinstance(item, Definition):
        return ("definition",) if item.name.kind in _WITH_EXPRESSIONS else ()
    return _PRINTED.get(type(item), ())


def texts_of(item: Item) -> Texts:
    """What the server printed of an object, in the order of `printed`."""
    return tuple(getattr(item, attribute) for attribute in printed(item))


def with_texts(item: Item, texts: Texts) -> Item:
    """The object with other texts."""
    return replace(item, **dict(zip(printed(item), texts, strict=True)))  # type: ignore[arg-type]


def may_be_the_same(one: Item, other: Item) -> bool:
    """Whether two objects of one name differ in their texts, in a way that a round trip can bring about."""
    if type(one) is not type(other) or texts_of(one) == texts_of(other):
        return False
    if isinstance(one, Routine) and isinstance(other, Routine):
        # A body in quotes stays as somebody wrote it.
        return one.definition.partition(_BODY)[1:] == other.definition.partition(_BODY)[1:]
    return all((ours is None) == (theirs is None) for ours, theirs in zip(texts_of(one), texts_of(other), strict=True))


def recognise_known(observed: Snapshot, declared: Snapshot, others: Mapping[Name, Iterable[Item]]) -> Snapshot:
    """Write each object as it is declared where its texts are those of another known form of it."""
    found = {
        name: with_texts(item, texts_of(declared.items[name]))
        for name, forms in others.items()
        if (item := observed.items.get(name)) is not None
        and name in declared.items
        and type(item) is type(declared.items[name])
        and texts_of(item) in {texts_of(form) for form in forms}
    }
    return observed.with_items({**observed.items, **found}) if found else observed
