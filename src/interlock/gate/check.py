"""The gate of an application: may this build work on its database? Asked often, answered from one short query."""

import logging
import os
import random
import threading
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field

import psycopg

from interlock.errors import InterlockError, Unreachable
from interlock.gate.fingerprint import NEVER_READ, Fingerprint, read_fingerprint
from interlock.gate.needs import missing_objects, missing_revisions
from interlock.postgres.catalog import take_snapshot
from interlock.postgres.session import Connection, ServerRefused, open_session
from interlock.postgres.url import DatabaseUrl
from interlock.postgres.version_table import VersionTable, find_version_table
from interlock.schema.file import SchemaFile

LOG = logging.getLogger("interlock.gate")

EVERY_SECONDS = 5.0
JITTER = 0.25
ANSWERS_WITHIN_SECONDS = 5.0
# The server gives up by itself. Reading a large catalog takes seconds, and is done once after each change.
STATEMENT_TIMEOUT = "60s"
# Whatever the fingerprint may not see (roles, subscriptions) is seen that often.
READS_ALL_EVERY_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether a build may work on its database, and why not. The reasons name objects: they are for operators."""

    is_ready: bool
    reasons: tuple[str, ...] = ()
    is_reachable: bool = True


_LATE = Readiness(False, ("the database did not answer in time",), is_reachable=False)


@dataclass
class _Running:
    """A check that somebody waits for."""

    began: float
    done: threading.Event = field(default_factory=threading.Event)
    answer: Readiness = _LATE


class Gate:
    """Answers for one build and one database. Any number of threads may ask; one of them at a time makes it look.

    It keeps one connection of each process. A process that was forked off begins anew.
    """

    def __init__(
        self,
        url: DatabaseUrl,
        needs: SchemaFile,
        *,
        every_seconds: float = EVERY_SECONDS,
        answers_within_seconds: float = ANSWERS_WITHIN_SECONDS,
    ) -> None:
        self._every_seconds, self._answers_within_seconds = every_seconds, answers_within_seconds
        self._url, self._needs = url, needs
        self._begin()

    def _begin(self) -> None:
        self._process = os.getpid()
        self._lock = threading.Lock()
        self._looker = _Looker(self._url, self._needs)
        self._running: _Running | None = None
        self._answer: Readiness | None = None
        self._fresh_until = 0.0

    @property
    def fresh_answer(self) -> Readiness | None:
        """The last answer as long as it counts; None where it is time to look again. Never waits."""
        is_fresh = self._process == os.getpid() and time.monotonic() < self._fresh_until
        return self._answer if is_fresh else None

    def check(self) -> Readiness:
        """Say whether the build may work: at once while the last answer is fresh, else when the database answers.

        It waits no longer than it was told to; a database that is silent by then makes it not ready.
        """
        running = self._join_or_start()
        if isinstance(running, Readiness):
            return running
        left = running.began + self._answers_within_seconds - time.monotonic()
        return running.answer if running.done.wait(max(left, 0.0)) else _LATE

    def close(self) -> None:
        """Give the connection back. A later check opens another one."""
        with self._lock:
            if self._running is None:
                self._looker.hang_up()

    def _join_or_start(self) -> Readiness | _Running:
        if self._process != os.getpid():
            self._begin()
        with self._lock:
            if (answer := self.fresh_answer) is not None:
                return answer
            if self._running is None:
                self._running = _Running(time.monotonic())
                # A thread of its own: nobody can be made to wait for longer than it wants to.
                threading.Thread(target=self._look, args=(self._running,), daemon=True, name="interlock gate").start()
            return self._running

    def _look(self, running: _Running) -> None:
        try:
            running.answer = self._looker.look()
        except Exception as error:
            LOG.exception("the gate itself failed")
            running.answer = Readiness(False, (f"the gate itself failed: {type(error).__name__}",))
        with self._lock:
            self._tell(running.answer)
            self._answer = running.answer
            spread = random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 - so that many of us do not ask at once
            self._fresh_until = time.monotonic() + self._every_seconds * spread
            self._running = None
        running.done.set()

    def _tell(self, answer: Readiness) -> None:
        if answer == self._answer:
            return
        if answer.is_ready:
            LOG.info("ready")
        else:
            LOG.warning("not ready: %s", "; ".join(answer.reasons))


class _Looker:
    """Looks at the database, over a connection that it keeps. For one thread at a time."""

    def __init__(self, url: DatabaseUrl, needs: SchemaFile) -> None:
        self._url, self._needs = url, needs
        self._connection: Connection | None = None
        self._resources = ExitStack()
        self._last: Fingerprint = NEVER_READ
        self._missing: tuple[str, ...] = ()
        self._reads_all_at = 0.0

    def look(self) -> Readiness:
        """Look, over another connection where the kept one was lost. What goes wrong is a reason against it."""
        try:
            try:
                was_kept = self._connection is not None
                return self._compare(self._connected())
            except psycopg.OperationalError:
                self.hang_up()
                if not was_kept:
                    raise
                return self._compare(self._connected())
        except InterlockError as error:
            return Readiness(False, (error.problem,), is_reachable=not isinstance(error, Unreachable))
        except psycopg.Error as error:
            self.hang_up()
            return Readiness(False, (ServerRefused(error).problem,))

    def hang_up(self) -> None:
        """Close the connection, if there is one."""
        with suppress(psycopg.Error):
            self._resources.close()
        self._resources, self._connection = ExitStack(), None

    def _connected(self) -> Connection:
        if self._connection is None:
            connection = self._resources.enter_context(open_session(self._url, "interlock gate"))
            connection.execute("set default_transaction_read_only = on")
            connection.execute(f"set statement_timeout = '{STATEMENT_TIMEOUT}'".encode())
            self._connection = connection
            self._table = self._find_table(connection)
        return self._connection

    def _compare(self, connection: Connection) -> Readiness:
        try:
            now, rows = read_fingerprint(connection, self._table, self._last)
        except psycopg.errors.UndefinedTable:  # dropped, or moved to another schema
            now, rows = NEVER_READ, ()
        if now.value != self._last.value or now == NEVER_READ or time.monotonic() > self._reads_all_at:
            self._table = self._find_table(connection)
            now, rows = read_fingerprint(connection, self._table)
            # The fingerprint is older than what is read now: what is changed in between is seen the next time.
            self._missing = missing_objects(self._needs, take_snapshot(connection))
            self._reads_all_at = time.monotonic() + READS_ALL_EVERY_SECONDS
        self._last = now
        revisions = missing_revisions(self._needs, rows)
        told = [f"revisions that did not run: {', '.join(revisions)}"] if revisions else []
        reasons = (*told, *self._missing)
        return Readiness(not reasons, reasons)

    def _find_table(self, connection: Connection) -> VersionTable:
        return find_version_table(connection, self._needs.version_table, self._needs.version_table_schema)
