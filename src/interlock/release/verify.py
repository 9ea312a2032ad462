"""Does the live schema hold what the chain declares, and what the mapped classes need?"""

from collections.abc import Iterator, Sequence

import psycopg

from interlock.chain.child import MappedEnum, Models
from interlock.chain.revisions import Chain
from interlock.errors import InterlockError
from interlock.postgres.session import Connection
from interlock.release.record import Blamed, Verification
from interlock.schema.drift import Change, Unexpected, find_drift, is_harmful
from interlock.schema.history import History
from interlock.schema.snapshot import Column, Enum, Kind, Name, Snapshot
from interlock.verdict.finding import Check, Finding, Signal


class NoVersionRow(InterlockError):
    """The database has tables, and no revision."""

    def __init__(self, objects: int, located: Sequence[str]) -> None:
        if located:
            told = f"; its schema is that of revision {' or '.join(located)}"
            remedy = "let Interlock write that revision: interlock restamp"
        else:
            told = ""
            remedy = "check that DATABASE_URL is this project's database; a new project wants an empty one"
        super().__init__(
            problem=f"the database claims no revision, but it is not empty ({objects} objects){told}",
            remedy=remedy,
        )


def verify(chain: Chain, history: History, claimed: tuple[str, ...], observed: Snapshot) -> Verification:
    """Compare a live schema with what the chain declares at the revisions that the database claims."""
    declared = history.after(chain.run_before(claimed))
    drift = find_drift(declared, observed)
    match = history.locate(observed) if drift else None
    to_come = history.moments[-1].schema
    return Verification(
        claimed=claimed,
        drift=tuple(Blamed(change, history.maker_of(change), _signal(change, to_come)) for change in drift),
        compared_objects=len(declared),
        located=tuple(moment.revision or "base" for moment in match.moments) if match else (),
        is_located=bool(match and match.is_exact),
    )


def require_version_row(verification: Verification, observed: Snapshot) -> None:
    """Raise NoVersionRow where a database without a revision is not as it is before the first one."""
    if not verification.claimed and verification.drift and len(observed):
        raise NoVersionRow(len(observed), verification.located if verification.is_located else ())


def drift_findings(check: Check, verification: Verification) -> Iterator[Finding]:
    """Turn drift into findings: what it means first, then each difference."""
    if not verification.drift:
        return
    worst = max(blamed.signal for blamed in verification.drift)
    claimed = ", ".join(verification.claimed) or "no revision"
    if verification.is_located:
        really = f"its schema is that of revision {' or '.join(verification.located)}"
        remedy = "interlock restamp writes that revision into alembic_version; then release again"
    else:
        really = f"its schema is nearest to revision {' or '.join(verification.located)}, and is not that either"
        remedy = "put right what is listed, or restore the database, then release again"
    if worst is Signal.STOP:
        yield Finding(check, worst, f"the database claims {claimed}; {really}", remedy)
    for blamed in verification.drift:
        maker = f" (revision {blamed.maker} makes it)" if blamed.maker else ""
        yield Finding(check, blamed.signal, f"{blamed.change}{maker}")


def select_mapped(connection: Connection, models: Models) -> Iterator[Finding]:
    """Select every mapped class, without rows, the way the application will."""
    connection.execute("set default_transaction_read_only = on")
    for mapped in models.selects:
        try:
            connection.execute(mapped.sql.encode())
        except psycopg.Error as error:
            yield Finding(
                Check.MODELS,
                Signal.STOP,
                f"{mapped.name} cannot be selected: {error.diag.message_primary or error}",
                "add the revision that makes what the class maps, or correct the class",
            )


def compare_enums(observed: Snapshot, path: Sequence[str], models: Models) -> Iterator[Finding]:
    """Compare the labels that Python reads and writes with those of the live enum types."""
    for mapped in models.enums:
        problem = _enum_problem(observed, path, mapped)
        if problem:
            yield Finding(
                Check.MODELS,
                Signal.STOP,
                f"{mapped.table}.{mapped.column}: {problem}",
                f"make the labels of {mapped.python} and of the type agree, by a revision or in the class",
            )


def _signal(change: Change, to_come: Snapshot) -> Signal:
    # What a later revision wants to make must not be there yet: it would fail with "already exists".
    collides = isinstance(change, Unexpected) and change.name in to_come.items
    return Signal.STOP if collides or is_harmful(change) else Signal.CAUTION


def _enum_problem(observed: Snapshot, path: Sequence[str], mapped: MappedEnum) -> str | None:
    column = next(
        (
            found
            for schema in ([mapped.schema] if mapped.schema else path)
            if isinstance(found := observed.items.get(_column(schema, mapped)), Column)
        ),
        None,
    )
    if column is None:
        return "the column is not there"
    enum = _enum_named(observed, column.type.removesuffix("[]"))
    if enum is None:
        return f"mapped to the enum {mapped.python}, but its type is {column.type}"
    unreadable = [label for label in enum.labels if label not in mapped.labels]
    unwritable = [label for label in mapped.labels if label not in enum.labels]
    told = []
    if unwritable:
        told.append(f"{enum.name} lacks {', '.join(map(repr, unwritable))} of {mapped.python}")
    if unreadable:
        told.append(f"{mapped.python} lacks {', '.join(map(repr, unreadable))} of {enum.name}")
    return "; ".join(told) or None


def _column(schema: str, mapped: MappedEnum) -> Name:
    return Name(Kind.COLUMN, schema, mapped.table, mapped.column)


def _enum_named(observed: Snapshot, printed: str) -> Enum | None:
    """Find an enum by its name as format_type prints it: qualified, quoted where it has to be."""
    plain = printed.replace('"', "")
    return next(
        (
            item
            for item in observed
            if isinstance(item, Enum) and f"{item.name.schema}.{item.name.table}".replace('"', "") == plain
        ),
        None,
    )
