"""Follow the references inside an OpenAPI document."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

MOST_HOPS = 20


def resolved(value: object, document: Mapping[str, Any]) -> Mapping[str, Any]:
    """Give the object that a value is or refers to; an empty one where the reference leads nowhere."""
    for _ in range(MOST_HOPS):
        if not isinstance(value, Mapping):
            return {}
        if "$ref" not in value:
            return value
        value = _look_up(value["$ref"], document)
    return {}


def _look_up(reference: object, document: Mapping[str, Any]) -> object:
    if not isinstance(reference, str) or not reference.startswith("#/"):
        return None
    found: object = document
    for name in reference[2:].split("/"):
        key = unquote(name).replace("~1", "/").replace("~0", "~")
        found = found.get(key) if isinstance(found, Mapping) else None
    return found
