"""What those who run a database do to it beside the chain, and what a chain is therefore no judge of."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from interlock.schema.ddl.words import always_quoted, partition_of, relation
from interlock.schema.history import History
from interlock.schema.items import Column, Constraint, Extension, Index, Item, Table, View
from interlock.schema.name import Kind, Name
from interlock.schema.snapshot import Snapshot

# Monitoring, replication, access, audit: installed for the database and not for the application.
_INSTALLED = frozenset(
    {
        *(Kind.EXTENSION, Kind.LANGUAGE, Kind.ACCESS_METHOD, Kind.TRANSFORM, Kind.DEFAULT_PRIVILEGES),
        *(Kind.PUBLICATION, Kind.SUBSCRIPTION, Kind.WRAPPER, Kind.SERVER, Kind.USER_MAPPING, Kind.EVENT_TRIGGER),
    }
)


@dataclass(frozen=True, slots=True)
class SetAside:
    """A live schema without what its operators did to it, and what that is, in words."""

    rest: Snapshot
    told: tuple[str, ...]


def set_aside(observed: Snapshot, history: History) -> SetAside:
    """Take out of a live schema what a chain never speaks of, so that it is compared in what the chain says.

    That is: who owns most, what is granted, storage parameters, tablespaces, versions of extensions, as far as no
    revision says anything else; extensions, publications and the like that no revision makes; partitions of the chain's
    tables that come and go with the rows; and the schemas that are there before the first revision.
    """
    everything = observed.owned_by(history.usual_owner).items
    theirs = [name for name in everything if name.kind in _INSTALLED and name not in history.variants]
    given = {name: item for name, item in history.moments[0].schema.items.items() if name.kind is Kind.SCHEMA}
    told: dict[str, list[str]] = {}
    kept: dict[Name, Item] = dict(given)
    partitions = _partitions_beside(everything, history)
    places = {(name.schema, name.table) for name in partitions}
    left_out = {*theirs, *given, *partitions}
    for name, item in everything.items():
        if name in left_out or name.container in places:
            continue
        kept[name], unspoken = _as_far_as_spoken_of(item, history.variants.get(name, ()))
        for what in unspoken:
            told.setdefault(what, []).append(name.path)
    for name in theirs:
        told.setdefault(f"{name.kind} that no revision makes", []).append(name.path)
    for name in partitions:
        told.setdefault("partitions that no revision makes", []).append(name.path)
    return SetAside(observed.with_items(kept), tuple(_worded(told)))


def _partitions_beside(everything: Mapping[Name, Item], history: History) -> list[Name]:
    """Partitions, on any level, of tables that the chain makes; not one that is half detached."""
    known = {relation(name) for name, forms in history.variants.items() if isinstance(forms[-1], Table)}
    waiting = {
        name: always_quoted(partition[0])
        for name, item in everything.items()
        if isinstance(item, Table) and name not in history.variants and not item.is_detaching
        if (partition := partition_of(item.part_of))
    }
    found: list[Name] = []
    while grown := [name for name, whole in waiting.items() if whole in known]:
        known |= {relation(name) for name in grown}
        found += grown
        waiting = {name: whole for name, whole in waiting.items() if name not in found}
    return found


def _as_far_as_spoken_of(item: Item, variants: tuple[Item, ...]) -> tuple[Item, Iterator[str]]:
    """The object as it would be if the operator had not touched it, and what was touched."""
    if not variants or item == variants[-1]:
        return item, iter(())
    changes: dict[str, object] = {}
    spoken_grants = {grant for variant in variants for grant in variant.grants}
    if extra := tuple(grant for grant in item.grants if grant not in spoken_grants):
        changes["grants"] = tuple(grant for grant in item.grants if grant not in extra)
    newest = variants[-1]
    for attribute in _TUNED.get(type(item), ()):
        ours = {_key(each) for variant in variants for each in _values(variant, attribute)}
        value = getattr(item, attribute)
        spoken = tuple(each for each in value if _key(each) in ours) if isinstance(value, tuple) else None
        if isinstance(value, tuple) and spoken != value:
            changes[attribute] = spoken
        elif not isinstance(value, tuple) and not ours and value != getattr(newest, attribute):
            changes[attribute] = getattr(newest, attribute)
    if isinstance(item, Extension) and isinstance(newest, Extension):
        # Both are as the server has them.
        changes |= {"version": newest.version, "comment": newest.comment}
    told = (attribute.replace("_", " ") for attribute in changes if attribute not in ("version", "comment"))
    return (replace(item, **changes) if changes else item), told  # type: ignore[arg-type]


_TUNED: Mapping[type, tuple[str, ...]] = {
    Table: ("options", "toast_options", "tablespace", "clustered_on"),
    View: ("tablespace", "clustered_on"),
    Index: ("tablespace",),
    Constraint: ("options",),
    Column: ("statistics_target", "options"),
}
"""What is set for speed, and not for what the application gets."""


def _values(item: Item, attribute: str) -> tuple[str, ...]:
    value = getattr(item, attribute)
    return value if isinstance(value, tuple) else (str(value),) if value not in ("", None) else ()


def _key(option: str) -> str:
    return option.partition("=")[0]


def _worded(told: Mapping[str, list[str]]) -> Iterator[str]:
    for what, names in sorted(told.items()):
        more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
        yield f"the chain says nothing of: {what} ({', '.join(sorted(names)[:SHOWN])}{more})"


SHOWN = 3
