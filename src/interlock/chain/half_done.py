"""A revision that was cut short after it had committed something goes on where it broke off.

What changed the schema is there already, which the guard has proved, and would fail now with "already exists". What
wrote rows is in the journal, which was committed with it. Neither is sent again; what only reads is.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine

from interlock.chain.lock_waits import driver_connection, is_autocommit, is_postgresql, run
from interlock.hazards.sql import shortened, words_of
from interlock.postgres.journal import Line, forget_as_sql, lines_as_sql

_WRITES = re.compile(
    r"(insert|update|delete|merge|truncate|copy|do|call)\b|with\b.*\b(insert|update|delete|merge)\b", re.IGNORECASE
)
_IN_ANY_TRANSACTION = re.compile(r"(insert|update|delete|merge|with|select)\b", re.IGNORECASE)
_GIVES_ROWS = re.compile(r"select\b|.*\breturning\b", re.IGNORECASE)
_COMMITS = re.compile(r"(commit|end)\b", re.IGNORECASE)


class CannotGoOn(Exception):
    """A statement that was committed before a revision was cut short gave rows, which are not known any more."""

    def __init__(self, statement: str) -> None:
        super().__init__(
            f"the revision was cut short before, and what this statement gave then is not known: {shortened(statement)}"
        )


class HalfDone:
    """Skips what is done, and keeps the journal, of one revision at a time."""

    def __init__(self) -> None:
        self._schema: Counter[str] = Counter()
        self._rows: dict[str, list[int]] = {}
        self._journal: tuple[str, str] | None = None
        self._version_table = ""
        self._writing: frozenset[str] = frozenset()
        self._unwritten: list[Line] = []
        self._has_run = self._is_noted = False

    def listen(self) -> None:
        """Look at what every engine does from now on; before whoever else executes statements."""
        event.listen(Engine, "do_execute", self._skip)
        event.listen(Engine, "do_executemany", self._skip)
        event.listen(
            Engine,
            "do_execute_no_params",
            lambda cursor, statement, context: self._skip(cursor, statement, (), context),
        )
        event.listen(Engine, "before_cursor_execute", self._look_before)
        event.listen(Engine, "after_cursor_execute", self._look_after)
        event.listen(Engine, "commit", lambda connection: self._write(driver_connection(connection)))
        event.listen(Engine, "rollback", lambda _connection: self._unwritten.clear())

    def begin(self, revision: str, start: Mapping[str, Any]) -> None:
        """A revision begins. `start` is what `child.Start` has."""
        self._schema = Counter(start["schema"])
        self._rows = {}
        for key, count in start["rows"]:
            self._rows.setdefault(key, []).append(count)
        self._journal = (start["journal"], revision) if start["journal"] else None
        self._version_table = start["version_table"]
        self._writing = frozenset(start["writing"])
        self._unwritten, self._has_run, self._is_noted = [], False, False

    def _skip(self, _cursor: Any, statement: str, parameters: Any, context: Any) -> bool | None:
        """Say True, which is SQLAlchemy's sign that the statement was executed, where it is done."""
        if self._schema[statement] > 0:
            self._schema[statement] -= 1
            self._is_noted = True
            return True
        if counts := self._rows.get(_key(statement, parameters)):
            # Before SQLAlchemy 2.0.28 nobody can be told how many rows there were.
            if _GIVES_ROWS.match(words_of(statement)) or not hasattr(context, "_rowcount"):
                raise CannotGoOn(statement)
            # Who asks how many rows it wrote goes the same way as before.
            context._rowcount = counts.pop(0)
            self._is_noted = True
            return True
        return None

    def together(self, cursor: Any, statement: str, context: Any, execute: Callable[[], None]) -> Callable[[], None]:
        """Let a statement that writes rows outside of a transaction be committed with its line in the journal."""
        if not self._journal or not (self._writes(statement) and _IN_ANY_TRANSACTION.match(words_of(statement))):
            return execute

        def execute_and_note() -> None:
            connection = driver_connection(context.root_connection)
            run(connection, "begin")
            try:
                execute()
                self._unwritten.append(_line(statement, context.parameters[0], cursor.rowcount))
                self._write(connection)
                run(connection, "commit")
            except Exception:
                self._unwritten.clear()
                run(connection, "rollback")
                raise
            self._is_noted = True

        return execute_and_note

    def _look_before(self, connection: Connection, _cursor: object, statement: str, *_others: object) -> None:
        self._is_noted = False
        if _COMMITS.match(words_of(statement)):
            self._write(driver_connection(connection))

    def _look_after(
        self, connection: Connection, cursor: Any, statement: str, parameters: Any, *_others: object
    ) -> None:
        dbapi = driver_connection(connection)
        if not self._journal or self._is_noted or not is_postgresql(dbapi):
            return
        if self._writes(statement):
            if self._version_table in statement:
                self._has_run = True
            else:
                self._unwritten.append(_line(statement, parameters, cursor.rowcount))
            if is_autocommit(dbapi):
                self._write(dbapi)

    def _writes(self, statement: str) -> bool:
        """Whether it says so, or did so on the scratch database: a function that is selected may write."""
        return statement in self._writing or _WRITES.match(words_of(statement)) is not None

    def _write(self, dbapi: Any) -> None:
        if self._journal and self._has_run:
            run(dbapi, forget_as_sql(*self._journal))
        elif self._journal and self._unwritten:
            run(dbapi, lines_as_sql(*self._journal, self._unwritten))
        self._unwritten, self._has_run = [], False


def _line(statement: str, parameters: Any, row_count: int) -> Line:
    return _key(statement, parameters), max(row_count, 0), shortened(statement)


def _key(statement: str, parameters: Any) -> str:
    """What a statement is known by. Of its values, which may be secrets, nothing can be seen from it."""
    # Drivers are told of no parameters in more than one way.
    return hashlib.sha256(f"{statement}\0{parameters or ()!r}".encode()).hexdigest()[:32]
