"""A JSON value: reading one strictly, and picking one field of it."""

import json
from typing import TypeAlias

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"


def parse_json(body: bytes) -> Json:
    """Read JSON as browsers do: without NaN and Infinity, which Python would let pass.

    Raises ValueError for what is not JSON, and RecursionError for what is nested too deeply.
    """
    value: Json = json.loads(body, parse_constant=_refuse)
    return value


def pick(value: Json, dotted: str) -> Json:
    """Follow a dotted path such as `session.token`; None where it leads nowhere."""
    for name in dotted.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _refuse(constant: str) -> None:
    raise ValueError(constant)
