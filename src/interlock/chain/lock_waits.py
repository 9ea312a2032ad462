"""How long the project's statements wait for a lock, and whether a revision that did not get one left something behind.

A statement that waits for a lock makes everybody wait who comes after it, so none of ours waits for long. The revision
is given up then, with all that it holds, and the guard runs it again. Once something of it was committed that would do
it twice: from there on the one statement is tried again.
"""

import re
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.pool import Pool

from interlock.postgres.lock_patience import AUTOVACUUM_IS_AT_WORK, GIVES_WAY, PAST_AUTOVACUUM_SECONDS, pause_before

# It waits for transactions, holds no reader or writer out meanwhile, and leaves half an object when it is cut short.
_CONCURRENTLY = re.compile(r"\s*(create|drop|reindex|alter)\b.*\bconcurrently\b", re.IGNORECASE | re.DOTALL)
# They leave nothing that a second run could stumble over.
_HARMLESS = re.compile(r"\s*(set|reset|show)\b", re.IGNORECASE)
_CONTROLS_TRANSACTION = re.compile(
    r"\s*(begin|start|commit|end|prepare|rollback|abort|savepoint|release)\b", re.IGNORECASE
)
_IN_TRANSACTION = 2  # libpq, PQtransactionStatus
_SAVEPOINT = "interlock_attempt"
_HAS_WRITTEN = "select pg_catalog.pg_current_xact_id_if_assigned() is not null"
_CHANGES_NOTHING = re.compile(
    r"\s*(select|show|set|reset|begin|commit|end|rollback|savepoint|release)\b", re.IGNORECASE
)
_ENDS_TRANSACTION = re.compile(r"\s*(commit|end|prepare\s+transaction)\b", re.IGNORECASE)


def sqlstate_of(error: BaseException | None) -> str | None:
    """The SQLSTATE that a driver's error carries: psycopg 2 and 3, asyncpg as SQLAlchemy adapts it, pg8000."""
    known = getattr(error, "sqlstate", None) or getattr(error, "pgcode", None)
    if known is None and error is not None and error.args and isinstance(error.args[0], dict):
        known = error.args[0].get("C")
    return known


class LockWaits:
    """Looks after the statements of one revision at a time, whoever makes the engine that they are sent by.

    `left_something` says whether anything was committed since `begin`, and `committed` by which statements, where that
    is known. A commit that is sent past SQLAlchemy, by the driver's own connection, is not noticed.
    """

    def __init__(self, together: Callable[[Any, str, Any, Callable[[], None]], Callable[[], None]]) -> None:
        """`together` makes of what executes a statement outside of a transaction what does more in one."""
        self._together = together
        self.left_something = False
        self.committed: list[str] = []
        self._in_transaction: list[str] = []
        self._attempt_seconds = 0.0
        self._deadline = 0.0

    def listen(self) -> None:
        """Take note from now on of what every engine does."""
        event.listen(Pool, "checkout", self._limit)
        event.listen(Engine, "do_execute", self._execute)
        event.listen(Engine, "do_execute_no_params", self._execute_without_parameters)
        event.listen(Engine, "before_cursor_execute", self._note_statement)
        event.listen(Engine, "after_cursor_execute", self._note_success)
        event.listen(Engine, "commit", self._note_commit)
        event.listen(Engine, "rollback", lambda _connection: self._in_transaction.clear())

    def begin(self, attempt_seconds: float, seconds: float) -> None:
        """A revision begins. No statement of it waits longer than `attempt_seconds`, outside of a transaction in sum
        not longer than `seconds`."""
        self.left_something = False
        self.committed, self._in_transaction = [], []
        self._attempt_seconds, self._deadline = attempt_seconds, time.monotonic() + seconds

    def _limit(self, connection: Any, _record: object, _proxy: object) -> None:
        if is_postgresql(connection):
            run(connection, _lock_timeout(self._attempt_seconds))
            connection.commit()

    def _note_statement(
        self,
        connection: Connection,
        _cursor: object,
        statement: str,
        _parameters: object,
        _context: object,
        _many: bool,
    ) -> None:
        is_alone = is_autocommit(driver_connection(connection))
        if _ENDS_TRANSACTION.match(statement) or (is_alone and not _HARMLESS.match(statement)):
            self.left_something = True

    def _note_success(self, connection: Connection, _cursor: object, statement: str, *_others: object) -> None:
        if _ENDS_TRANSACTION.match(statement):
            self._take_over()
        elif not _CHANGES_NOTHING.match(statement):
            is_alone = is_autocommit(driver_connection(connection))
            (self.committed if is_alone else self._in_transaction).append(statement)

    def _take_over(self) -> None:
        self.committed += self._in_transaction
        self._in_transaction.clear()

    def _note_commit(self, connection: Connection) -> None:
        # One that has failed is rolled back, whatever is sent.
        has_written = self._in_transaction and _is_in_order(driver_connection(connection))
        # A function may have written too: the server knows that.
        with suppress(Exception):  # each driver has an error of its own for a transaction that has failed
            if has_written or _ask(connection.connection, _HAS_WRITTEN):
                self.left_something = True
                self._take_over()
        self._in_transaction.clear()

    def _execute(self, cursor: Any, statement: str, parameters: Any, context: Any) -> bool | None:
        return self._patiently(
            cursor, context, statement, lambda: context.dialect.do_execute(cursor, statement, parameters, context)
        )

    def _execute_without_parameters(self, cursor: Any, statement: str, context: Any) -> bool | None:
        return self._patiently(
            cursor, context, statement, lambda: context.dialect.do_execute_no_params(cursor, statement, context)
        )

    def _patiently(self, cursor: Any, context: Any, statement: str, execute: Callable[[], None]) -> bool | None:
        """Execute a statement that is not lost with its revision; True is SQLAlchemy's sign that this was done."""
        connection = driver_connection(context.root_connection)
        if not is_postgresql(connection):
            return None
        if is_autocommit(connection):
            if _CONCURRENTLY.match(statement):
                self._wait_long(connection, execute)
            else:
                self._try_again(connection, self._together(cursor, statement, context, execute))
            return True
        if self.left_something and not _CONTROLS_TRANSACTION.match(statement):
            self._try_again(connection, lambda: _in_savepoint(connection, execute))
            return True
        return None

    def _wait_long(self, connection: Any, execute: Callable[[], None]) -> None:
        run(connection, _lock_timeout(max(self._deadline - time.monotonic(), self._attempt_seconds)))
        try:
            execute()
        finally:
            run(connection, _lock_timeout(self._attempt_seconds))

    def _try_again(self, connection: Any, execute: Callable[[], None]) -> None:
        attempt = 1
        while True:
            try:
                execute()
            except Exception as error:
                if sqlstate_of(error) not in GIVES_WAY or time.monotonic() > self._deadline:
                    raise
            else:
                break
            time.sleep(pause_before(attempt))
            attempt += 1
            # Whose lock it is cannot be seen from here, where nobody waits at the moment.
            seconds = PAST_AUTOVACUUM_SECONDS if _ask(connection, AUTOVACUUM_IS_AT_WORK) else self._attempt_seconds
            run(connection, _lock_timeout(seconds))
        if attempt > 1:
            run(connection, _lock_timeout(self._attempt_seconds))


def _in_savepoint(connection: Any, execute: Callable[[], None]) -> None:
    """Execute a statement so that the transaction goes on when it fails."""
    run(connection, f"savepoint {_SAVEPOINT}")
    try:
        execute()
    except Exception:
        run(connection, f"rollback to savepoint {_SAVEPOINT}")
        raise
    run(connection, f"release savepoint {_SAVEPOINT}")


# Where the connections of psycopg 2 and 3, of pg8000, and of asyncpg as SQLAlchemy adapts it, are defined.
_POSTGRESQL_DRIVERS = ("psycopg", "pg8000", "sqlalchemy.dialects.postgresql")


def is_postgresql(connection: object) -> bool:
    """Whether a driver's connection is one to PostgreSQL."""
    return any(each.__module__.startswith(_POSTGRESQL_DRIVERS) for each in type(connection).__mro__)


def _is_in_order(connection: Any) -> bool:
    """Whether a transaction has not failed, where the driver knows it (psycopg 2 and 3)."""
    info = getattr(connection, "info", None)
    return getattr(info, "transaction_status", None) == _IN_TRANSACTION


def driver_connection(connection: Connection) -> Any:
    """The driver's own connection. SQLAlchemy 1.4 has no other one when it connects for the first time."""
    pooled = connection.connection
    return getattr(pooled, "dbapi_connection", pooled)


def is_autocommit(connection: Any) -> bool:
    return bool(getattr(connection, "autocommit", False))


def _lock_timeout(seconds: float) -> str:
    return f"set lock_timeout = {round(seconds * 1000)}"


def _ask(connection: Any, query: str) -> Any:
    cursor = connection.cursor()
    try:
        cursor.execute(query)
        return cursor.fetchone()[0]
    finally:
        cursor.close()


def run(connection: Any, statement: str) -> None:
    """Send a statement past SQLAlchemy."""
    cursor = connection.cursor()
    try:
        cursor.execute(statement)
    finally:
        cursor.close()
