"""What was found out of the mapped classes and of their rows, as findings."""

from collections.abc import Iterable, Iterator, Sequence

from interlock.chain.keys import TakenKey
from interlock.chain.mapped import Misfit, Models
from interlock.chain.room import find_tight_texts
from interlock.chain.rows import WITHIN_SECONDS, LookedAt, Trouble, Unreadable
from interlock.postgres.session import Connection
from interlock.release.load_models import LoadedModels
from interlock.release.logbook import counted
from interlock.verdict.finding import Check, Finding, Signal

SHOWN = 5


def unknown_models(models: Models | None) -> Finding:
    """Nothing is mapped, as far as is known."""
    told = "has no tables in it" if models else "is not given"
    return Finding(
        Check.MODELS,
        Signal.CAUTION,
        f"the mapped classes are unproved: target_metadata of env.py {told}",
        'name them in interlock.toml: [project] models = "package.models:Base" (or false for none)',
    )


def misfit_findings(check: Check, pair: str, misfits: Iterable[Misfit]) -> Iterator[Finding]:
    """`pair` says which two of models, chain and live database were compared."""
    for misfit in misfits:
        yield Finding(check, misfit.signal, f"{pair}: {misfit.problem}", misfit.remedy)


def misfit_findings_of_both(of_chain: Sequence[Misfit], of_live: Sequence[Misfit], head: str) -> Iterator[Finding]:
    """What is the same on the scratch database at head and on the live one is told once."""
    chain, live = f"models against chain at {head}", "models against live"
    yield from misfit_findings(Check.MODELS, chain, (each for each in of_chain if each not in of_live))
    yield from misfit_findings(Check.MODELS, f"{chain} and {live}", (each for each in of_live if each in of_chain))
    yield from misfit_findings(Check.MODELS, live, (each for each in of_live if each not in of_chain))


def loading_findings(check: Check, loaded: LoadedModels) -> Iterator[Finding]:
    """A module that cannot be imported may hold a class that nobody looked at: that is never CLEAR."""
    for module, failure in loaded.failures.items():
        yield Finding(
            check,
            Signal.CAUTION,
            f"the module {module} can define mapped classes, and cannot be imported: {failure}",
            "let it be importable where the guard runs, or leave it out: [project] exclude_modules",
        )


def without_room(session: Connection, models: Models) -> Iterator[str]:
    """Say which texts and decimals a class allows that its column has no room for: few applications have any."""
    tight = list(find_tight_texts(session, models))
    if tight:
        more = f" and {len(tight) - SHOWN} more" if tight[SHOWN:] else ""
        yield f"longer values than columns have room for: {'; '.join(tight[:SHOWN])}{more}"


def not_covered(loaded: LoadedModels) -> Iterator[str]:
    """Say which classes of the project were not compared, each reason in a line of its own."""
    by_reason: dict[str, list[str]] = {}
    for module, reason in loaded.left_out.items():
        by_reason.setdefault(reason, []).append(module)
    for reason, modules in by_reason.items():
        yield f"mapped classes of modules that were not imported ({reason}): {_listed(modules)}"
    if loaded.models and loaded.models.elsewhere:
        yield f"mapped by other metadata than target_metadata: {_listed(loaded.models.elsewhere)}"
    if loaded.models and loaded.models.strays:
        names = (stray.name.removeprefix("class ") for stray in loaded.models.strays)
        yield f"mapped by other metadata than target_metadata, and selected only: {_listed(names)}"


def row_findings(looked: LookedAt, *, is_complete: bool) -> Iterator[Finding]:
    """Rows that cannot be loaded, and rows that nobody saw. `is_complete` says that no class can be missing."""
    for unreadable in looked.unreadable:
        yield _unreadable_finding(unreadable, is_complete=is_complete)
    for taken in looked.taken:
        yield _taken_finding(taken)
    if looked.unfinished:
        yield _unseen(
            f"not looked through within {WITHIN_SECONDS:g} s: {_listed(looked.unfinished)}",
            "look at a less busy time, or let the chain prove it: a native enum, NOT NULL",
        )
    if looked.partly_seen:
        yield _unseen(
            f"row-level security may hide rows of: {_listed(looked.partly_seen)}",
            "verify as a role with BYPASSRLS, or as the owner of the tables",
        )
    for table, said in looked.failed:
        yield _unseen(f"the rows of {table} could not be looked at: {said}", "grant select on it to the role")


def rows_summary(looked: LookedAt) -> str:
    """How much was looked at."""
    proved = f"{looked.proved} of {counted(looked.expectations, 'expectation')} proved by the catalog"
    return f"{counted(looked.tables, 'table')} looked through, {proved}" if looked.tables else proved


def _unreadable_finding(unreadable: Unreadable, *, is_complete: bool) -> Finding:
    expectation = unreadable.expectation
    column, rows = f"{expectation.table}.{expectation.column}", counted(unreadable.rows, "row")
    values = _listed(map(repr, unreadable.examples))
    match expectation.trouble:
        case Trouble.NULL:
            return Finding(
                Check.ROWS,
                Signal.STOP,
                f"{column} is null in {rows}, and the class says that it never is",
                "fill these rows and make the column NOT NULL, or let the class allow None",
            )
        case Trouble.NO_LABEL:
            return Finding(
                Check.ROWS,
                Signal.STOP,
                f"{column} holds in {rows} what {expectation.python} cannot load, such as {values}",
                f"correct these rows, or give {expectation.python} the label",
            )
        case Trouble.NO_CLASS:
            return Finding(
                Check.ROWS,
                # A module that was not imported may have the class.
                Signal.STOP if is_complete else Signal.CAUTION,
                f"{column} tells in {rows} of a class that {expectation.python} has not, such as {values}",
                "map a class with that polymorphic_identity, or correct these rows",
            )


def _taken_finding(taken: TakenKey) -> Finding:
    key = taken.key
    return Finding(
        Check.ROWS,
        Signal.CAUTION,
        f"the next {key.column} of {key.name} is {taken.next_value}, and there is a row with it or beyond it: an "
        "INSERT of the ORM may be refused by the primary key",
        f"{key.mending}; or map the column with autoincrement=False, where the application always sets it",
    )


def _unseen(message: str, remedy: str) -> Finding:
    return Finding(Check.ROWS, Signal.CAUTION, message, remedy)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)
