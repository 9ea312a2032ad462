"""The configuration of a module, held against the module's JSON Schema."""

from collections.abc import Mapping
from itertools import islice
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError, ValidationError
from referencing import Registry
from referencing.exceptions import Unresolvable

from interlock.control.domain.errors import InvalidConfiguration, WrongField

MOST_ERRORS = 20


def check_schema(schema: Mapping[str, Any]) -> None:
    """Refuse a JSON Schema (draft 2020-12) that is none."""
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        raise InvalidConfiguration("configuration_schema", [_told("configuration_schema", error)]) from None
    except Exception:  # noqa: BLE001 - a schema is a program of somebody else: whatever breaks in it is its own fault
        wrong = WrongField("configuration_schema", "no JSON Schema can be read from this: it may nest too deep")
        raise InvalidConfiguration("configuration_schema", [wrong]) from None


def check_configuration(schema: Mapping[str, Any] | None, configuration: Mapping[str, Any], at: str) -> None:
    """Refuse a configuration that does not fit, and tell every place where it does not."""
    if schema is None:
        return
    # With a registry of its own nothing is fetched from anywhere.
    validator = Draft202012Validator(schema, registry=Registry())
    try:
        errors = [_told(at, error) for error in islice(validator.iter_errors(configuration), MOST_ERRORS)]
    except (Unresolvable, RecursionError):
        wrong = WrongField(at, "the schema of the module points at something that is not in it, or for ever at itself")
        raise InvalidConfiguration(at, [wrong]) from None
    except Exception:  # noqa: BLE001 - as above: an address that is none, a reference to what is no schema, a number
        wrong = WrongField(at, "the schema of the module cannot be applied to this: one of its rules breaks")
        raise InvalidConfiguration(at, [wrong]) from None
    if errors:
        raise InvalidConfiguration(at, sorted(errors))


def _told(at: str, error: ValidationError | SchemaError) -> WrongField:
    return WrongField(".".join((at, *map(str, error.absolute_path))), error.message[:300])
