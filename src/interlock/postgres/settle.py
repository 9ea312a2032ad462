"""Like with like: an expression is compared after the same round trips through the parser on both sides.

PostgreSQL prints what it parsed. Read again, some prints are parsed into another tree that means the same, and is
printed in another way: after a dump and restore, or by another major version. After a few such round trips the print
no longer changes; two expressions that meet on that way are the same one.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import Any

import psycopg

from interlock.postgres.catalog import take_snapshot
from interlock.postgres.rebuild import rebuild
from interlock.schema.ddl.words import always_quoted, parents_of, relation
from interlock.schema.history import History, Moment
from interlock.schema.items import Column, Constraint, Item, Policy, Table
from interlock.schema.name import Kind, Name
from interlock.schema.prints import Texts, may_be_the_same, printed, texts_of, with_texts
from interlock.schema.snapshot import Snapshot

ROUND_TRIPS = 5
"""After so many a print that still changes is given up. Two were enough for everything that was seen."""

Scratch = Callable[[], AbstractContextManager[psycopg.Connection[Any]]]
"""Gives a session, in autocommit mode, on an empty database that is gone afterwards."""


@dataclass(frozen=True, slots=True)
class Recognised:
    """A live schema with every object written as the chain's own where it is the same one.

    `told` names, in words, what could not be compared like with like, and so counts as different.
    """

    snapshot: Snapshot
    told: tuple[str, ...]


@dataclass
class _Trail:
    """The prints of one object, one after each round trip."""

    origin: Item
    texts: list[Texts] = field(default_factory=list)
    is_settled: bool = False
    failure: str = ""

    def __post_init__(self) -> None:
        self.texts.append(texts_of(self.origin))

    @property
    def latest(self) -> Item:
        return with_texts(self.origin, self.texts[-1])

    @property
    def can_go_on(self) -> bool:
        return not self.is_settled and not self.failure

    def add(self, printed_now: Texts) -> None:
        self.is_settled = printed_now in self.texts
        if not self.is_settled:
            self.texts.append(printed_now)


@dataclass
class _Question:
    """Whether an object that is observed is one of the forms that the chain gives it."""

    observed: _Trail
    candidates: list[tuple[Moment, _Trail]]

    @property
    def answer(self) -> Item | None:
        """The newest form whose prints meet those of the observed object."""
        for _, trail in reversed(self.candidates):
            if not set(trail.texts).isdisjoint(self.observed.texts):
                return trail.origin
        return None

    @property
    def failure(self) -> str:
        trails = (self.observed, *(trail for _, trail in self.candidates))
        return next((trail.failure for trail in trails if trail.failure), "")


def recognise(observed: Snapshot, history: History, scratch: Scratch) -> Recognised:
    """Write the objects of a live schema as the chain has them, where only the server's print of them differs.

    Costs nothing where the texts agree; else a scratch database for each side and round trip, whatever the number.
    """
    questions = list(_questions(observed, history))
    for _ in range(ROUND_TRIPS):
        open_questions = [each for each in questions if each.answer is None]
        if not _ask_again(open_questions, observed, scratch):
            break
    found = {
        question.observed.origin.name: with_texts(question.observed.origin, texts_of(answer))
        for question in questions
        if (answer := question.answer)
    }
    told = (
        f"could not be compared like with like: {question.observed.origin.name}: {question.failure}"
        for question in questions
        if question.answer is None and question.failure
    )
    return Recognised(observed.with_items({**observed.items, **found}) if found else observed, tuple(told))


def prints(snapshot: Snapshot, scratch: Scratch) -> Mapping[Name, tuple[Item, ...]]:
    """The other forms in which the same objects are printed after each further round trip.

    Only those whose print changes; with them a live schema can be compared where there is no scratch server.
    """
    trails = [_Trail(item) for item in snapshot if any(text is not None for text in texts_of(item)) and printed(item)]
    for _ in range(ROUND_TRIPS):
        going_on = [trail for trail in trails if trail.can_go_on]
        if not going_on:
            break
        _round_trip(going_on, snapshot, scratch)
    return {
        trail.origin.name: tuple(with_texts(trail.origin, texts) for texts in trail.texts[1:])
        for trail in trails
        if len(trail.texts) > 1
    }


def _questions(observed: Snapshot, history: History) -> Iterator[_Question]:
    newest = history.moments[-1].schema.items
    suspects = {
        name: item
        for name, item in observed.items.items()
        if item != newest.get(name)  # first: nearly all are equal
        and (forms := history.variants.get(name))
        and item not in forms
        and (texts := texts_of(item))
        and all(texts != texts_of(form) for form in forms)
        and any(may_be_the_same(item, form) for form in forms)
    }
    for name, candidates in _last_moments(history, suspects).items():
        alike = [(moment, _Trail(form)) for moment, form in candidates if may_be_the_same(suspects[name], form)]
        yield _Question(_Trail(suspects[name]), alike)


def _last_moments(history: History, names: Collection[Name]) -> Mapping[Name, Iterable[tuple[Moment, Item]]]:
    """Each form that the chain gives these objects, with the last moment that has it; the newest one stands last."""
    found: dict[Name, dict[Texts, tuple[Moment, Item]]] = {name: {} for name in names}
    for moment in history.moments:
        for name in names:
            if (item := moment.schema.items.get(name)) is not None:
                found[name].pop(texts_of(item), None)
                found[name][texts_of(item)] = (moment, item)
    return {name: by_texts.values() for name, by_texts in found.items()}


def _ask_again(questions: Iterable[_Question], observed: Snapshot, scratch: Scratch) -> bool:
    """Take each side one round trip further, and say whether there was anything to do."""
    questions = list(questions)
    by_moment: dict[int, tuple[Moment, list[_Trail]]] = {}
    for question in questions:
        for moment, trail in question.candidates:
            if trail.can_go_on:
                by_moment.setdefault(id(moment), (moment, []))[1].append(trail)
    for moment, trails in by_moment.values():
        _round_trip(trails, moment.schema, scratch)
    ours = [each.observed for each in questions if each.answer is None and each.observed.can_go_on]
    if ours:
        _round_trip(ours, observed, scratch)
    return bool(by_moment or ours)


def _round_trip(trails: Iterable[_Trail], snapshot: Snapshot, scratch: Scratch) -> None:
    """Let a server read the latest print of these objects, and print them again."""
    waiting = {trail.origin.name: trail for trail in trails}
    latest = snapshot.with_items({**snapshot.items, **{name: trail.latest for name, trail in waiting.items()}})
    reasons: dict[Name, str] = {}
    # First with as little around them as they should need; what that is not enough for, with everything.
    for surroundings in (_near, _everything):
        skeleton = surroundings(latest, waiting)
        with scratch() as connection:
            reasons = {each.name: each.reason for each in rebuild(connection, skeleton, skeleton.items)}
            read = take_snapshot(connection).items
        made = {name for name in waiting if name in read and name not in reasons}
        for name in made:
            waiting.pop(name).add(texts_of(read[name]))
        if not waiting:
            return
    for name, trail in waiting.items():
        reason = reasons.get(name) or reasons.get(_holder(name, latest))
        trail.failure = reason or "it could not be made on the scratch server"


def _holder(name: Name, snapshot: Snapshot) -> Name:
    for kind in (Kind.TABLE, Kind.FOREIGN_TABLE, Kind.VIEW, Kind.MATERIALIZED_VIEW, Kind.DOMAIN):
        if (found := name._replace(kind=kind, item="")) in snapshot.items:
            return found
    return name


# What an expression can speak of beside the columns of its table.
_VOCABULARY = frozenset(
    {
        *(Kind.SCHEMA, Kind.EXTENSION, Kind.LANGUAGE, Kind.COLLATION, Kind.ENUM, Kind.DOMAIN, Kind.DOMAIN_CONSTRAINT),
        *(Kind.COMPOSITE, Kind.RANGE, Kind.BASE_TYPE, Kind.SEQUENCE, Kind.FUNCTION, Kind.PROCEDURE, Kind.AGGREGATE),
        *(Kind.OPERATOR, Kind.OPERATOR_FAMILY, Kind.OPERATOR_CLASS, Kind.CAST, Kind.ACCESS_METHOD, Kind.WRAPPER),
        *(Kind.SEARCH_PARSER, Kind.SEARCH_TEMPLATE, Kind.SEARCH_DICTIONARY, Kind.SEARCH_CONFIGURATION, Kind.SERVER),
    }
)
# What a query can speak of. A key lets it group by that alone.
_QUERIED = frozenset(
    {Kind.TABLE, Kind.FOREIGN_TABLE, Kind.VIEW, Kind.MATERIALIZED_VIEW, Kind.COLUMN, Kind.PRIMARY_KEY, Kind.UNIQUE}
)
_OF_ONE_TABLE = frozenset(
    {Kind.TABLE, Kind.COLUMN, Kind.DOMAIN, Kind.DOMAIN_CONSTRAINT, Kind.INDEX, Kind.CHECK, Kind.EXCLUSION}
    | {Kind.PRIMARY_KEY, Kind.UNIQUE, Kind.TRIGGER, Kind.STATISTICS}
)


def _near(snapshot: Snapshot, wanted: Collection[Name]) -> Snapshot:
    """These objects, the tables that they belong to, and the vocabulary of their expressions."""
    if not all(name.kind in _OF_ONE_TABLE for name in wanted):
        return _everything(snapshot, wanted)
    tables = {name.container or (name.schema, name.table) for name in wanted}
    tables |= _parents(snapshot, wanted)
    return _bare(
        snapshot,
        wanted,
        lambda name: (
            name.kind in _VOCABULARY
            or ((name.schema, name.table) in tables and name.kind in (_QUERIED - {Kind.PRIMARY_KEY, Kind.UNIQUE}))
        ),
    )


def _everything(snapshot: Snapshot, wanted: Collection[Name]) -> Snapshot:
    """These objects, and all that a query can speak of."""
    # What a foreign key refers to has to be a key.
    return _bare(snapshot, wanted, lambda name: name.kind in _VOCABULARY | _QUERIED | _keys(wanted))


def _keys(wanted: Collection[Name]) -> frozenset[Kind]:
    return frozenset({Kind.INDEX}) if any(name.kind is Kind.FOREIGN_KEY for name in wanted) else frozenset()


def _parents(snapshot: Snapshot, wanted: Collection[Name]) -> set[tuple[str, str]]:
    """The tables that the bounds of these partitions are read with."""
    written = {
        always_quoted(parent)
        for name in wanted
        if isinstance(item := snapshot.items.get(name), Table)
        for parent in parents_of(item.part_of)
    }
    return {
        (name.schema, name.table)
        for name in snapshot.items
        if written and name.kind is Kind.TABLE and relation(name) in written
    }


def _bare(snapshot: Snapshot, wanted: Collection[Name], is_needed: Callable[[Name], bool]) -> Snapshot:
    """Only what is needed, without what no expression depends on: owners, grants, storage, defaults of others."""
    return snapshot.with_items(
        {
            name: _without_all_else(item, is_wanted=name in wanted)
            for name, item in snapshot.items.items()
            if name in wanted or is_needed(name)
        }
    )


def _without_all_else(item: Item, *, is_wanted: bool) -> Item:
    item = replace(item, owner="", comment="", grants=())
    match item:
        case Table():
            part_of = item.part_of if is_wanted else None
            return replace(
                item, part_of=part_of, access_method="", options=(), toast_options=(), of_type="", tablespace="",
                replica_identity="default", clustered_on="", row_security=False, forces_row_security=False,
            )  # fmt: skip
        case Column():
            is_computed = item.filled_by in ("s", "v")
            default = item.default if is_wanted or is_computed else None
            return replace(
                item, default=default, storage="", compression="", statistics_target=None, options=(),
                not_null_is_validated=True, is_inherited=False,
            )  # fmt: skip
        case Constraint():
            return replace(item, options=())
        case Policy():
            return replace(item, roles=("PUBLIC",))
    return item
