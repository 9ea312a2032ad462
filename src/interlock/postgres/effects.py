"""Statements that change a schema, run with care, and what they did: which locks they took, what they wrote anew."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count, groupby
from typing import NamedTuple, Protocol

import psycopg
from psycopg import errors

from interlock.errors import InterlockError
from interlock.postgres.lock_patience import (
    ATTEMPT_SECONDS,
    AUTOVACUUM_IS_AT_WORK,
    PAST_AUTOVACUUM_SECONDS,
    pause_before,
)
from interlock.postgres.session import Connection

RETRIES_FOR_SECONDS = 60.0

_LOCKS = """
select n.nspname || '.' || c.relname, regexp_replace(l.mode, '(?<=[a-z])(?=[A-Z])', ' ', 'g')
  from pg_catalog.pg_locks l
  join pg_catalog.pg_class c on c.oid = l.relation
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
 where l.pid = pg_catalog.pg_backend_pid() and l.locktype = 'relation' and l.granted and c.oid = any(%s)
   and l.mode <> 'AccessShareLock'
"""
# A table that is written anew lies in another file afterwards.
_FILES = """
select c.oid::bigint, n.nspname || '.' || c.relname, c.relfilenode::bigint
  from pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
 where c.relkind in ('r', 'm', 'p', 'f') and c.oid >= 16384 and n.nspname !~ '^pg_'
"""


class Work(Protocol):
    """Statements that belong together."""

    @property
    def statements(self) -> tuple[str, ...]: ...
    @property
    def is_alone(self) -> bool: ...
    @property
    def is_concurrent(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Effect:
    """What one statement did to tables that were there before."""

    statement: str
    locks: tuple[str, ...] = ()
    rewritten: tuple[str, ...] = ()


class NotCarriedOut(InterlockError):
    """A statement failed; what was committed before it stays."""

    def __init__(self, statement: str, error: psycopg.Error, done: int) -> None:
        super().__init__(
            problem=f"the server refused {statement.partition(chr(10))[0]}: {error.diag.message_primary or error}; "
            + (f"{done} statements before it were committed" if done else "nothing was changed"),
            remedy="see what it needs, then run interlock repair again: it goes on from where the schema is then",
        )


def carry_out(connection: Connection, work: Sequence[Work], on_statement: Callable[[str], None]) -> None:
    """Run statements in their order, as many in one transaction as PostgreSQL allows.

    A transaction that does not get a lock soon is rolled back and tried again for a while. Raises NotCarriedOut.
    """
    done = 0
    for transaction in _transactions(work):
        statements = [statement for each in transaction for statement in each.statements]
        if transaction[0].is_concurrent:
            for statement in statements:
                _run_one(connection, statement, done, on_statement)
                done += 1
        else:
            _run_together(connection, statements, done, on_statement)
            done += len(statements)


def measure(connection: Connection, work: Sequence[Work]) -> tuple[Effect, ...]:
    """Run statements as `carry_out` does, on a copy, and look after each one what it locked and wrote anew."""
    effects: list[Effect] = []
    for transaction in _transactions(work):
        statements = [statement for each in transaction for statement in each.statements]
        if transaction[0].is_concurrent:
            for statement in statements:
                connection.execute(statement.encode())
                # It ends by itself the transactions that it takes its locks in (CREATE INDEX, Building Indexes
                # Concurrently).
                effects.append(Effect(statement, ("Share Update Exclusive Lock on the table of the index",)))
        else:
            with connection.transaction():
                effects.extend(_measured(connection, statements))
    return tuple(effects)


def _measured(connection: Connection, statements: Iterable[str]) -> Iterator[Effect]:
    files = _read_files(connection)
    there, held = list(files), set[tuple[str, str]]()
    for statement in statements:
        connection.execute(statement.encode())
        locks = {(row[0], row[1]) for row in connection.execute(_LOCKS, [there])}
        now = _read_files(connection)
        rewritten = [each.name for oid, each in now.items() if oid in files and files[oid].number != each.number]
        yield Effect(
            statement,
            tuple(f"{mode} on {table}" for table, mode in sorted(locks - held)),
            tuple(sorted(rewritten)),
        )
        held |= locks
        files = now


class _File(NamedTuple):
    name: str
    number: int


def _read_files(connection: Connection) -> Mapping[int, _File]:
    return {oid: _File(name, number) for oid, name, number in connection.execute(_FILES)}


def _transactions(work: Sequence[Work]) -> Iterator[list[Work]]:
    """Put neighbours into one transaction, but those that need one of their own, or none."""
    for _, group in groupby(enumerate(work), key=lambda pair: _own_place(*pair)):
        yield [each for _, each in group]


def _own_place(number: int, each: Work) -> tuple[int, bool]:
    return (number, True) if each.is_alone or each.is_concurrent else (-1, False)


def _run_together(
    connection: Connection, statements: Sequence[str], done: int, on_statement: Callable[[str], None]
) -> None:
    deadline = time.monotonic() + RETRIES_FOR_SECONDS
    seconds = ATTEMPT_SECONDS
    for attempt in count(1):
        statement = ""
        try:
            with connection.transaction():
                connection.execute(f"set local lock_timeout = {round(seconds * 1000)}".encode())
                for statement in statements:
                    on_statement(statement)
                    connection.execute(statement.encode())
        except (errors.LockNotAvailable, errors.DeadlockDetected) as error:
            if time.monotonic() > deadline:
                raise NotCarriedOut(statement, error, done) from None
            time.sleep(pause_before(attempt))
            # Whose lock it is cannot be seen any more.
            is_vacuumed = connection.execute(AUTOVACUUM_IS_AT_WORK).fetchall()[0][0]
            seconds = PAST_AUTOVACUUM_SECONDS if is_vacuumed else ATTEMPT_SECONDS
        except psycopg.Error as error:
            raise NotCarriedOut(statement, error, done) from None
        else:
            return


def _run_one(connection: Connection, statement: str, done: int, on_statement: Callable[[str], None]) -> None:
    # It waits for transactions that are older; a time-out would leave an index that is not valid.
    on_statement(statement)
    try:
        connection.execute(b"set lock_timeout = 0")
        connection.execute(statement.encode())
    except psycopg.Error as error:
        raise NotCarriedOut(statement, error, done) from None
