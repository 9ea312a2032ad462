"""The way to the database."""

import time

from sqlalchemy import URL, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, InvalidatePoolError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

from interlock.errors import InvalidSetting

POOL_SIZE = 15
"""So many connections a process keeps at most; beyond them, requests wait for one another."""

FRESH_SECONDS = 1.0
"""A connection that was in use so lately is not asked whether it lives: a busy server would ask at every request."""

SCHEMES = frozenset({"postgres", "postgresql"})


def as_psycopg_url(url: str) -> URL:
    """Read any spelling of a PostgreSQL URL, and name the driver that is used here."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        parsed = None
    if parsed is None or parsed.drivername.partition("+")[0] not in SCHEMES:
        # The URL is not shown, nor is the cause: both may hold the password.
        raise InvalidSetting(
            problem="the database URL is not one of PostgreSQL",
            remedy="write it as postgresql://user:password@host:5432/name",
        ) from None
    return parsed.set(drivername="postgresql+psycopg")


def open_engine(url: str) -> AsyncEngine:
    """Make the pool of connections. It connects when it is first needed, not now."""
    engine = create_async_engine(
        as_psycopg_url(url),
        # No overflow: what overflows is opened and closed again for each request that it is needed for.
        pool_size=POOL_SIZE,
        max_overflow=0,
        # An error must not carry what it was about: a password hash may be among the parameters.
        hide_parameters=True,
        # Behind a pooler in transaction mode the server side of a prepared statement is somebody else's.
        connect_args={"prepare_threshold": None, "connect_timeout": 5},
    )
    _ask_idle_connections_whether_they_live(engine)
    return engine


def _ask_idle_connections_whether_they_live(engine: AsyncEngine) -> None:
    """What pool_pre_ping does, for connections that have lain idle."""
    pool, dialect = engine.sync_engine.pool, engine.dialect

    @event.listens_for(pool, "checkin")
    def note(_: DBAPIConnection | None, entry: ConnectionPoolEntry) -> None:
        entry.info["used_at"] = time.monotonic()

    @event.listens_for(pool, "checkout")
    def ask(connection: DBAPIConnection, entry: ConnectionPoolEntry, _: PoolProxiedConnection) -> None:
        used_at = entry.info.get("used_at")
        if used_at is None or time.monotonic() - used_at < FRESH_SECONDS:
            return
        try:
            dialect.do_ping(connection)
        except dialect.loaded_dbapi.Error as error:
            raise InvalidatePoolError from error
