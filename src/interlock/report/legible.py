"""Text that others wrote, made safe to show: names in a database and error messages are hostile input."""

import unicodedata
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from functools import cache
from typing import Any, TypeVar, cast

Value = TypeVar("Value")

# Control characters drive a terminal and are not valid XML; format characters turn the reading direction
# around or hide; surrogates and noncharacters cannot be encoded; the two separators break lines.
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_PLAIN = frozenset({int, float, bool, type(None)})


def legible(value: Value) -> Value:
    """Copy a value with every hidden character in its texts, however deep, written out as an escape."""
    return cast("Value", _legible(value))


def _legible(value: Any) -> Any:
    # A record holds some ten values for each of thousands of revisions: most are of these kinds.
    if type(value) in _PLAIN:
        return value
    match value:
        case Enum():
            return value
        case str():
            return _written_out(value)
        case tuple():
            parts_of_tuple = map(_legible, value)
            # A named one is made of its parts, a plain one of one sequence.
            return type(value)(*parts_of_tuple) if hasattr(value, "_fields") else tuple(parts_of_tuple)
        case list():
            return [_legible(each) for each in value]
        case dict():
            return {_legible(key): _legible(each) for key, each in value.items()}
        case _ if is_dataclass(value) and not isinstance(value, type):
            parts = {name: getattr(value, name) for name in _parts_of(type(value))}
            written_out = {name: _legible(part) for name, part in parts.items()}
            is_same = all(written_out[name] is part for name, part in parts.items())
            return value if is_same else replace(value, **written_out)
        case _:
            return value


@cache
def _parts_of(kind: type) -> tuple[str, ...]:
    return tuple(part.name for part in fields(kind) if part.init)


def _written_out(text: str) -> str:
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_escaped, text.replace("\r\n", "\n").expandtabs(4)))


def _escaped(character: str) -> str:
    if character == "\n" or unicodedata.category(character) not in _HIDDEN:
        return character
    # \x1b, \u202e or \U000e0041, as Python writes them; below U+0080 its codec leaves them as they are.
    code = ord(character)
    return f"\\x{code:02x}" if code < 256 else character.encode("ascii", "backslashreplace").decode()
