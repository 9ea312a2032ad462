"""Which missing object and which unexpected one look like one that was renamed. A guess, and told as one."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from difflib import SequenceMatcher

from interlock.schema.items import Column, Item, Sequence, Table, attributes
from interlock.schema.name import Name
from interlock.schema.snapshot import Snapshot

ALIKE = 0.6
"""From which share of common letters on two names look alike (difflib)."""

# As the server names them (63 bytes cut short): orders_pkey, orders_customer_id_fkey, orders_code_idx1.
_GENERATED = re.compile(r"_(pkey|key|fkey|check|excl|idx|seq|not_null)\d*\Z")


def likeness(missing: Item, unexpected: Item, declared: Snapshot, observed: Snapshot) -> float:
    """How much two objects of one kind look like the same one under two names: 0 is not at all, 1 is but the name."""
    if isinstance(missing, Table) and isinstance(unexpected, Table):
        return _share_of_columns(_columns(missing.name, declared), _columns(unexpected.name, observed))
    same = _without_names(missing) == _without_names(unexpected)
    if not same:
        return 0.0
    if isinstance(missing, Column) and isinstance(unexpected, Column):
        alike = SequenceMatcher(None, missing.name.item, unexpected.name.item).ratio()
        return 1.0 if missing.position == unexpected.position else alike
    return 1.0


def is_generated(name: Name) -> bool:
    """Whether a name is one that the server makes where nobody gives one."""
    return bool(_GENERATED.search(name.item or name.table))


def pairs(
    missing: Mapping[Name, Item], unexpected: Mapping[Name, Item], declared: Snapshot, observed: Snapshot
) -> Iterator[tuple[Name, Name]]:
    """Give each missing object with the unexpected one that it looks like most, best first; none twice."""
    places: dict[object, list[Name]] = {}
    for name in unexpected:
        places.setdefault(_place(name), []).append(name)
    found = sorted(
        (-score, name.place, other.place, name, other)
        for name, item in missing.items()
        for other in places.get(_place(name), ())
        if (score := likeness(item, unexpected[other], declared, observed)) >= ALIKE
    )
    taken: set[Name] = set()
    for *_, name, other in found:
        if name not in taken and other not in taken:
            taken |= {name, other}
            yield name, other


def _place(name: Name) -> object:
    return (name.kind, name.schema, name.table if name.item else "")


def _columns(table: Name, snapshot: Snapshot) -> Mapping[str, str]:
    return {column.name.item: column.type for column in snapshot.columns_of(table)}


def _share_of_columns(ours: Mapping[str, str], theirs: Mapping[str, str]) -> float:
    return 2 * len(ours.items() & theirs.items()) / max(len(ours) + len(theirs), 1)


def _without_names(item: Item) -> object:
    """What is compared of an object, its own name taken out of its texts."""
    own = re.escape(item.name.item or item.name.table.partition("(")[0])
    word = re.compile(rf'(?<!\w)"?{own}"?(?!\w)')
    if isinstance(item, Sequence):
        item = replace(item, owned_by=None)
    return {key: word.sub("", value) if isinstance(value, str) else value for key, value in attributes(item).items()}
