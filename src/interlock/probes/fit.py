"""Does a JSON value fit the schema that is declared for it?"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any, Protocol, TypeAlias

from interlock.probes.json_value import Json

JSON_NAMES = {dict: "an object", list: "an array", str: "a string", bool: "a boolean", type(None): "null"}
ROOT_OF_OPENAPI = frozenset(
    {"openapi", "info", "servers", "paths", "webhooks", "components", "security", "tags", "externalDocs"}
)
ANNOTATIONS = frozenset({"title", "description", "example", "examples", "default", "jsonSchemaDialect"})


@dataclass(frozen=True, slots=True)
class Misfit:
    """Where a body departs from its schema and which rule it breaks; never what it holds."""

    path: str
    rule: str

    def __str__(self) -> str:
        return f"{self.path} {self.rule}"


@dataclass(frozen=True, slots=True)
class Unusable:
    """The schema itself cannot be used, so nothing is known of the body."""

    reason: str


def says_nothing(schema: Mapping[str, Any]) -> bool:
    """Say whether a schema lets everything pass, as FastAPI's does for an untyped answer."""
    return not schema.keys() - ROOT_OF_OPENAPI - ANNOTATIONS


def find_misfit(schema: Mapping[str, Any], instance: Json) -> Misfit | Unusable | None:
    """Find the first place where a value does not fit its schema.

    A schema with an `openapi` key is read in that version's dialect, and its `$ref`s point into the document
    around it. Every other one is JSON Schema 2020-12. Nothing is ever fetched.
    """
    try:
        error = next(_errors(schema, instance), None)
    except Exception as broken:  # noqa: BLE001 - a schema is foreign; whichever way it breaks, nothing was checked.
        return Unusable(f"{type(broken).__name__.strip('_')} while it was applied")
    if error is None:
        return None
    error = _innermost(error)
    return Misfit(_path_of(error), _rule_of(error))


class _Error(Protocol):
    """What is used of jsonschema.ValidationError, which comes without types."""

    validator: str
    validator_value: Json
    instance: Json
    context: "Sequence[_Error]"
    absolute_path: Sequence[str | int]
    absolute_schema_path: Sequence[str | int]


class _Validator(Protocol):
    def iter_errors(self, instance: Json) -> "Iterator[_Error]": ...


_Rule: TypeAlias = Callable[[_Validator, Json, Json, Mapping[str, Any]], "Iterator[_Error] | None"]


def _errors(schema: Mapping[str, Any], instance: Json) -> Iterator[_Error]:
    from referencing import Registry

    # `format` is left alone: Pydantic declares `date-time` for times without a zone, which RFC 3339 has not.
    # The empty registry keeps the validator from fetching references from the network.
    is_3_0 = str(schema.get("openapi", "")).startswith("3.0")
    validator = _openapi_3_0() if is_3_0 else _openapi_3_1()
    return validator(schema, registry=Registry()).iter_errors(instance)


@cache
def _openapi_3_1() -> Callable[..., _Validator]:
    from openapi_schema_validator import OAS31Validator

    validator: Callable[..., _Validator] = OAS31Validator
    return validator


@cache
def _openapi_3_0() -> Callable[..., _Validator]:
    from jsonschema.validators import extend
    from openapi_schema_validator import OAS30ReadValidator

    rules = OAS30ReadValidator.VALIDATORS
    lenient = {name: _or_null(rules[name]) for name in ("$ref", "allOf", "anyOf", "oneOf", "enum")}
    validator: Callable[..., _Validator] = extend(OAS30ReadValidator, lenient)
    return validator


def _or_null(rule: _Rule) -> _Rule:
    # OpenAPI 3.0.3 ties `nullable` to a `type` beside it, but generators also write it beside a `$ref` or
    # an `allOf` of one, for there is no other way to say "this object, or null" with a reference.
    def check(validator: _Validator, value: Json, instance: Json, schema: Mapping[str, Any]) -> Iterator[_Error] | None:
        if instance is None and schema.get("nullable") is True:
            return None
        return rule(validator, value, instance, schema)

    return check


def _innermost(error: _Error) -> _Error:
    """Follow alternatives to the error that got furthest into the value: it is most likely the one meant."""
    while error.validator in ("anyOf", "oneOf") and error.context:
        deepest = max(error.context, key=lambda inner: len(inner.absolute_path))
        if len(deepest.absolute_path) == len(error.absolute_path):
            break
        error = deepest
    return error


def _path_of(error: _Error) -> str:
    """Write the path, but no key that the schema does not name: keys can be data, an address for one."""
    named = {name for rule, name in pairwise(error.absolute_schema_path) if rule == "properties"}
    return "$" + "".join(_step(step, named) for step in error.absolute_path)


def _step(step: str | int, named: set[str | int]) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    return f".{step}" if step in named else ".*"


def _rule_of(error: _Error) -> str:
    declared = error.validator_value
    match error.validator:
        case "required" if isinstance(declared, list) and isinstance(error.instance, dict):
            absent = [str(name) for name in declared if name not in error.instance]
            return f"lacks {', '.join(map(repr, absent[:3]))}"
        case "type":
            names = declared if isinstance(declared, list) else [declared]
            return f"is {_kind_of(error.instance)} where {' or '.join(map(str, names))} is declared"
        case "enum" | "const":
            return "is none of the declared values"
        case "additionalProperties" | "unevaluatedProperties":
            return "has properties that are not declared"
        case "anyOf" | "oneOf":
            return f"fits none of the declared alternatives, or too many ({error.validator})"
        case rule:
            return f"breaks the rule {rule}"


def _kind_of(instance: Json) -> str:
    return JSON_NAMES.get(type(instance), "a number")
