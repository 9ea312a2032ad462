"""A history as text: of each moment what its revision changed. For a cache: it is compact, and not for people."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, fields
from typing import Any

from interlock.schema.history import Half, History, Moment
from interlock.schema.items import Item, class_of
from interlock.schema.name import Kind, Name
from interlock.schema.snapshot import Snapshot


def history_as_text(history: History) -> str:
    """Write a history; a line for each moment, and before it one for each half of its revision."""
    return "\n".join(json.dumps(line) for line in _lines(history))


def history_from_text(text: str) -> History:
    """Read a history. An object that did not change is one value in all moments.

    Raises ValueError, KeyError, TypeError.
    """
    moments: list[Moment] = []
    halves: list[Half] = []
    items: dict[Name, Item] = {}
    for line in text.split("\n"):
        facts, dropped, made, unmodelled, major = json.loads(line)
        for name in dropped:
            del items[_name(name)]
        items |= {item.name: item for item in map(_item, made)}
        schema = Snapshot(dict(items), (), tuple(unmodelled), major)
        if "done" in facts:
            halves.append(Half(tuple(facts["done"]), schema))
        else:
            rows, lost = tuple(facts["rows"]), tuple(map(_name, facts["lost"]))
            moments.append(Moment(facts["revision"], schema, rows, lost, tuple(halves), facts["is_known"]))
            halves.clear()
    return History(tuple(moments))


def _lines(history: History) -> Iterator[Sequence[Any]]:
    before: Mapping[Name, Item] = {}
    for facts, schema in _schemas(history):
        now = schema.items
        made = [_written(item) for name, item in now.items() if name not in before or not _is_same(item, before[name])]
        dropped = [name for name in before if name not in now]
        yield facts, dropped, made, schema.unmodelled, schema.major
        before = now


def _schemas(history: History) -> Iterator[tuple[Mapping[str, Any], Snapshot]]:
    for moment in history.moments:
        for half in moment.halves:
            yield {"done": half.done}, half.schema
        facts = {"revision": moment.revision, "rows": moment.rows, "lost": moment.lost, "is_known": moment.is_known}
        yield facts, moment.schema


def _is_same(item: Item, other: Item) -> bool:
    # The place of a column is not compared, and has to be kept.
    return item == other and getattr(item, "position", 0) == getattr(other, "position", 0)


def _written(item: Item) -> Sequence[Any]:
    values = {
        part.name: getattr(item, part.name)
        for part in fields(item)
        if part.name != "name" and (part.default is MISSING or getattr(item, part.name) != part.default)
    }
    return [item.name, values]


def _item(written: Sequence[Any]) -> Item:
    name = _name(written[0])
    values = {key: _value(key, value) for key, value in written[1].items()}
    return class_of(name.kind)(name=name, **values)


def _value(key: str, value: Any) -> Any:
    if isinstance(value, list):
        return _name(value) if key == "owned_by" else tuple(value)
    return value


def _name(written: Sequence[str]) -> Name:
    kind, schema, table, item = written
    return Name(Kind(kind), schema, table, item)
