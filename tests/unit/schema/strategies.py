"""Random objects and schemas, with names that nobody would give."""

import dataclasses
from collections.abc import Sequence
from typing import Any, get_args

from hypothesis import strategies as st

from interlock.schema.items import Column, Common, Item, class_of
from interlock.schema.name import Kind, Name
from interlock.schema.snapshot import Snapshot

# Quotes, brackets, what drives a terminal, hides, or turns the reading direction, what is not in ASCII or in one unit.
_LETTERS = "ab \"'.,;:()[]{}<>&%$#\\/\n\t\x1b*?|\u00e4\u00a0\u202e\u2028\ufeff\uffff\U0001f600"

texts = st.text(_LETTERS, min_size=1, max_size=8)
"""Texts that PostgreSQL keeps, and that are easy to get wrong."""

_spellings = st.one_of(st.sampled_from(("a", "b", "c", "orders", "orders_pkey", "id")), texts)
_BELONGING = frozenset(
    {
        *(Kind.COLUMN, Kind.INDEX, Kind.TRIGGER, Kind.RULE, Kind.POLICY, Kind.CHECK),
        *(Kind.PRIMARY_KEY, Kind.UNIQUE, Kind.FOREIGN_KEY, Kind.EXCLUSION),
    }
)
_CONTAINERS = (Kind.TABLE, Kind.FOREIGN_TABLE, Kind.VIEW, Kind.MATERIALIZED_VIEW)
_ALONE = tuple(kind for kind in Kind if kind not in {*_BELONGING, *_CONTAINERS, Kind.DOMAIN, Kind.DOMAIN_CONSTRAINT})
_BY_ANNOTATION = {
    str: st.one_of(st.just(""), texts),
    int: st.integers(-5, 5),
    bool: st.booleans(),
    tuple[str, ...]: st.lists(texts, max_size=3, unique=True).map(tuple),
    str | None: st.one_of(st.none(), texts),
    int | None: st.one_of(st.none(), st.integers(0, 5)),
    # Who owns a sequence: told apart, it goes with its column.
    Name | None: st.none(),
}


def values(annotation: Any) -> st.SearchStrategy[Any]:
    """Any value of one attribute of an object."""
    return _BY_ANNOTATION[annotation]


def annotations(kind: type[Common]) -> dict[str, Any]:
    """The attributes of a class of objects that are compared, with their types."""
    return {part.name: part.type for part in dataclasses.fields(kind) if part.compare and part.name != "name"}


def items(name: Name) -> st.SearchStrategy[Item]:
    """An object of a name, with any attributes."""
    kind = class_of(name.kind)
    made = {attribute: values(annotation) for attribute, annotation in annotations(kind).items()}
    return st.builds(kind, name=st.just(name), **made)


@st.composite
def snapshots(draw: st.DrawFn, min_size: int = 0) -> Snapshot:
    """A schema in which whatever belongs to something belongs to something that is there."""
    names: list[Name] = []
    containers = draw(st.lists(st.tuples(_spellings, _spellings), unique=True, max_size=3))
    for schema, table in containers:
        kind = draw(st.sampled_from((*_CONTAINERS, Kind.TABLE, Kind.TABLE, Kind.DOMAIN)))
        names.append(Name(kind, schema, table))
        inner = [Kind.DOMAIN_CONSTRAINT] if kind is Kind.DOMAIN else sorted(_BELONGING)
        own = draw(st.lists(_spellings, unique=True, max_size=4))
        names.extend(Name(draw(st.sampled_from(inner)), schema, table, item) for item in own)
    for schema, alone in draw(st.lists(st.tuples(_spellings, _spellings), max_size=4, min_size=min_size)):
        if (schema, alone) not in containers:
            names.append(Name(draw(st.sampled_from(_ALONE)), schema, alone))
    made = [draw(items(name)) for name in dict.fromkeys(names)]
    return Snapshot({item.name: item for item in _positioned(made)})


def _positioned(made: Sequence[Item]) -> Sequence[Item]:
    """Columns count from 1, as the server does it."""
    return [
        dataclasses.replace(item, position=place) if isinstance(item, Column) else item
        for place, item in enumerate(made, start=1)
    ]


ITEM_CLASSES: tuple[type[Common], ...] = get_args(Item)
