"""A revision that commits before its end, and a run that was cut short in the middle of it."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from interlock.chain.child import Start
from interlock.errors import InterlockError
from interlock.hazards.lock import LockMode
from interlock.hazards.sql import changes_schema
from interlock.hazards.statement import Statement
from interlock.postgres.journal import keep_only, open_journal, read_journal
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


def writes_early(statements: Iterable[Statement]) -> Mapping[str, frozenset[str]]:
    """What each revision sends that is committed before its end and changes no schema, but rows maybe.

    What of that was done nobody could tell afterwards, so those are the revisions that need a journal.
    """
    early: dict[str, set[str]] = {}
    for each in statements:
        if each.is_early and not changes_schema(each.sql) and _locks_rows(each):
            early.setdefault(each.revision, set()).add(each.sql)
    return {revision: frozenset(texts) for revision, texts in early.items()}


def _locks_rows(statement: Statement) -> bool:
    """Whether it may have written: on tables without rows only its lock says so."""
    return bool(statement.rows_written) or any(lock.mode >= LockMode.ROW_EXCLUSIVE for lock in statement.locks)


def open_starts(
    session: Connection,
    version_table: VersionTable,
    pending: Collection[str],
    writing: Mapping[str, frozenset[str]],
    foreseen: Mapping[str, tuple[str, ...]],
    cut_short: CutShort | None,
) -> tuple[Callable[[str], Start], str]:
    """Keep a journal for the revisions that need one; say from where each begins, and what that does not cover.

    `foreseen` says what each of them may drop.
    """
    keep_only(session, str(version_table), pending)
    has_journal = bool(writing) and open_journal(session, str(version_table), writing)

    def start(revision: str) -> Start:
        is_half_done = cut_short is not None and cut_short.revision == revision
        begin = cut_short.start(version_table) if cut_short and is_half_done else Start(version_table.name)
        begin = replace(begin, foreseen=foreseen[revision])
        if not has_journal or revision not in writing:
            return begin
        return replace(begin, journal=str(version_table), writing=tuple(writing[revision]))

    named = ", ".join(sorted(writing))
    told = f"which rows {named} would have written if it is cut short: the role may make no journal"
    return start, told if writing and not has_journal else ""


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
