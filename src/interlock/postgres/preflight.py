"""What a release needs of its sessions, asked for before anything is touched."""

import secrets

from interlock.errors import ExitCode, InterlockError
from interlock.postgres.session import Connection, open_session
from interlock.postgres.url import DatabaseUrl

NEEDS_CONNECTIONS = 4
"""Beside the one that asks: for the lock, the project's code, a look from outside, and for who stands in the way."""

# What is kept for superusers, or from 16 on for a role of its own, is not ours. A limit of -1 is none.
_FREE_CONNECTIONS = """
with used as (
    select pg_catalog.count(*) as of_server,
           pg_catalog.count(*) filter (where usename = current_user) as of_role,
           pg_catalog.count(*) filter (where datname = pg_catalog.current_database()) as of_database
      from pg_catalog.pg_stat_activity
     -- The kind of somebody else's session is not for everybody to see.
     where coalesce(backend_type, 'client backend') = 'client backend' and datname is not null
), kept as (
    select pg_catalog.sum(setting::int) as number
      from pg_catalog.pg_settings
     where name in ('superuser_reserved_connections', 'reserved_connections')
)
select least(pg_catalog.current_setting('max_connections')::int - case when r.rolsuper then 0 else kept.number end
                 - used.of_server,
             case when r.rolconnlimit >= 0 and not r.rolsuper then r.rolconnlimit - used.of_role end,
             case when d.datconnlimit >= 0 and not r.rolsuper then d.datconnlimit - used.of_database end)::int
  from used, kept, pg_catalog.pg_roles r, pg_catalog.pg_database d
 where r.rolname = current_user and d.datname = pg_catalog.current_database()
"""


class TooFewConnections(InterlockError):
    """The server has not enough connections left for a release."""

    exit_code = ExitCode.TRY_AGAIN_LATER

    def __init__(self, free: int) -> None:
        super().__init__(
            problem=f"{max(free, 0)} more connections can be opened, and a release needs {NEEDS_CONNECTIONS}",
            remedy="wait until connections are free, or raise the limit of server, role or database",
        )


class PooledByTransaction(InterlockError):
    """What looks like a session is another one in each transaction."""

    def __init__(self) -> None:
        super().__init__(
            problem="between here and the server is a pooler that gives each transaction another session: locks and "
            "time-outs of a release would be those of somebody else",
            remedy="point DATABASE_URL at the server itself, or at a pool in session mode",
        )


def require_connections(session: Connection) -> None:
    """Raise TooFewConnections where a release could run out of them half-way."""
    free = session.execute(_FREE_CONNECTIONS).fetchall()[0][0]
    if free < NEEDS_CONNECTIONS:
        raise TooFewConnections(free)


def require_session_of_its_own(session: Connection, url: DatabaseUrl) -> None:
    """Raise PooledByTransaction where a session on this URL lasts no longer than a transaction. Raises Unreachable."""
    with open_session(url) as other:
        if _share_a_setting(session, other) or _change_servers(session, other):
            for each in (session, other):
                each.execute("reset all")  # others get these sessions too
            raise PooledByTransaction


def _share_a_setting(session: Connection, other: Connection) -> bool:
    """Whether one session knows what the other was told: in a pool of one, or one that gives the last used first."""
    mark = secrets.token_hex(8)
    session.execute("select pg_catalog.set_config('interlock.mark', %s, false)", [mark])
    found = other.execute("select pg_catalog.current_setting('interlock.mark', true)").fetchall()[0][0]
    session.execute("reset interlock.mark")
    return bool(found == mark)


def _change_servers(session: Connection, other: Connection) -> bool:
    """Whether a session is another one after a transaction, when there are two at least: a pool that goes round."""
    with session.transaction():
        own = _backend(session)
        with other.transaction():
            _backend(other)
    return any(_backend(session) != own for _ in range(3))


def _backend(session: Connection) -> int:
    return int(session.execute("select pg_catalog.pg_backend_pid()").fetchall()[0][0])
