"""Alembic's connection, with each statement in a transaction of its own."""

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.engine import Connection

from interlock.errors import InterlockError
from interlock.postgres.lock_patience import AUTOVACUUM_IS_AT_WORK, GIVES_WAY, PAST_AUTOVACUUM_SECONDS, pause_before

_ATTEMPT_MILLISECONDS = 500
_PATIENCE_SECONDS = 600.0
_LONGEST_NAME = 63


class NotOnline(InterlockError):
    """A step cannot be taken as it was asked for."""


@dataclass(frozen=True, slots=True)
class Session:
    """What the steps ask and tell the server."""

    connection: Connection

    def quoted(self, *names: str | None) -> str:
        """Give a name, of a schema and a table say, as SQL writes it."""
        quote = self.connection.dialect.identifier_preparer.quote_identifier
        return ".".join(quote(name) for name in names if name is not None)

    def ask(self, query: str, **values: Any) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in self.connection.execute(sa.text(query), values)]

    def run(self, sql: str, values: Mapping[str, Any] | None = None) -> int:
        """Run a statement as it is; give the number of rows. It waits for a lock for short, and often.

        A value is written as `:name` where there are values, and a colon is a colon where there are none.
        """
        statement = sa.text(sql if values else sql.replace(":", r"\:"))
        deadline = time.monotonic() + _PATIENCE_SECONDS
        with self._lock_timeout() as limit:
            attempt = 1
            while True:
                try:
                    return self.connection.execute(statement, values or {}).rowcount
                except sa.exc.DBAPIError as error:
                    if _sqlstate(error) not in {*GIVES_WAY, "40P01"} or time.monotonic() > deadline:
                        raise
                time.sleep(pause_before(attempt))
                attempt += 1
                is_vacuumed = self.connection.exec_driver_sql(AUTOVACUUM_IS_AT_WORK).scalar()
                limit(PAST_AUTOVACUUM_SECONDS if is_vacuumed else _ATTEMPT_MILLISECONDS / 1000)

    def run_concurrently(self, sql: str) -> None:
        """Run without limits what holds nobody out, and leaves half of itself behind when it is cut short."""
        limits = {name: self._setting(name) for name in ("lock_timeout", "statement_timeout")}
        for name in limits:
            self._set(name, "0")
        try:
            self.connection.execute(sa.text(sql.replace(":", r"\:")))
        finally:
            for name, value in limits.items():
                self._set(name, value)

    @contextmanager
    def _lock_timeout(self) -> Iterator[Callable[[float], None]]:
        """Set one where nobody has: a release of interlock has its own, and tries again on its own."""
        before = self._setting("lock_timeout")
        if before != "0":
            yield lambda _seconds: None
            return
        self._set("lock_timeout", f"{_ATTEMPT_MILLISECONDS}ms")
        try:
            yield lambda seconds: self._set("lock_timeout", f"{round(seconds * 1000)}ms")
        finally:
            self._set("lock_timeout", before)

    def _setting(self, name: str) -> str:
        return str(self.ask("select pg_catalog.current_setting(:name)", name=name)[0][0])

    def _set(self, name: str, value: str) -> None:
        self.ask("select pg_catalog.set_config(:name, :value, false)", name=name, value=value)


@contextmanager
def alone() -> Iterator[Session]:
    """Commit what the revision did so far, and let each statement commit on its own."""
    context = op.get_context()
    if context.as_sql:
        raise NotOnline(
            problem="this step looks at the database while it works, and there is none with --sql",
            remedy="run the migration online, or write its statements by hand (docs/how-to/online-migrations.md)",
        )
    with context.autocommit_block():
        yield Session(op.get_bind())


def own_name(*parts: str) -> str:
    """Make the same name each time for something of ours that stays only for a while."""
    name = "_".join(("interlock", *parts))
    if len(name.encode()) <= _LONGEST_NAME:
        return name
    return f"interlock_{parts[0][:8]}_{hashlib.sha256(name.encode()).hexdigest()[:32]}"


def _sqlstate(error: sa.exc.DBAPIError) -> str | None:
    return getattr(error.orig, "sqlstate", None) or getattr(error.orig, "pgcode", None)
