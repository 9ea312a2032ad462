"""A configuration as a form, drawn from the JSON Schema of its module, and read again from what was filled in.

What is left empty is not configured: there the module's default holds.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from interlock.control.domain.errors import WrongField
from interlock.control.domain.free_json import check_free_json

PREFIX = "configuration."
OTHER = "other settings"
"""The field for what the schema allows and does not name."""


class Kind(StrEnum):
    """How a value is asked for."""

    TEXT = "text"
    NUMBER = "number"
    CHOICE = "choice"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class Field:
    """One field of the form. `options` are the texts that a choice offers."""

    name: str
    title: str
    help: str
    kind: Kind
    text: str
    default: str
    is_required: bool
    options: tuple[str, ...] = ()

    @property
    def input_name(self) -> str:
        return PREFIX + self.name


@dataclass(frozen=True, slots=True)
class Filled:
    """What a form gives: a configuration, or what is wrong with it."""

    configuration: Mapping[str, Any]
    wrong: tuple[WrongField, ...]


def fields_of(
    schema: Mapping[str, Any] | None, configuration: Mapping[str, Any], default: Mapping[str, Any]
) -> tuple[Field, ...]:
    """Draw the fields: one for each property that the schema names, and one for what it does not name."""
    properties = _properties(schema)
    required = (schema or {}).get("required", ())
    drawn = [
        _field(name, described, configuration.get(name, _NOTHING), default.get(name, _NOTHING), name in required)
        for name, described in properties.items()
    ]
    others = {name: value for name, value in configuration.items() if name not in properties}
    if others or (schema or {}).get("additionalProperties", True) is not False:
        drawn.append(
            Field(OTHER, "Other settings", "One JSON object.", Kind.JSON, _as_json(others) if others else "", "", False)
        )
    return tuple(drawn)


def fill(schema: Mapping[str, Any] | None, form: Mapping[str, str]) -> Filled:
    """Read a form that was drawn from the schema."""
    configuration: dict[str, Any] = {}
    wrong = []
    for field in fields_of(schema, {OTHER: None}, {}):
        text = form.get(field.input_name, "").strip()
        if not text:
            continue
        try:
            value = _read(field, text)
        except (ValueError, RecursionError):
            told = "is no number" if field.kind is Kind.NUMBER else "is not valid JSON"
            wrong.append(WrongField(PREFIX + field.name, f"{text[:40]!r} {told}"))
            continue
        if field.name != OTHER:
            configuration[field.name] = value
        elif isinstance(value, dict):
            configuration |= {name: each for name, each in value.items() if name not in configuration}
        else:
            wrong.append(WrongField(PREFIX + OTHER, "is no JSON object"))
    try:
        check_free_json(configuration)
    except ValueError as error:
        wrong.append(WrongField(PREFIX.rstrip("."), str(error)))
    return Filled(configuration, tuple(wrong))


class _Nothing:
    """No value: not even null."""


_NOTHING = _Nothing()


def _properties(schema: Mapping[str, Any] | None) -> Mapping[str, Any]:
    properties = (schema or {}).get("properties", {})
    return {name: each if isinstance(each, Mapping) else {} for name, each in properties.items()}


def _field(name: str, described: Mapping[str, Any], value: object, default: object, is_required: bool) -> Field:
    options = _options(described)
    kind = Kind.CHOICE if options else _KINDS.get(str(described.get("type")), Kind.JSON)
    return Field(
        name=name,
        title=str(described.get("title") or name.replace("_", " ")),
        help=str(described.get("description", "")),
        kind=kind,
        text=_shown(kind, value),
        default=_shown(kind, default),
        is_required=is_required and isinstance(default, _Nothing),
        options=options,
    )


_KINDS = {"string": Kind.TEXT, "integer": Kind.NUMBER, "number": Kind.NUMBER}


def _options(described: Mapping[str, Any]) -> tuple[str, ...]:
    """What can be chosen, as JSON: a text and a number that look alike stay apart."""
    if described.get("type") == "boolean":
        return ("true", "false")
    offered = described.get("enum")
    return tuple(map(_as_json, offered)) if isinstance(offered, list) else ()


def _shown(kind: Kind, value: object) -> str:
    if isinstance(value, _Nothing):
        return ""
    return value if kind is Kind.TEXT and isinstance(value, str) else _as_json(value)


def _as_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _read(field: Field, text: str) -> Any:
    if field.kind is Kind.TEXT:
        return text
    value = json.loads(text, parse_constant=_refuse)
    if field.kind is Kind.NUMBER and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise ValueError(text)
    return value


def _refuse(constant: str) -> None:
    """JSON has no NaN and no Infinity, though Python reads them."""
    raise ValueError(constant)
