"""What each statement of a revision does, looked at from inside its own transaction: on a scratch database."""

import re
import time
import traceback
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine

from interlock.chain.lock_waits import driver_connection, is_postgresql, sqlstate_of
from interlock.chain.objects import Objects
from interlock.hazards.sql import changes_schema

_LOCKS = """
select relation::bigint, mode from pg_catalog.pg_locks
 where pid = pg_catalog.pg_backend_pid() and locktype = 'relation' and granted
"""
# Of the transaction that goes on: reads of a whole table, rows written.
_WORK = """
select * from (
    select c.oid::bigint, pg_catalog.pg_stat_get_xact_numscans(c.oid),
           pg_catalog.pg_stat_get_xact_tuples_inserted(c.oid) + pg_catalog.pg_stat_get_xact_tuples_updated(c.oid)
           + pg_catalog.pg_stat_get_xact_tuples_deleted(c.oid)
      from pg_catalog.pg_class c
     where c.relkind in ('r', 'p', 'm') and c.oid >= 16384) work (oid, scans, written)
 where scans + written > 0
"""
_NEEDS_NO_TRANSACTION = "25001"
_COMMITS = re.compile(r"\s*(commit|end)\b", re.IGNORECASE)
_TAKES_BACK = re.compile(r"\s*rollback\b", re.IGNORECASE)
_IS_BEGUN = re.compile(r"\s*(begin|start)\b", re.IGNORECASE)

Answer = Mapping[str, Any]


class Measurements:
    """Measures the statements of one revision at a time, from `begin` on until `end`."""

    def __init__(self, pause: Callable[[list[str]], object]) -> None:
        """`pause` is called in the middle of a revision, after statements that changed the schema were committed."""
        self._pause = pause
        self._script: str | None = None
        self._transaction = 0
        self._names: dict[int, str] = {}
        self._ignored = ""
        self._statements: list[dict[str, Any]] = []
        self._forget_all()

    def _forget_all(self) -> None:
        """Another revision begins."""
        self._committed: list[str] = []
        self._last_transaction: int | None = None
        self._paused_after = 0
        self._forget()

    def _forget(self) -> None:
        """A transaction has ended, and with it its locks and its counters."""
        self._objects: Objects | None = None
        self._held: set[tuple[int, str]] = set()
        self._work: dict[int, tuple[int, int]] = {}
        self._position = 0
        self._transaction += 1
        self._in_transaction: list[str] = []

    def listen(self) -> None:
        """Take note of what every engine does, where a revision is measured."""
        event.listen(Engine, "before_cursor_execute", self._look_before)
        event.listen(Engine, "after_cursor_execute", self._look_after)
        event.listen(Engine, "do_execute", self._execute)
        event.listen(Engine, "do_execute_no_params", self._execute_without_parameters)
        event.listen(Engine, "commit", lambda _connection: self._note_commit())
        event.listen(Engine, "rollback", lambda _connection: self._forget())

    def begin(self, script: str, version_table: str) -> None:
        """Measure a revision. What is sent to the version table is Alembic's own."""
        self._script, self._ignored, self._statements = script, version_table, []
        self._forget_all()

    def end(self) -> list[Answer]:
        """What was measured, a statement each."""
        self._script = None
        last = self._last_transaction
        return [each | {"is_early": last is None or each["transaction"] != last} for each in self._statements]

    def _note_commit(self) -> None:
        self._committed += self._in_transaction
        self._forget()

    def _look_before(self, connection: Connection, *_others: object) -> None:
        self._began = time.monotonic()
        dbapi = driver_connection(connection)
        if self._script and self._objects is None and is_postgresql(dbapi):
            self._take_stock(dbapi)

    def _look_after(self, connection: Connection, _cursor: object, statement: str, *_others: object) -> None:
        dbapi = driver_connection(connection)
        if self._script and is_postgresql(dbapi) and not getattr(dbapi, "autocommit", False):
            if _COMMITS.match(statement):
                self._note_commit()
            else:
                self._measure(dbapi, statement, self._transaction)

    def _execute(self, cursor: Any, statement: str, parameters: Any, context: Any) -> bool | None:
        return self._alone(
            context, statement, lambda: context.dialect.do_execute(cursor, statement, parameters, context)
        )

    def _execute_without_parameters(self, cursor: Any, statement: str, context: Any) -> bool | None:
        return self._alone(context, statement, lambda: context.dialect.do_execute_no_params(cursor, statement, context))

    def _alone(self, context: Any, statement: str, execute: Callable[[], None]) -> bool | None:
        """Run a statement that wants no transaction in one, where it can, to see what it does."""
        dbapi = driver_connection(context.root_connection)
        if not self._script or not is_postgresql(dbapi) or not getattr(dbapi, "autocommit", False):
            return None
        if _IS_BEGUN.match(statement):
            return None  # it makes its own
        self._run(dbapi, "begin")
        try:
            self._take_stock(dbapi)
            execute()
            self._measure(dbapi, statement, None)
            self._run(dbapi, "commit")
        except Exception as error:
            self._run(dbapi, "rollback")
            if sqlstate_of(error) != _NEEDS_NO_TRANSACTION:
                raise
            execute()
            self._measure(dbapi, statement, None, is_over=True)
        self._note_commit()
        return True

    def _measure(self, dbapi: Any, statement: str, transaction: int | None, *, is_over: bool = False) -> None:
        seconds = time.monotonic() - self._began
        if changes_schema(statement):
            self._in_transaction.append(statement)
        is_own = self._ignored in statement
        is_followed = not (is_own or is_over or _TAKES_BACK.match(statement))
        cursor = dbapi.cursor()
        try:
            before = self._objects
            if is_own:
                now = None
            elif before and is_followed:
                now = before.read_again(cursor)
            else:
                now = Objects.read(cursor)
            cursor.execute(_LOCKS)
            held = {(row[0], row[1]) for row in cursor.fetchall()}
            work = _read_work(cursor)
        finally:
            cursor.close()
        self._objects = now
        if is_own:
            self._last_transaction = transaction
        if before is None or now is None:
            self._held, self._work = held, work
            return
        told = self._told(before, now, held, work)
        self._held, self._work = held, work
        if is_over:
            told |= _seen_from_after(told)
        if any(told.values()):
            self._position += 1
            place = {"transaction": transaction, "position": self._position, "line": self._line()}
            self._statements.append({"sql": statement, "seconds": seconds, **place, **told})

    def _told(
        self, before: Objects, now: Objects, held: set[tuple[int, str]], work: dict[int, tuple[int, int]]
    ) -> dict[str, list[Any]]:
        relations, names = {**now.relations, **before.relations}, self._names
        # By the name that it had first: on the target it still has that one.
        names |= {oid: relations[oid][1] for oid in relations.keys() - names.keys()}
        tables = [oid for oid in work.keys() & relations.keys() if relations[oid][0] in "rpm"]
        scans = {oid: work[oid][0] - self._work.get(oid, (0, 0))[0] for oid in tables}
        rows = {oid: work[oid][1] - self._work.get(oid, (0, 0))[1] for oid in tables}
        return {
            "locks": sorted(
                [names[oid], mode]
                for oid, mode in held - self._held
                # What is new nobody else sees yet.
                if oid in before.relations and relations[oid][0] not in "iI" and mode != "AccessShareLock"
            ),
            "rewritten": sorted(
                names[oid]
                for oid, (kind, _, _, file) in now.relations.items()
                if kind in "rpm" and oid in before.relations and before.relations[oid][3] != file
            ),
            "scanned": sorted(names[oid] for oid, number in scans.items() if number > 0),
            "rows_written": sorted([names[oid], number] for oid, number in rows.items() if number > 0),
            "created": now.without(before),
            "dropped": before.without(now),
        }

    def _line(self) -> int | None:
        """The line of the revision's script that sends the statement."""
        lines = (line for frame, line in traceback.walk_stack(None) if frame.f_code.co_filename == self._script)
        return next(lines, None)

    def _take_stock(self, dbapi: Any) -> None:
        """See how it is before the first statement of a transaction. The counters may go on from the one before."""
        if len(self._committed) > self._paused_after:
            self._paused_after = len(self._committed)
            self._pause(self._committed)
        cursor = dbapi.cursor()
        try:
            self._objects, self._work = Objects.read(cursor), _read_work(cursor)
        finally:
            cursor.close()
        self._began = time.monotonic()

    def _run(self, dbapi: Any, statement: str) -> None:
        cursor = dbapi.cursor()
        try:
            cursor.execute(statement)
        finally:
            cursor.close()


def _read_work(cursor: Any) -> dict[int, tuple[int, int]]:
    cursor.execute(_WORK)
    return {row[0]: (row[1] or 0, row[2] or 0) for row in cursor.fetchall()}


def _seen_from_after(told: Mapping[str, list[Any]]) -> dict[str, list[Any]]:
    """What a statement that ends its own transactions locked and read, by what it did (the manual, 13.3.2)."""
    built = sorted({table for kind, _, table in told["created"] if kind == "index"})
    gone = sorted({table for kind, _, table in told["dropped"] if kind == "index"} - {*built})
    locks = [[table, "AccessExclusiveLock"] for table in told["rewritten"]]
    locks += [[table, "ShareUpdateExclusiveLock"] for table in (*built, *gone)]
    return {"locks": locks, "scanned": built, "rows_written": []}
