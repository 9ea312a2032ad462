"""One difference for programs."""

from typing import Any

from interlock.schema.drift import Altered, Change, Missing, severity
from interlock.schema.items import Item, attributes
from interlock.schema.name import Name


def change_as_json(change: Change) -> dict[str, Any]:
    """One difference as JSON: what it is about, how bad it is, both sides."""
    name = change.name
    alike = change.looks_like if isinstance(change, Missing) else None
    return {
        "change": type(change).__name__,
        "kind": name.kind.value,
        "schema": name.schema,
        "table": name.table,
        "item": name.item,
        "class": severity(change).value,
        "declared": _attributes(getattr(change, "declared", None)),
        "observed": _attributes(getattr(change, "observed", None)),
        "differs_in": list(change.differences) if isinstance(change, Altered) else [],
        "looks_like": alike.name.path if alike else None,
    }


def _attributes(item: Item | None) -> dict[str, Any] | None:
    return {key: _plain(value) for key, value in attributes(item).items()} if item else None


def _plain(value: object) -> object:
    if isinstance(value, Name):
        return value.path
    return list(value) if isinstance(value, tuple) else value
