"""From drift to the statements that take it away, and to what is left for a person. No rows are lost unasked."""

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass

from interlock.schema.cut_off import finalize
from interlock.schema.ddl.alter import NotAutomatic, alter_statements
from interlock.schema.ddl.common import grant_statements
from interlock.schema.ddl.constraints import create_index, is_on_partitioned
from interlock.schema.ddl.create import create_statements, finish_statements, why_not_made
from interlock.schema.ddl.drop import drop_statements
from interlock.schema.ddl.order import place_of
from interlock.schema.ddl.words import qualified, relation
from interlock.schema.drift import Altered, Change, Missing, Unexpected
from interlock.schema.items import Column, Enum, Index, Sequence, Table
from interlock.schema.name import Kind, Name
from interlock.schema.snapshot import Snapshot

HasRows = Callable[[Name], bool]
"""Whether a table of the live database has a row."""


@dataclass(frozen=True, slots=True)
class Step:
    """The statements that take one difference away.

    `is_alone` says that they cannot share a transaction with others, `is_concurrent` that they can be in none.
    """

    change: Change
    statements: tuple[str, ...]
    is_alone: bool = False
    is_concurrent: bool = False


@dataclass(frozen=True, slots=True)
class Left:
    """A difference that is left for a person, and why. It can be dealt with all the same where its name is allowed."""

    change: Change
    reason: str
    can_be_allowed: bool = False

    def __str__(self) -> str:
        allowed = f"; --allow {self.change.name.path!r} does it all the same" if self.can_be_allowed else ""
        return f"{self.change}: {self.reason}{allowed}"


@dataclass(frozen=True)
class Repairer:
    """Knows what may be done to a live schema, and in which way. `allowed` has names as people write them."""

    declared: Snapshot
    live: Snapshot
    has_rows: HasRows
    allowed: frozenset[str] = frozenset()

    def plan(self, drift: Iterable[Change], observed: Snapshot) -> tuple[tuple[Step, ...], tuple[Left, ...]]:
        """Say for each difference what takes it away, or why nothing does; what others need stands first."""
        steps: list[Step] = []
        left: list[Left] = []
        for change in drift:
            answer = Step(change, ()) if self._goes_with_its_view(change, observed) else self._answer(change, observed)
            if isinstance(answer, Left):
                left.append(answer)
            elif answer.statements:
                steps.append(answer)
            else:
                left.append(Left(change, "it follows from another object, and changes with that"))
        return tuple(sorted(steps, key=_place)), tuple(left)

    def _answer(self, change: Change, observed: Snapshot) -> Step | Left:
        match change:
            case Missing():
                return self._make(change)
            case Unexpected():
                return self._drop(change)
            case Altered():
                return self._alter(change, observed)

    def _make(self, change: Missing) -> Step | Left:
        item = change.declared
        if reason := why_not_made(item):
            return Left(change, reason)
        if change.looks_like and not self._is_allowed(change.name):
            old = change.looks_like.name
            told = f"{old.item or old.table} may be the same one under another name: rename it, by hand"
            return Left(change, told, can_be_allowed=True)
        if isinstance(item, Column) and _needs_a_value(item) and self._table_has_rows(change.name):
            return Left(change, "the table has rows, and nothing says what the new column holds in them")
        if isinstance(item, Index) and self._is_built_concurrently(item):
            return Step(change, tuple(create_index(item, concurrently=True)), is_concurrent=True)
        return Step(change, tuple(self._made(change)))

    def _made(self, change: Missing) -> Iterator[str]:
        """Make an object, with the sequences that are its columns' own."""
        item = change.declared
        sequences = [each for each in self.declared if isinstance(each, Sequence) and _counts_for(each, change.name)]
        for sequence in sequences:
            yield from create_statements(sequence, self.declared) if not sequence.is_identity else ()
        yield from create_statements(item, self.declared)
        for sequence in sequences:
            yield from create_statements(sequence, self.declared) if sequence.is_identity else ()
            yield from finish_statements(sequence, self.declared)
        if not isinstance(item, Table):
            yield from finish_statements(item, self.declared)
        yield from self._grants_beside_the_chain(change.name)
        if item.name.kind is Kind.MATERIALIZED_VIEW:
            yield f"REFRESH MATERIALIZED VIEW {relation(item.name)}"

    def _grants_beside_the_chain(self, name: Name) -> Iterator[str]:
        """What operators granted on an object that is dropped and made again, and on its columns."""
        for each in (name, *(column.name for column in self.live.columns_of(name) if not name.item)):
            there, wanted = self.live.items.get(each), self.declared.items.get(each)
            if there and wanted:
                extra = [grant for grant in there.grants if grant not in wanted.grants and not grant.startswith("not ")]
                yield from grant_statements(wanted, extra, self.declared.owner_of(each))

    def _drop(self, change: Unexpected) -> Step | Left:
        item = change.observed
        if isinstance(item, Index) and not item.is_valid and not is_on_partitioned(item):
            # What an interrupted CREATE INDEX CONCURRENTLY leaves behind: no query uses it.
            own = qualified(item.name.schema, item.name.item)
            return Step(change, (f"DROP INDEX CONCURRENTLY {own}",), is_concurrent=True)
        if not self._is_allowed(change.name):
            return Left(change, "nothing that is there is dropped", can_be_allowed=True)
        return Step(change, drop_statements(item))

    def _alter(self, change: Altered, observed: Snapshot) -> Step | Left:
        if isinstance(change.observed, Table) and (statement := finalize(change.observed)):
            # No copy is in that state, so what follows could not be rehearsed.
            return Left(change, f"a detach was cut off: {statement}; then run interlock repair again")
        answer = alter_statements(change, self.declared, observed)
        if isinstance(answer, NotAutomatic):
            return Left(change, answer.reason)
        if (reason := _loses(change)) and not self._is_allowed(change.name):
            return Left(change, reason, can_be_allowed=True)
        ours, theirs = change.declared, change.observed
        if answer and not set(drop_statements(theirs)).isdisjoint(answer):
            answer = (*answer, *self._grants_beside_the_chain(change.name))
        if isinstance(ours, Index) and isinstance(theirs, Index) and change.differences.keys() - _NOT_BUILT:
            return self._build_again(change, ours, answer)
        if ours.name.kind is Kind.MATERIALIZED_VIEW and "query" in change.differences:
            answer = (*answer, f"REFRESH MATERIALIZED VIEW {relation(ours.name)}")
        return Step(change, answer, is_alone=isinstance(ours, Enum) and "labels" in change.differences)

    def _build_again(self, change: Altered, index: Index, in_one_transaction: tuple[str, ...]) -> Step:
        if not self._is_built_concurrently(index):
            return Step(change, in_one_transaction)
        own = qualified(index.name.schema, index.name.item)
        rest = [each for each in create_statements(index, self.declared) if each.startswith("COMMENT ")]
        made = (f"DROP INDEX CONCURRENTLY {own}", *create_index(index, concurrently=True), *rest)
        return Step(change, made, is_concurrent=True)

    def _is_built_concurrently(self, index: Index) -> bool:
        """Whether an index is on a table that others may be writing to, and can be built beside them."""
        return (index.name.schema, index.name.table) in self.live.containers and not is_on_partitioned(index)

    def _is_allowed(self, name: Name) -> bool:
        return not self.allowed.isdisjoint(name.ways_to_write)

    def _table_has_rows(self, column: Name) -> bool:
        table = column._replace(kind=Kind.TABLE, item="")
        return table in self.live.items and self.has_rows(table)

    def _goes_with_its_view(self, change: Change, observed: Snapshot) -> bool:
        """Whether a column is there because the query of a view says so."""
        views = (change.name._replace(kind=kind, item="") for kind in (Kind.VIEW, Kind.MATERIALIZED_VIEW))
        is_column = change.name.kind is Kind.COLUMN and not isinstance(change, Altered)
        return is_column and any(view in observed.items for view in views)


def names_of(change: Change) -> tuple[Name, ...]:
    """The object of a difference, and the one that may be the same under another name."""
    alike = change.looks_like if isinstance(change, Missing) else None
    return (change.name, alike.name) if alike else (change.name,)


def unknown_names(allowed: Collection[str], drift: Iterable[Change]) -> frozenset[str]:
    """The allowed names that no difference has."""
    known = (name.ways_to_write for change in drift for name in names_of(change))
    return frozenset(allowed).difference(*known)


# A comment, and where an index lies, change without building it.
_NOT_BUILT = frozenset({"comment", "owner", "grants", "tablespace"})
_LENGTH = re.compile(r"(?P<type>[a-z ]+?)(?:\((?P<length>\d+)(?:,(?P<scale>\d+))?\))?")
_WIDER = {
    ("smallint", "integer"),
    ("smallint", "bigint"),
    ("integer", "bigint"),
    ("real", "double precision"),
    ("character varying", "text"),
    ("cidr", "inet"),
}


def _place(step: Step) -> tuple[bool, int]:
    is_drop = isinstance(step.change, Unexpected)
    place = place_of(step.change.name.kind)
    return (not is_drop, -place if is_drop else place)


def _counts_for(sequence: Sequence, name: Name) -> bool:
    """Whether a sequence belongs to a column, or to one of a table."""
    owner = sequence.owned_by
    return owner is not None and (owner == name or (not name.item and owner.container == (name.schema, name.table)))


def _needs_a_value(column: Column) -> bool:
    return not column.nullable and column.default is None and not column.filled_by


def _loses(change: Altered) -> str:
    """Why rows, or what protects them, would be lost; empty where nothing is."""
    differing = change.differences
    match change.declared, change.observed:
        case Column() as ours, Column() as theirs if "type" in differing and not is_wider(theirs.type, ours.type):
            return f"values of {theirs.type} may not fit into {ours.type}"
        case Table(persistence="unlogged"), Table() if "persistence" in differing:
            return "the rows of an unlogged table do not survive a crash"
        case Table(), Table() if {"of_type", "access_method"} & differing.keys():
            return "the table would be written anew"
    return ""


def is_wider(narrow: str, wide: str) -> bool:
    """Whether every value of one type is one of the other, unchanged."""
    one, other = _LENGTH.fullmatch(narrow), _LENGTH.fullmatch(wide)
    if not one or not other:
        return False
    if one["type"] != other["type"]:
        return (one["type"], other["type"]) in _WIDER and other["length"] is None
    if other["length"] is None:
        return True
    if one["length"] is None:
        return False
    whole, fraction = int(other["length"]) - int(one["length"]), int(other["scale"] or 0) - int(one["scale"] or 0)
    return fraction >= 0 and whole >= fraction
