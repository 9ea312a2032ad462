"""The pending revisions once more, on a scratch database with some of the live rows: what fails on rows fails here."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from psycopg import errors

from interlock.chain.failures import ProjectFailed
from interlock.hazards.statement import Weight
from interlock.postgres.counterparts import Followed, copy_counterparts, copy_orphans
from interlock.postgres.sample import Wanted, copy_sample, require_texts
from interlock.postgres.session import Connection
from interlock.release.logbook import counted
from interlock.release.scratch_build import ScratchBuild
from interlock.schema.history import History
from interlock.schema.items import Column, Constraint
from interlock.schema.name import Kind, Name
from interlock.schema.reference import Reference, references
from interlock.verdict.finding import Check, Finding, Signal

_KEY = re.compile(r'(?:UNIQUE|PRIMARY KEY) \(((?:"[^"]+"|\w+)(?:, (?:"[^"]+"|\w+))*)\)')
_FOREIGN_KEY_VIOLATION = "23503"


@dataclass(frozen=True, slots=True)
class Sampling:
    """How many rows of each table the pending revisions are rehearsed with, and which columns nobody may read there.

    A column is named as `schema.table.column`. With 0 rows nothing is copied.
    """

    rows: int = 0
    mask: frozenset[str] = frozenset()

    def masked_in(self, table: Name) -> frozenset[str]:
        """The columns of a table that nobody may read."""
        prefix = f"{table.path}."
        return frozenset(each.removeprefix(prefix) for each in self.mask if each.startswith(prefix))


NO_SAMPLING = Sampling()


@dataclass(frozen=True, slots=True)
class RowsRehearsed:
    """What came of it: in a line, what was found, and what it does not prove."""

    summary: str
    finding: Finding | None = None
    admitted: tuple[str, ...] = ()


@dataclass
class _Along:
    """What was taken along: how many rows of each table, what they refer to, and the new foreign keys of which it is
    not known whether a row has no counterpart."""

    copied: dict[str, int] = field(default_factory=dict)
    followed: Followed = field(default_factory=Followed)
    unsought: list[Reference] = field(default_factory=list)

    def __str__(self) -> str:
        referred = f" and {self.followed.rows} that they refer to" if self.followed.rows else ""
        return f"{counted(sum(self.copied.values()), 'row')} of {counted(len(self.copied), 'table')}{referred}"

    def admit(self) -> Iterator[str]:
        """Say what it does not prove that all went well."""
        # The role may not see them, or they take too long to find.
        without = [path for path, number in self.copied.items() if not number]
        if without:
            yield f"what the revisions do to the rows of {', '.join(without)}: none could be taken along"
        for each in self.unsought:
            yield f"whether each row has what {each.name} will ask for: it could not be looked for"


def rehearse_rows(
    target: Connection,
    build: ScratchBuild,
    current: tuple[str, ...],
    to_come: History,
    weights: Iterable[Weight],
    sampling: Sampling,
) -> RowsRehearsed:
    """Build the chain up to where the target is, fill in rows of the tables that are touched, and run what is pending.

    Raises CannotMask, and ProjectFailed where a revision fails that has run on the target.
    """
    require_texts(target, sampling.mask)
    wanted = [_wanted(weight, to_come, sampling) for weight in weights if weight.rows]
    there, to_be = _references(to_come)
    along = _Along()
    try:
        failed = _run(build, current, lambda scratch: _fill(along, target, scratch, wanted, there, to_be, sampling))
    except errors.InsufficientPrivilege as error:
        told = f"what the revisions do to rows: none could be taken along ({error.diag.message_primary})"
        return RowsRehearsed("no row was rehearsed with", admitted=(told,))
    summary = f"rehearsed with {along}"
    if failed is None:
        return RowsRehearsed(summary, admitted=tuple(along.admit()))
    if failed.failure.sqlstate == _FOREIGN_KEY_VIOLATION and not _is_of_orphans(failed, to_be, along.followed):
        # It may be one whose counterpart was not taken along, which says nothing.
        told = f"whether the rows let it pass: {failed.problem}; some rows were tried"
        return RowsRehearsed(summary, admitted=(told,))
    remedy = "let the revision put those rows right first, or put them right on the target, then run again"
    return RowsRehearsed(summary, Finding(Check.REHEARSE, Signal.STOP, f"on {along}: {failed.problem}", remedy))


def _fill(
    along: _Along,
    live: Connection,
    scratch: Connection,
    wanted: Sequence[Wanted],
    there: Sequence[Reference],
    to_be: Sequence[Reference],
    sampling: Sampling,
) -> None:
    for each in wanted:
        along.copied[each.table.path] = copy_sample(live, scratch, each)
    tables = [each.table for each in wanted]
    for reference in to_be:
        if reference.source in tables:
            orphans = copy_orphans(live, scratch, reference, sampling.masked_in(reference.source))
            along.copied[reference.source.path] += orphans or 0
            if orphans is None:
                along.unsought.append(reference)
    along.followed = copy_counterparts(live, scratch, (*there, *to_be), tables, sampling.masked_in)


def _run(build: ScratchBuild, current: tuple[str, ...], fill: Callable[[Connection], None]) -> ProjectFailed | None:
    build.replay_run(current, fill)
    try:
        build.run_pending(current)
    except ProjectFailed as error:
        return error
    return None


def _is_of_orphans(failed: ProjectFailed, to_be: Iterable[Reference], followed: Followed) -> bool:
    """Whether a new foreign key was refused of which live rows have no counterpart."""
    orphaned = followed.without_counterpart.intersection(to_be)
    return any(f'"{each.name.item}"' in failed.failure.message for each in orphaned)


def _references(to_come: History) -> tuple[tuple[Reference, ...], tuple[Reference, ...]]:
    """The foreign keys that are there now, and those yet to be between columns that are there now."""
    now, head = to_come.moments[0].schema.items, to_come.moments[-1].schema.items
    there = tuple(references(now.values()))
    new = references(item for name, item in head.items() if name not in now)
    return there, tuple(each for each in new if all(name in now for name in _columns_of(each)))


def _columns_of(reference: Reference) -> Iterator[Name]:
    for table, columns in ((reference.source, reference.columns), (reference.table, reference.referred)):
        for column in columns:
            yield Name(Kind.COLUMN, table.schema, table.table, column)


def _wanted(weight: Weight, to_come: History, sampling: Sampling) -> Wanted:
    schema, _, name = weight.table.partition(".")
    table = Name(Kind.TABLE, schema, name)
    return Wanted(
        table,
        sampling.rows,
        weight.rows,
        tuple(_no_longer_null(table, to_come)),
        tuple(_new_keys(table, to_come)),
        sampling.masked_in(table),
    )


def _no_longer_null(table: Name, to_come: History) -> Iterator[str]:
    """Columns that may be null now, and may not in the end."""
    now, head = to_come.moments[0].schema.items, to_come.moments[-1].schema.items
    for name, item in now.items():
        if isinstance(item, Column) and (name.schema, name.table) == (table.schema, table.table) and item.nullable:
            later = head.get(name)
            if isinstance(later, Column) and not later.nullable:
                yield name.item


def _new_keys(table: Name, to_come: History) -> Iterator[tuple[str, ...]]:
    """Columns that are there now, and have to be unique in the end."""
    now, head = to_come.moments[0].schema.items, to_come.moments[-1].schema.items
    for name, item in head.items():
        if isinstance(item, Constraint) and (name.schema, name.table) == (table.schema, table.table):
            found = _KEY.fullmatch(item.definition) if name not in now else None
            columns = tuple(each.strip('"') for each in found[1].split(", ")) if found else ()
            if columns and all(Name(Kind.COLUMN, table.schema, table.table, each) in now for each in columns):
                yield columns
