"""The way to the database."""

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from interlock.errors import InvalidSetting

POOL_SIZE = 15
"""So many connections a process keeps at most; beyond them, requests wait for one another."""

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
    return create_async_engine(
        as_psycopg_url(url),
        pool_pre_ping=True,
        # No overflow: what overflows is opened and closed again for each request that it is needed for.
        pool_size=POOL_SIZE,
        max_overflow=0,
        # An error must not carry what it was about: a password hash may be among the parameters.
        hide_parameters=True,
        # Behind a pooler in transaction mode the server side of a prepared statement is somebody else's.
        connect_args={"prepare_threshold": None, "connect_timeout": 5},
    )
