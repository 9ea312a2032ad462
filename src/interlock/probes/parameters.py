"""Fill the parameters of an operation in, where its document says with what."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from interlock.probes.reference import resolved

_COMPOSED = ("allOf", "anyOf", "oneOf")
_IN_BRACES = re.compile(r"\{([^}]*)\}?")


@dataclass(frozen=True, slots=True)
class Filled:
    """A path that can be asked, once what is left in braces has a value too: the parameters of that name.

    `is_tried`: a value in it is one that the document allows, and not one that it gives.
    """

    path: str
    left: tuple[str, ...] = ()
    is_tried: bool = False


@dataclass(frozen=True, slots=True)
class Lacking:
    """What the document gives no value for."""

    parameter: str


def fill_in(
    path: str, item: Mapping[str, Any], operation: Mapping[str, Any], document: Mapping[str, Any]
) -> Filled | Lacking:
    """Give the path of an operation with its required parameters in it. Optional ones are left out.

    A whole part of the path, as in `/orders/{order_id}`, is left as it is where the document has no value for it.
    """
    query: list[tuple[str, str]] = []
    left: list[str] = []
    is_tried = False
    for parameter in _required(item, operation, document):
        name, place = str(parameter.get("name", "")), parameter.get("in")
        texts = _texts(_value_of(parameter, document))
        if not texts:
            texts = _texts(_allowed_by(parameter.get("schema"), document))
            is_tried |= bool(texts)
        if not texts and place == "path" and "{" + name + "}" in path.split("/"):
            left.append(name)
            continue
        if not texts or place not in ("path", "query"):
            return Lacking(f"the {place} parameter {name}")
        if place == "query":
            query += [(name, text) for text in texts]
        else:
            path = path.replace("{" + name + "}", quote(",".join(texts), safe=","))
    if set(_IN_BRACES.findall(path)) != set(left):
        return Lacking("a path parameter that the document does not describe")
    in_order = sorted(left, key=lambda name: path.index("{" + name + "}"))
    return Filled(f"{path}?{urlencode(query)}" if query else path, tuple(in_order), is_tried)


def _required(
    item: Mapping[str, Any], operation: Mapping[str, Any], document: Mapping[str, Any]
) -> list[Mapping[str, Any]]:
    # The operation's own parameters replace those of the path that have the same name and place.
    described: dict[tuple[Any, Any], Mapping[str, Any]] = {}
    for owner in (item, operation):
        for parameter in owner.get("parameters") or ():
            one = resolved(parameter, document)
            described[str(one.get("name")), str(one.get("in"))] = one
    return [one for one in described.values() if one.get("required") is True or one.get("in") == "path"]


def _value_of(parameter: Mapping[str, Any], document: Mapping[str, Any]) -> object:
    schema = resolved(parameter.get("schema"), document)
    several = parameter.get("examples")
    named = [resolved(one, document).get("value") for one in several.values()] if isinstance(several, Mapping) else []
    listed = schema.get("examples")
    candidates = [
        parameter.get("example"),
        *named,
        schema.get("example"),
        *(listed if isinstance(listed, list) else []),
        schema.get("default"),
    ]
    return next((value for value in candidates if value is not None), None)


def _allowed_by(described: object, document: Mapping[str, Any]) -> object:
    """Give a value of a schema that allows only some: the one, the first of several, or false."""
    schema = resolved(described, document)
    parts = [schema.get("items"), *(part for kind in _COMPOSED for part in schema.get(kind) or ())]
    # No deeper: a schema may lie within itself.
    values = [value for one in (schema, *parts) for value in _values_of(resolved(one, document))]
    return next((value for value in values if value is not None), None)


def _values_of(schema: Mapping[str, Any]) -> list[object]:
    listed = schema.get("enum")
    values = [schema.get("const"), *(listed if isinstance(listed, list) else [])]
    return [*values, False] if schema.get("type") == "boolean" else values


def _texts(value: object) -> list[str]:
    if isinstance(value, list):
        return [text for one in value for text in _texts(one)]
    if isinstance(value, bool):
        return ["true" if value else "false"]
    return [str(value)] if isinstance(value, str | int | float) and str(value) else []
