"""Fill the parameters of an operation in, where its document says with what."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from interlock.probes.reference import resolved


@dataclass(frozen=True, slots=True)
class Filled:
    """A path that can be asked."""

    path: str


@dataclass(frozen=True, slots=True)
class Lacking:
    """What the document gives no value for."""

    parameter: str


def fill_in(
    path: str, item: Mapping[str, Any], operation: Mapping[str, Any], document: Mapping[str, Any]
) -> Filled | Lacking:
    """Give the path of an operation with its required parameters in it. Optional ones are left out."""
    query: list[tuple[str, str]] = []
    for parameter in _required(item, operation, document):
        name, place = str(parameter.get("name", "")), parameter.get("in")
        texts = _texts(_value_of(parameter, document))
        if not texts or place not in ("path", "query"):
            return Lacking(f"the {place} parameter {name}")
        if place == "query":
            query += [(name, text) for text in texts]
        else:
            path = path.replace("{" + name + "}", quote(",".join(texts), safe=","))
    if "{" in path:
        return Lacking("a path parameter that the document does not describe")
    return Filled(f"{path}?{urlencode(query)}" if query else path)


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


def _texts(value: object) -> list[str]:
    if isinstance(value, list):
        return [text for one in value for text in _texts(one)]
    if isinstance(value, bool):
        return ["true" if value else "false"]
    return [str(value)] if isinstance(value, str | int | float) and str(value) else []
