"""JSON of any shape, as configurations and records hold it: what of it can be kept, and what of it is told again."""

from collections.abc import Iterable, Iterator
from math import isfinite
from typing import Any, TypeAlias

DEEPEST_KEPT = 32
"""So many levels are taken. Whoever needs more has sent something else than a configuration."""

DEEPEST_TOLD = 128
"""What was kept before there was a limit is told so deep: pydantic writes no more than 255 levels."""

CUT = "cut here: it nests deeper than is told"

Place: TypeAlias = tuple[str, ...]


def check_free_json(value: Any) -> Any:
    """Give the value back, unless it nests too deep or says what jsonb cannot (JSON Types, 8.14). Raises ValueError."""
    for place, told in _faults(value, DEEPEST_KEPT):
        raise ValueError(f"{'.'.join(place) or 'it'} {told}")
    return value


def cut(value: Any, levels: int = DEEPEST_TOLD) -> Any:
    """The value with a mark in place of whatever nests deeper."""
    if not isinstance(value, dict | list):
        return value
    if levels == 0:
        return CUT
    if isinstance(value, dict):
        return {name: cut(each, levels - 1) for name, each in value.items()}
    return [cut(each, levels - 1) for each in value]


def _faults(value: object, levels: int) -> Iterator[tuple[Place, str]]:
    match value:
        case str() if "\0" in value:
            yield (), "must not contain NUL"
        case str() if not (value.isascii() or _is_whole(value)):
            yield (), "holds half of a surrogate pair"
        case float() if not isfinite(value):
            yield (), "is no number that JSON has"
        case dict() | list() if levels == 0:
            yield (), f"nests more than {DEEPEST_KEPT} levels deep"
        case dict():
            for name in value:
                yield from _faults(name, levels)
            yield from _faults_in(value.items(), levels)
        case list():
            yield from _faults_in(enumerate(value), levels)


def _faults_in(named: Iterable[tuple[object, object]], levels: int) -> Iterator[tuple[Place, str]]:
    for name, each in named:
        for place, told in _faults(each, levels - 1):
            yield (str(name), *place), told


def _is_whole(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
