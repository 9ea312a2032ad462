"""Two databases, one of which is the reference, side by side."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property

from interlock.schema.drift import Change, Severity, find_drift, is_in_step, severity
from interlock.schema.items import Extension, Table
from interlock.schema.name import Kind, Name
from interlock.schema.snapshot import Snapshot


@dataclass(frozen=True)
class Comparison:
    """How a live database departs from a reference.

    `told` is, in words, what could not be compared; `notes` what differs and does not count.
    """

    reference: Snapshot
    live: Snapshot
    told: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @cached_property
    def changes(self) -> tuple[Change, ...]:
        """The differences, the worst first."""
        drift = find_drift(self.reference, self.live)
        order = list(Severity)
        return tuple(sorted(drift, key=lambda change: order.index(severity(change))))

    @property
    def could_not_tell(self) -> tuple[str, ...]:
        """Why "in step" cannot be said, in words: what was not read, or is of a kind that is not compared."""
        return (
            *(f"the reference: {text}" for text in self.reference.unread),
            *(f"the live database: {text}" for text in self.live.unread),
            *(f"not compared: {text}" for text in sorted({*self.reference.unmodelled, *self.live.unmodelled})),
            *self.told,
        )

    @property
    def is_in_step(self) -> bool:
        return is_in_step(self.changes) and not self.could_not_tell

    @property
    def is_drift(self) -> bool:
        """Whether they certainly differ. What one side could not read looks Missing, and may be there."""
        return not is_in_step(self.changes) and not (self.reference.unread or self.live.unread)


def on_common_ground(reference: Snapshot, live: Snapshot) -> tuple[Snapshot, Snapshot]:
    """Take out of two databases what two servers give to the same schema: another owner, other versions of extensions.

    The usual owner of the live one stands for that of the reference only where the server has no such role.
    """
    if reference.usual_owner not in live.roles:
        live = live.owned_by(reference.usual_owner)
    if reference.major == live.major:
        return reference, live
    return _without_versions(reference), _without_versions(live)


def with_revisions(snapshot: Snapshot, rows: Iterable[tuple[Name, tuple[str, ...]]]) -> Snapshot:
    """The same with the rows of its version tables."""
    items = dict(snapshot.items)
    for name, revisions in rows:
        table = items[name]
        if isinstance(table, Table):
            items[name] = replace(table, revisions=revisions)
    return snapshot.with_items(items)


def same_revisions(reference: Snapshot, live: Snapshot) -> tuple[Snapshot, Snapshot, tuple[str, ...]]:
    """Leave out the rows of a version table that is empty on one side, as after a restore of the schema alone."""
    notes: list[str] = []
    for name in version_tables(reference):
        ours, theirs = reference.items[name], live.items.get(name)
        if isinstance(ours, Table) and isinstance(theirs, Table) and bool(ours.revisions) != bool(theirs.revisions):
            says = f"the reference says {', '.join(ours.revisions) or 'nothing'}"
            notes.append(f"{name.path}: {says}, the live one {', '.join(theirs.revisions) or 'nothing'}")
            reference, live = (with_revisions(each, [(name, ())]) for each in (reference, live))
    return reference, live, tuple(notes)


def version_tables(snapshot: Snapshot) -> tuple[Name, ...]:
    """The tables that Alembic keeps revisions in, known by their shape."""
    columns = (name for name in snapshot.items if name.item == "version_num" and name.kind is Kind.COLUMN)
    tables = (Name(Kind.TABLE, name.schema, name.table) for name in columns)
    return tuple(table for table in tables if table in snapshot.items and len(snapshot.columns_of(table)) == 1)


def _without_versions(snapshot: Snapshot) -> Snapshot:
    items = snapshot.items.items()
    return snapshot.with_items(
        {name: replace(item, version="", comment="") if isinstance(item, Extension) else item for name, item in items}
    )
