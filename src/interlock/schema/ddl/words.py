"""How names, texts and options are written in a statement."""

import re
from collections.abc import Callable, Iterable, Mapping

from interlock.schema.name import Kind, Name

_IDENTIFIER = r'(?:"(?:[^"]|"")*"|[^\s".,()]+)'
_QUALIFIED = rf"{_IDENTIFIER}(?:\.{_IDENTIFIER})?"
_PARTITION_OF = re.compile(rf"(?P<parent>{_QUALIFIED}) (?P<bound>FOR VALUES .*|DEFAULT)", re.DOTALL)
_PARENTS = re.compile(_QUALIFIED)


def identifier(name: str) -> str:
    """A name in quotes: always, so that no word is reserved."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text as a constant, whatever standard_conforming_strings says."""
    quoted = "'" + text.replace("'", "''").replace("\\", "\\\\") + "'"
    return f"E{quoted}" if "\\" in text else quoted


def qualified(schema: str, name: str) -> str:
    """A name with its schema, where it has one."""
    return f"{identifier(schema)}.{identifier(name)}" if schema else identifier(name)


def relation(name: Name) -> str:
    """The table, view or domain that a name is, or belongs to."""
    return qualified(name.schema, name.table)


def parameters(options: Iterable[str], prefix: str = "") -> str:
    """Storage parameters, which the catalog has as key=value."""
    return ", ".join(f"{prefix}{key} = {literal(value)}" for key, _, value in (each.partition("=") for each in options))


def foreign_options(options: Iterable[str]) -> str:
    """Options of a foreign table or its column, which the catalog has as key=value."""
    return ", ".join(
        f"{identifier(key)} {literal(value)}" for key, _, value in (each.partition("=") for each in options)
    )


def partition_of(part_of: str | None) -> tuple[str, str] | None:
    """The parent and the bounds of a partition; None for what is none."""
    found = _PARTITION_OF.fullmatch(part_of or "")
    return (found["parent"], found["bound"]) if found else None


def inherits_from(part_of: str | None) -> tuple[str, ...]:
    """The tables that a table inherits from without being a partition."""
    return () if partition_of(part_of) else tuple(_PARENTS.findall(part_of or ""))


def parents_of(part_of: str | None) -> tuple[str, ...]:
    """The tables that a table is a partition of, or inherits from, as the server writes them."""
    partition = partition_of(part_of)
    return (partition[0],) if partition else inherits_from(part_of)


_WORDS: Mapping[Kind, str] = {
    **dict.fromkeys((Kind.ENUM, Kind.COMPOSITE, Kind.RANGE, Kind.BASE_TYPE), "TYPE"),
    # Of an aggregate the signature is written in three ways; as a routine it has its argument types, like others.
    **dict.fromkeys((Kind.FUNCTION, Kind.PROCEDURE, Kind.AGGREGATE), "ROUTINE"),
    **dict.fromkeys((Kind.PRIMARY_KEY, Kind.UNIQUE, Kind.FOREIGN_KEY, Kind.CHECK, Kind.EXCLUSION), "CONSTRAINT"),
    Kind.WRAPPER: "FOREIGN DATA WRAPPER",
    Kind.SERVER: "SERVER",
}


def address(name: Name) -> str:
    """What ALTER, DROP and COMMENT ON call an object."""
    words = _WORDS.get(name.kind, name.kind.upper())
    write = _WRITTEN.get(name.kind, _within_table if name.item else relation)
    return f"{words} {write(name)}" if name.kind is not Kind.DOMAIN_CONSTRAINT else _of_domain(name)


def _within_table(name: Name) -> str:
    return f"{identifier(name.item)} ON {relation(name)}"


def _of_domain(name: Name) -> str:
    return f"CONSTRAINT {identifier(name.item)} ON DOMAIN {relation(name)}"


def _column(name: Name) -> str:
    return f"{relation(name)}.{identifier(name.item)}"


def _index(name: Name) -> str:
    return qualified(name.schema, name.item)


def _routine(name: Name) -> str:
    own, _, arguments = name.table.partition("(")
    return f"{qualified(name.schema, own)}({arguments}"


def _operator(name: Name) -> str:
    own, _, arguments = name.table.partition("(")
    return f"{identifier(name.schema)}.{own} ({arguments}"


def _for_method(name: Name) -> str:
    own, _, method = name.table.rpartition(" using ")
    return f"{qualified(name.schema, own)} USING {identifier(method)}"


def _cast(name: Name) -> str:
    source, _, target = name.table.partition(" as ")
    return f"({source} AS {target})"


def _transform(name: Name) -> str:
    kind, _, language = name.table.rpartition(" in ")
    return f"FOR {kind} LANGUAGE {identifier(language)}"


_WRITTEN: Mapping[Kind, Callable[[Name], str]] = {
    Kind.COLUMN: _column,
    Kind.INDEX: _index,
    **dict.fromkeys((Kind.FUNCTION, Kind.PROCEDURE, Kind.AGGREGATE), _routine),
    Kind.OPERATOR: _operator,
    **dict.fromkeys((Kind.OPERATOR_FAMILY, Kind.OPERATOR_CLASS), _for_method),
    Kind.CAST: _cast,
    Kind.TRANSFORM: _transform,
}


def always_quoted(name: str) -> str:
    """A qualified name as `relation` writes it, however the server wrote it."""
    return ".".join(part if part.startswith('"') else identifier(part) for part in re.findall(_IDENTIFIER, name))
