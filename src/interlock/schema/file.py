"""The schema file: what a chain declares at its head, written so that it can be reviewed, committed and compared.

It is JSON. What belongs to a table stands together, a small object is one line, and what is usual is left out: so a
change of one column is a change of one line. A text of several lines is a list of them.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import MISSING, dataclass, field, fields
from functools import cache
from itertools import groupby
from typing import Any, TypeVar, get_args, get_type_hints

from interlock.errors import InterlockError
from interlock.schema.items import Column, Item, Policy, Sequence, class_of
from interlock.schema.name import Kind, Name
from interlock.schema.snapshot import Snapshot

_Value = TypeVar("_Value")

FORMAT = 1
MARK = "interlock-schema/"
"""How the value of "format" begins: by that a schema file is told from every other file of its name."""

USUAL_OWNER = "the usual owner"
"""Stands for the role that owns most, which is another one on every server."""


@dataclass(frozen=True, slots=True)
class SchemaFile:
    """What a chain declares at its head, and of which chain that is.

    `revisions` are all of the chain, oldest first; `scripts` is a hash of what is written in them. `makers` says which
    revision made an object as it is; what was there before the first one has none. `forms` are other prints of the
    same objects. The snapshot's `major` is that of the server that printed it.
    """

    head: str
    base: str
    revisions: tuple[str, ...]
    scripts: str
    snapshot: Snapshot
    version_table: str = "alembic_version"
    version_table_schema: str | None = None
    makers: Mapping[Name, str] = field(default_factory=dict)
    forms: Mapping[Name, tuple[Item, ...]] = field(default_factory=dict)

    @property
    def longest_revision(self) -> int:
        """How many characters the column of the version table must have room for."""
        return max(map(len, self.revisions), default=0)


class BrokenSchemaFile(InterlockError):
    """A schema file that cannot be read: damaged by a merge, or by hand."""

    def __init__(self, source: str, place: str, problem: str) -> None:
        super().__init__(
            problem=f"{source} is no schema file that can be read: {place}: {problem}",
            remedy="restore it from version control, or write it anew: interlock schema write",
        )


class NewerSchemaFile(InterlockError):
    """A schema file that a later Interlock wrote."""

    def __init__(self, source: str, format_: int) -> None:
        super().__init__(
            problem=f"{source} has format {format_}, and this Interlock reads up to {FORMAT}",
            remedy="update Interlock here to the version that wrote it",
        )


def is_schema_file(text: str) -> bool:
    """Whether a text means to be a schema file, however damaged it is. Others use such file names too."""
    return MARK in text


def as_json(file: SchemaFile) -> str:
    """Write a schema file. The same values give the same text."""
    document: dict[str, Any] = {
        "format": f"{MARK}{FORMAT}",
        "postgresql": file.snapshot.major,
        "version_table": file.version_table,
        "version_table_schema": file.version_table_schema,
        "base": file.base,
        "head": file.head,
        "longest_revision": file.longest_revision,
        "scripts": file.scripts,
        "revisions": _Rows(file.revisions),
    }
    for key in ("unread", "unmodelled"):
        if told := getattr(file.snapshot, key):
            document[key] = _Rows(told)
    document["objects"] = _grouped(file.snapshot, file.makers)
    if file.forms:
        document["forms"] = _grouped((form for forms in file.forms.values() for form in forms), {}, is_counted=False)
    return _printed(document, "") + "\n"


def from_json(text: str, source: str = "schema.json") -> SchemaFile:
    """Read a schema file; `source` is what an error calls it. Raises BrokenSchemaFile, NewerSchemaFile."""
    try:
        return _read(_parsed(text), source)
    except _Wrong as error:
        raise BrokenSchemaFile(source, error.place, error.problem) from None


class _Wrong(Exception):
    """Something at a place of a file is not what it has to be."""

    def __init__(self, place: str, problem: str) -> None:
        super().__init__(place, problem)
        self.place, self.problem = place, problem


# Writing -------------------------------------------------------------------------------------------------------------


class _Line(dict[str, Any]):
    """An object: one line, unless a text in it has several."""


class _Rows(list[Any]):
    """A list with a line for each element."""

    def __init__(self, values: Iterable[Any]) -> None:
        super().__init__(values)


def _printed(value: Any, indent: str) -> str:
    inner = indent + "  "
    if isinstance(value, _Rows) and value:
        return "[\n" + ",\n".join(f"{inner}{_printed(each, inner)}" for each in value) + f"\n{indent}]"
    is_one_line = isinstance(value, _Line) and not any(isinstance(each, _Rows) for each in value.values())
    if isinstance(value, dict) and value and not is_one_line:
        members = (f"{inner}{_dumped(key)}: {_printed(each, inner)}" for key, each in value.items())
        return "{\n" + ",\n".join(members) + f"\n{indent}}}"
    return _dumped(value)


def _dumped(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _grouped(
    items: Iterable[Item], makers: Mapping[Name, str], *, is_counted: bool = True
) -> dict[str, dict[str, _Rows]]:
    """The lines of objects, by schema and by what they belong to. Columns whose places are counted need not say it."""
    groups: dict[str, dict[str, _Rows]] = {}
    in_order = sorted(items, key=lambda item: item.name.place[:3])
    for (schema, table), members in groupby(in_order, key=lambda item: (item.name.schema, item.name.table)):
        rows = groups.setdefault(schema, {}).setdefault(table, _Rows(()))
        counted = 0
        for item in sorted(members, key=_place_in_group):
            usual = _usual(item.name.kind)
            if isinstance(item, Column) and is_counted:
                counted += 1
                usual = {**usual, "position": counted}
                counted = item.position
            rows.append(_line(item, usual, makers.get(item.name)))
    return groups


def _place_in_group(item: Item) -> tuple[object, ...]:
    return (item.name.place[3], getattr(item, "position", 0), item.name.item)


def _line(item: Item, usual: Mapping[str, object], maker: str | None) -> _Line:
    line = _Line(kind=str(item.name.kind))
    if item.name.kind in _PARTS:
        line["name"] = item.name.item
    for key in _readers(item.name.kind):
        value = getattr(item, key)
        if key not in usual or usual[key] != value:
            line[key] = _written(value)
    if maker is not None:
        line["by"] = maker
    return line


def _written(value: object) -> object:
    match value:
        case Name(schema=schema, table=table, item=column):
            return [schema, table, column]
        case str() if "\n" in value:
            return _Rows(value.split("\n"))
        case tuple():
            return list(value)
        case _:
            return value


# What is usual -------------------------------------------------------------------------------------------------------

_PARTS = frozenset(
    {
        *(Kind.COLUMN, Kind.PRIMARY_KEY, Kind.UNIQUE, Kind.FOREIGN_KEY, Kind.CHECK, Kind.EXCLUSION),
        *(Kind.DOMAIN_CONSTRAINT, Kind.INDEX, Kind.TRIGGER, Kind.RULE, Kind.POLICY),
    }
)
"""What belongs to a table, a view or a domain, and has a name of its own in it."""

_UNOWNED = _PARTS | {
    *(Kind.EXTENSION, Kind.CAST, Kind.TRANSFORM, Kind.ACCESS_METHOD, Kind.SEARCH_PARSER, Kind.SEARCH_TEMPLATE),
    *(Kind.USER_MAPPING, Kind.DEFAULT_PRIVILEGES),
}

# Beside the defaults of the values themselves.
_USUAL: Mapping[type[Item], Mapping[str, object]] = {
    Column: {"nullable": True},
    Sequence: {"type": "bigint", "start": 1, "increment": 1, "minimum": 1, "maximum": 2**63 - 1, "cache": 1},
    Policy: {"command": "ALL", "is_permissive": True},
}


@cache
def _usual(kind: Kind) -> Mapping[str, object]:
    """The values that are left out of the lines of a kind."""
    made = class_of(kind)
    defaults = {part.name: part.default for part in fields(made) if part.default is not MISSING}
    return {**defaults, **_USUAL.get(made, {}), "owner": "" if kind in _UNOWNED else USUAL_OWNER}


# Reading -------------------------------------------------------------------------------------------------------------

_KINDS = {str(kind): kind for kind in Kind}


def _parsed(text: str) -> dict[str, Any]:
    try:
        document = json.loads(text, object_pairs_hook=_each_once)
    except json.JSONDecodeError as error:
        raise _Wrong(f"line {error.lineno}, column {error.colno}", error.msg) from None
    except (ValueError, RecursionError) as error:
        raise _Wrong("somewhere in it", str(error)) from None
    return _at("the whole of it", _mapping, document)


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Of two members with one name, as a merge can leave them, JSON would keep the last."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        doubled = next(name for name in names if names.count(name) > 1)
        raise _Wrong(f'"{doubled}"', "it stands there twice")
    return found


def _read(document: dict[str, Any], source: str) -> SchemaFile:
    _require_format(document.pop("format", None), source)
    makers: dict[Name, str] = {}
    items: dict[Name, Item] = {}
    for place, item, maker in _items(document.pop("objects", None), "objects"):
        if item.name in items:
            raise _Wrong(place, "it stands there twice")
        items[item.name] = item
        if maker is not None:
            makers[item.name] = maker
    forms: dict[Name, tuple[Item, ...]] = {}
    for _, item, _ in _items(document.pop("forms", {}), "forms", is_counted=False):
        forms[item.name] = (*forms.get(item.name, ()), item)
    header = {key: _taken(document, key, read) for key, read in _HEADER.items()}
    unread, unmodelled = (_at(f'"{key}"', _texts, document.pop(key, [])) for key in ("unread", "unmodelled"))
    for key in document:
        raise _Wrong(f'"{key}"', "nothing of that name belongs here")
    major, longest = header.pop("postgresql"), header.pop("longest_revision")
    file = SchemaFile(snapshot=Snapshot(items, unread, unmodelled, major), makers=makers, forms=forms, **header)
    _require_consistent(file, longest)
    return file


def _require_format(told: object, source: str) -> None:
    number = told.removeprefix(MARK) if isinstance(told, str) and told.startswith(MARK) else ""
    if not (number.isascii() and number.isdigit()) or int(number) < 1:
        raise _Wrong('"format"', f'it has to be "{MARK}{FORMAT}"')
    if int(number) > FORMAT:
        raise NewerSchemaFile(source, int(number))


def _require_consistent(file: SchemaFile, longest: int) -> None:
    for key, revision in (("base", file.base), ("head", file.head)):
        if revision not in file.revisions:
            raise _Wrong(f'"{key}"', f"{revision} is not among the revisions")
    if longest != file.longest_revision:
        raise _Wrong('"longest_revision"', f"{longest}, but the longest has {file.longest_revision} characters")
    if len(set(file.revisions)) < len(file.revisions):
        raise _Wrong('"revisions"', "one of them stands there twice")


def _items(schemas: object, root: str, *, is_counted: bool = True) -> Iterator[tuple[str, Item, str | None]]:
    """The objects, each with its place and its maker."""
    for schema, groups in _at(root, _mapping, schemas).items():
        for table, lines in _at(f"{root}, {schema}", _mapping, groups).items():
            place = f"{root}, {schema}, {table}"
            counted = 0
            for number, line in enumerate(_at(place, _list, lines), start=1):
                at = f"{place}, object {number}"
                try:
                    item, maker = _item(_mapping(line), schema, table, counted + 1 if is_counted else 0)
                except _Unfit as error:
                    raise _Wrong(at, str(error)) from None
                if isinstance(item, Column):
                    counted = item.position
                yield at, item, maker


def _item(line: dict[str, Any], schema: str, table: str, position: int) -> tuple[Item, str | None]:
    told = line.pop("kind", None)
    kind = _KINDS.get(told) if isinstance(told, str) else None
    if kind is None:
        raise _Unfit(f'"kind": {told!r} is no kind of object')
    part = line.pop("name", None) if kind in _PARTS else ""
    maker = line.pop("by", None)
    readers, values = _readers(kind), dict(_usual(kind))
    if kind is Kind.COLUMN:
        values["position"] = position
    for key, value in line.items():
        if key not in readers:
            raise _Unfit(f'"{key}": no {kind} has that')
        try:
            values[key] = readers[key](value)
        except _Unfit as error:
            raise _Unfit(f'"{key}": {error}') from None
    if len(values) < len(readers):
        raise _Unfit(f'"{min(readers.keys() - values.keys())}" is missing')
    if not isinstance(part, str) or not isinstance(maker, str | None):
        raise _Unfit('"name" and "by" have to be texts')
    make: Any = class_of(kind)
    return make(name=Name(kind, schema, table, part), **values), maker


_Reader = Callable[[object], Any]


class _Unfit(Exception):
    """A value is not what it has to be."""


def _at(place: str, read: Callable[[object], _Value], value: object) -> _Value:
    try:
        return read(value)
    except _Unfit as error:
        raise _Wrong(place, str(error)) from None


def _taken(document: dict[str, Any], key: str, read: _Reader) -> Any:
    if key not in document:
        raise _Wrong(f'"{key}"', "it is missing")
    return _at(f'"{key}"', read, document.pop(key))


def _mapping(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _Unfit("it has to be an object in braces")
    return value


def _list(value: object) -> list[Any]:
    if not isinstance(value, list):
        raise _Unfit("it has to be a list in brackets")
    return value


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "\n".join(_texts(value))
    raise _Unfit("it has to be a text, or a list of its lines")


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise _Unfit("it has to be a list of texts")
    return tuple(value)


def _number(value: object) -> int:
    if type(value) is not int:
        raise _Unfit("it has to be a whole number")
    return value


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise _Unfit("it has to be true or false")
    return value


def _column_name(value: object) -> Name:
    parts = _texts(value)
    if len(parts) != 3:
        raise _Unfit("it has to be a schema, a table and a column")
    return Name(Kind.COLUMN, *parts)


def _or_none(read: _Reader) -> _Reader:
    return lambda value: None if value is None else read(value)


_READERS: Mapping[Any, _Reader] = {
    str: _text,
    int: _number,
    bool: _flag,
    Name: _column_name,
    tuple[str, ...]: _texts,
}

_HEADER: Mapping[str, _Reader] = {
    "postgresql": _number,
    "version_table": _text,
    "version_table_schema": _or_none(_text),
    "base": _text,
    "head": _text,
    "longest_revision": _number,
    "scripts": _text,
    "revisions": _texts,
}


@cache
def _readers(kind: Kind) -> Mapping[str, _Reader]:
    """How each attribute of a kind is read, in the order that they are written in."""
    made = class_of(kind)
    hints = get_type_hints(made)
    names = [part.name for part in fields(made) if part.name != "name"]
    # What every object can have stands last.
    common = ("owner", "comment", "grants")
    return {key: _reader(hints[key]) for key in (*(each for each in names if each not in common), *common)}


def _reader(hint: Any) -> _Reader:
    if hint in _READERS:
        return _READERS[hint]
    # What is left is optional: some type, or None.
    (wanted,) = (each for each in get_args(hint) if each is not type(None))
    return _or_none(_READERS[wanted])
