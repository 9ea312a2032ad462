"""The configuration of a module, held against the module's JSON Schema."""

from collections.abc import Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any

from interlock.control.domain.errors import InvalidConfiguration, WrongField

# jsonschema_rs takes 4 MiB, and a worker that sees no schema does without: it is loaded where it is used.
if TYPE_CHECKING:
    from jsonschema_rs import Draft202012Validator, ValidationError

MOST_ERRORS = 20


def check_schema(schema: Mapping[str, Any]) -> None:
    """Refuse a JSON Schema (draft 2020-12) that is none, or that points at what is not in it."""
    try:
        _validator(schema)
    except Exception as error:  # noqa: BLE001 - a schema is a program of somebody else: what breaks in it is its fault
        raise InvalidConfiguration("configuration_schema", [_fault_of_schema(error)]) from None


def check_configuration(schema: Mapping[str, Any] | None, configuration: Mapping[str, Any], at: str) -> None:
    """Refuse a configuration that does not fit, and tell every place where it does not."""
    if schema is None:
        return
    try:
        errors = [_told(at, error) for error in islice(_validator(schema).iter_errors(configuration), MOST_ERRORS)]
    except Exception as error:  # noqa: BLE001 - as above: it was kept when less was asked of it
        fault = _fault_of_schema(error)
        wrong = WrongField(at, f"the schema of the module cannot be applied: {fault.at}: {fault.message}")
        raise InvalidConfiguration(at, [wrong]) from None
    if errors:
        raise InvalidConfiguration(at, sorted(errors))


def _validator(schema: Mapping[str, Any]) -> "Draft202012Validator":
    from jsonschema_rs import Draft202012Validator, RegexOptions

    # Nothing is fetched from anywhere, and no pattern takes longer than the text is long: nobody's worker is held.
    return Draft202012Validator(dict(schema), offline=True, pattern_options=RegexOptions())


def _fault_of_schema(error: Exception) -> WrongField:
    from jsonschema_rs import ValidationError

    if isinstance(error, ValidationError):
        return _told("configuration_schema", error)
    return WrongField("configuration_schema", "it cannot be read: it may nest too deep")


def _told(at: str, error: "ValidationError") -> WrongField:
    from jsonschema_rs import ValidationErrorKind

    message = error.message[:300]
    if isinstance(error.kind, ValidationErrorKind.Format) and error.kind.format == "regex":
        message += " that is taken: it may not look around or refer back, and not grow too large"
    return WrongField(".".join((at, *map(str, error.instance_path))), message)
