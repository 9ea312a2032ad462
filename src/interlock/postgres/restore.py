"""Does a dump give back what is in it? It is restored into an empty database, and the rows are counted."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from psycopg import errors

from interlock.errors import InterlockError, conceal
from interlock.postgres.client_programs import ClientProgram, client_environment, client_words, complaints
from interlock.postgres.dump import LIMIT_SECONDS, Extent, count_rows
from interlock.postgres.program import Ended, run_program
from interlock.postgres.session import Connection, open_session
from interlock.postgres.url import DatabaseUrl
from interlock.schema.ddl.words import relation
from interlock.schema.name import Name

# pg_restore sets it from 17 on, and an older server does not know it. That changes nothing of what is restored.
_HARMLESS = '"transaction_timeout"'

_SHOWN = 3

_NOT_THERE = """
select name from pg_catalog.unnest(%s::text[]) name where pg_catalog.to_regclass(name) is null
"""


class DoesNotRestore(InterlockError):
    """A dump does not give back the tables that it was made of."""

    def __init__(self, problem: str) -> None:
        super().__init__(
            problem=f"the backup does not restore: {problem}; nothing was changed",
            remedy="where the scratch server lacks something, name one that has it: INTERLOCK_SCRATCH_URL; "
            "else back up by a program of yours: [backup] command",
        )


class RowsAreMissing(InterlockError):
    """A dump gives back another number of rows than the table had."""

    def __init__(self, table: Name, restored: int, counted: int) -> None:
        super().__init__(
            problem=f"the backup is not complete: {restored} of {counted} rows of {table.path} came back from it; "
            "nothing was changed",
            remedy="run pg_dump by hand to see why; then run again",
        )


def restore(program: ClientProgram, file: Path, empty: DatabaseUrl, extent: Extent) -> tuple[str, ...]:
    """Restore definitions and rows into an empty database, and give what could not be made there and is not needed.

    Foreign keys and indexes come after the rows in the file, and are not made: a foreign key may lead to a table that
    is not in it. Raises DoesNotRestore and what a program raises.
    """
    with open_session(empty) as session:
        if "public" in extent.schemas:
            # The dump makes it. Before 15 it is not ours where we are no superuser; then pg_restore finds it there.
            with suppress(errors.InsufficientPrivilege):
                session.execute("drop schema if exists public")
        definitions = _restore(program, file, empty, "pre-data")
        told = _complaints(definitions, empty)
        if missing := _missing(session, extent.holding):
            raise DoesNotRestore("; ".join((f"{missing[0]} does not come back from it", *told[:_SHOWN])))
        rows = _restore(program, file, empty, "data")
        if harmful := _complaints(rows, empty):
            raise DoesNotRestore(harmful[0])
        return told


def require_rows(restored: DatabaseUrl, expected: Mapping[Name, int]) -> None:
    """Raise RowsAreMissing unless each table has so many rows."""
    with open_session(restored) as session:
        for table, number in count_rows(session, expected).items():
            if number != expected[table]:
                raise RowsAreMissing(table, number, expected[table])


def _restore(program: ClientProgram, file: Path, empty: DatabaseUrl, section: str) -> Ended:
    # The roles of the target are not on the scratch server.
    words = ("--no-owner", "--no-privileges", f"--section={section}")
    argv = [str(program.path), *client_words(empty), *words, str(file)]
    return run_program(argv, client_environment(empty), limit_seconds=LIMIT_SECONDS)


def _complaints(ended: Ended, empty: DatabaseUrl) -> tuple[str, ...]:
    """What went wrong; at least the last words of a program that failed and named nothing."""
    named = complaints(ended.said)
    harmful = tuple(conceal(each, empty.secrets) for each in named if _HARMLESS not in each)
    if ended.status not in (0, 1) or (ended.status and not named):
        return (f"pg_restore ended with status {ended.status}: {conceal(ended.last_words, empty.secrets)}",)
    return harmful


def _missing(session: Connection, tables: Sequence[Name]) -> list[str]:
    names = {relation(each): each.path for each in tables}
    return [names[name] for (name,) in session.execute(_NOT_THERE, [list(names)])]
