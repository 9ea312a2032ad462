"""A revision that commits before its end, and a run that was cut short in the middle of it."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from interlock.chain.child import Start
from interlock.chain.half_done import changes_schema
from interlock.errors import InterlockError
from interlock.hazards.statement import Statement
from interlock.postgres.journal import read_journal
from interlock.postgres.session import Connection
from interlock.postgres.version_table import VersionTable
from interlock.release.logbook import counted
from interlock.schema.drift import find_drift
from interlock.schema.history import Half, History
from interlock.schema.snapshot import Snapshot


class NobodyKeptAJournal(InterlockError):
    """Of a revision that is half done nobody knows which rows it has written."""

    def __init__(self, revision: str, half: Half) -> None:
        super().__init__(
            problem=f"revision {revision} was cut short after {counted(len(half.done), 'statement')} that changed the "
            "schema, and which rows it wrote before that is not known: no journal was kept",
            remedy="finish it by hand, then write that it has run with interlock restamp; or undo it by hand, then "
            "release again",
        )


@dataclass(frozen=True, slots=True)
class CutShort:
    """What an earlier run has left done of the next revision. `half` is None where the schema is as before it."""

    revision: str
    half: Half | None
    rows: tuple[tuple[str, int], ...] = ()

    @property
    def statements(self) -> tuple[str, ...]:
        """Those that have changed the schema."""
        return self.half.done if self.half else ()

    def has_done(self, statement: Statement) -> bool:
        """Whether a statement that was measured need not run any more."""
        return statement.revision == self.revision and statement.sql in self.statements

    def __str__(self) -> str:
        number = len(self.statements) + len(self.rows)
        return f"{self.revision} was cut short before, and goes on after {counted(number, 'statement')}"

    def start(self, version_table: VersionTable) -> Start:
        """From where on it has to be run."""
        return Start(version_table.name, self.statements, self.rows)


def writes_early(statements: Iterable[Statement]) -> frozenset[str]:
    """The revisions that commit rows before their end: what of that was done nobody could tell afterwards."""
    return frozenset(each.revision for each in statements if each.is_early and not changes_schema(each.sql))


def find_cut_short(
    session: Connection,
    version_table: VersionTable,
    revision: str,
    history: History,
    run: Collection[str],
    observed: Snapshot,
    writing: Collection[str],
) -> CutShort | None:
    """Find what is done of the next revision: of the schema the catalog says it, of rows the journal.

    `run` are the revisions that have run, `writing` those that `writes_early` gives. Raises NobodyKeptAJournal.
    """
    half = _find_half(history, run, observed)
    rows = read_journal(session, str(version_table), revision) if revision in writing else ()
    if half is None:
        return CutShort(revision, None, rows) if rows else None
    if rows is None:
        raise NobodyKeptAJournal(revision, half)
    return CutShort(revision, half, rows)


def _find_half(history: History, run: Collection[str], observed: Snapshot) -> Half | None:
    """The most of what the next revision leaves where it is cut short that the schema is equal to."""
    if not find_drift(history.after(run), observed):
        return None
    halves = reversed(history.halves_after(run))
    return next((half for half in halves if not find_drift(half.schema, observed)), None)
