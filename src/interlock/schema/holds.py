"""Whether a live schema holds at least what a build declares: what lies beyond that is no reason against it."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from interlock.schema.drift import Change, Severity, Unexpected, find_drift, severity
from interlock.schema.items import (
    Column,
    Constraint,
    Domain,
    Enum,
    Extension,
    Index,
    Item,
    Routine,
    Table,
    attributes,
)
from interlock.schema.items import Sequence as SequenceItem
from interlock.schema.name import Kind
from interlock.schema.snapshot import Snapshot


def holds(declared: Snapshot, observed: Snapshot) -> tuple[Change, ...]:
    """List what of the declared schema the live one does not hold, in order of name; nothing where it holds it all.

    What is there beside it never counts. An altered object counts where it gives less than it is declared to give, or
    refuses what it is declared to take; of its differences only those are in the change.
    """
    ours = {
        name: as_far_as_it_holds(item, observed.items[name])
        for name, item in declared.items.items()
        if name in observed.items
    }
    changes = find_drift(declared, observed.with_items({**observed.items, **ours}))
    return tuple(
        change for change in changes if not isinstance(change, Unexpected) and severity(change) is not Severity.COSMETIC
    )


def as_far_as_it_holds(declared: Item, observed: Item) -> Item:
    """The live object, with each attribute as it is declared that holds what is declared of it."""
    if declared == observed or type(declared) is not type(observed):
        return observed
    ours, theirs = attributes(declared), attributes(observed)
    held = {key: ours[key] for key in ours if ours[key] != theirs[key] and _is_held(key, declared, observed)}
    return replace(observed, **held) if held else observed  # type: ignore[arg-type]


def _is_held(attribute: str, declared: Item, observed: Item) -> bool:
    if attribute in _NEVER_NEEDED or (type(declared), attribute) in _NOT_NEEDED:
        return declared.name.kind is not Kind.FOREIGN_TABLE or attribute != "options"
    enough = _ENOUGH.get((type(declared), attribute)) or _ENOUGH.get((object, attribute))
    return enough is not None and enough(getattr(declared, attribute), getattr(observed, attribute))


_NEVER_NEEDED = frozenset({"owner", "comment", "tablespace", "clustered_on", "statistics_target", "access_method"})
# How rows are stored, found and passed on to replicas: the build gets the same ones.
_NOT_NEEDED = frozenset(
    {
        (Extension, "version"),
        *((Table, each) for each in ("options", "toast_options", "replica_identity", "of_type", "revisions")),
        *((Column, each) for each in ("storage", "compression", "options", "is_inherited")),
        # NOT NULL may be gone altogether.
        *((Column, each) for each in ("not_null_is_validated", "not_null_is_inherited")),
        *((Constraint, each) for each in ("options", "is_inherited_below")),
        *((SequenceItem, each) for each in ("start", "cache", "owned_by", "is_identity")),
        # They stand in the definition too.
        *((Index, each) for each in ("is_unique", "method", "predicate", "nulls_are_distinct")),
        *((Routine, each) for each in ("result", "volatility", "is_security_definer", "settings")),
    }
)


def is_as_wide(declared: str, observed: str) -> bool:
    """Whether a type takes and gives every value of another one, in a way that no program notices."""
    if declared.endswith("[]") and observed.endswith("[]"):
        return is_as_wide(declared[:-2], observed[:-2])
    for order in _WIDER:
        if declared in order and observed in order:
            return order.index(declared) <= order.index(observed)
    ours, theirs = _measured(declared), _measured(observed)
    if ours.base in _TEXTS and theirs.base in _TEXTS:
        return not theirs.measures or (ours.base == theirs.base and 0 < _first(ours) <= _first(theirs))
    if ours[:2] != theirs[:2]:
        return False
    if not theirs.measures or not ours.measures:
        return not theirs.measures
    if ours.base == "numeric":
        (digits, scale), (more_digits, more_scale) = _digits(ours.measures), _digits(theirs.measures)
        return scale <= more_scale and digits - scale <= more_digits - more_scale
    return ours.base in _GROWING and _first(ours) <= _first(theirs)


_WIDER = (("smallint", "integer", "bigint"), ("real", "double precision"))
_TEXTS = frozenset({"character varying", "text"})
_GROWING = frozenset({"bit varying", "timestamp", "time"})
_MEASURED = re.compile(r"(?P<base>[^()]+?)(\((?P<measures>\d+(,-?\d+)?)\))?(?P<rest> with(out)? time zone)?\Z")


class _Measured(NamedTuple):
    """A type without its measures, what stands after them, and they."""

    base: str
    rest: str
    measures: tuple[int, ...]


def _measured(type_: str) -> _Measured:
    match = _MEASURED.match(type_)
    if match is None:
        return _Measured(type_, "", ())
    measures = tuple(int(each) for each in (match["measures"] or "").split(",") if each)
    return _Measured(match["base"], match["rest"] or "", measures)


def _first(type_: _Measured) -> int:
    return type_.measures[0] if type_.measures else 0


def _digits(measures: Sequence[int]) -> tuple[int, int]:
    return measures[0], measures[1] if len(measures) > 1 else 0


def _has_labels(declared: tuple[str, ...], observed: tuple[str, ...]) -> bool:
    """Whether each label is there, and they stand in the same order."""
    return tuple(label for label in observed if label in set(declared)) == declared


def _grants_as_much(declared: tuple[str, ...], observed: tuple[str, ...]) -> bool:
    """Whether each role may do what it is declared to be allowed, and nothing more was taken away."""
    ours, theirs = _privileges(declared), _privileges(observed)
    taken = {role for role in ours.keys() | theirs.keys() if role.startswith(_TAKEN)}
    if any(ours.get(role) != theirs.get(role) for role in taken):
        return False
    return all(_covers(theirs.get(role, {}), wanted) for role, wanted in ours.items() if role not in taken)


_TAKEN = "not "


def _privileges(grants: tuple[str, ...]) -> Mapping[str, Mapping[str, bool]]:
    """What each role may do, and whether it may pass that on."""
    found: dict[str, dict[str, bool]] = {}
    for grant in grants:
        role, _, listed = grant.rpartition(": ")
        names, passes_on, _ = listed.partition(" with grant option")
        of_role = found.setdefault(role, {})
        of_role |= {name: bool(passes_on) or of_role.get(name, False) for name in names.split(", ")}
    return found


def _covers(observed: Mapping[str, bool], wanted: Mapping[str, bool]) -> bool:
    return all(
        any(name in observed and observed[name] >= passes_on for name in (privilege, "ALL"))
        for privilege, passes_on in wanted.items()
    )


def _is_given(declared: object, _observed: object) -> bool:
    return declared in (None, "")


def _is_implied(declared: bool, observed: bool) -> bool:
    """Whether what is declared to be so is so; more of it is no harm."""
    return observed or not declared


_ENOUGH: Mapping[tuple[Any, str], Callable[[Any, Any], bool]] = {
    (object, "grants"): _grants_as_much,
    (object, "nullable"): _is_implied,
    (object, "default"): _is_given,
    (Column, "type"): is_as_wide,
    (Domain, "type"): is_as_wide,
    # Always becomes by default, or nothing becomes by default: each takes what was taken before.
    (Column, "filled_by"): lambda declared, observed: observed == "d" and declared in ("", "a"),
    (Enum, "labels"): _has_labels,
    (SequenceItem, "type"): is_as_wide,
    (SequenceItem, "maximum"): lambda declared, observed: declared <= observed,
    (SequenceItem, "minimum"): lambda declared, observed: declared >= observed,
    (SequenceItem, "persistence"): lambda declared, _observed: declared == "unlogged",
    (Table, "persistence"): lambda declared, _observed: declared == "unlogged",
    (Constraint, "is_validated"): _is_implied,
    (Constraint, "index_is_valid"): _is_implied,
    (Index, "is_valid"): _is_implied,
}
