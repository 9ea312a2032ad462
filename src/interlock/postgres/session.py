"""A session on the target, and what is to be known of it before anything is touched."""

import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.rows import dict_row

from interlock.errors import InterlockError, Unreachable, conceal
from interlock.postgres.outages import outage_remedy, outage_remedy_by_words
from interlock.postgres.url import DatabaseUrl

CONNECTS_WITHIN_SECONDS = 10
OLDEST_SUPPORTED = 14

Connection = psycopg.Connection[Any]

# A network that went away is noticed in a minute, and not after the two hours of the kernel's default: by us, and
# by the server, which would keep for us what we have locked.
KEEPALIVES = "keepalives=1 keepalives_idle=20 keepalives_interval=10 keepalives_count=3 tcp_user_timeout=50000"

# Those of a role or database are meant for the application: idle, we hold the release lock, or wait for a build.
# A lock that somebody else keeps must not keep us for ever.
_OWN_TIMEOUTS = """
select pg_catalog.set_config(name, value, false)
  from (values ('lock_timeout', '10s'), ('transaction_timeout', '0'), ('idle_session_timeout', '0'),
               ('idle_in_transaction_session_timeout', '0'),
               ('tcp_keepalives_idle', '20'), ('tcp_keepalives_interval', '10'), ('tcp_keepalives_count', '3'),
               ('tcp_user_timeout', '50000'))
           as wanted (name, value)
  join pg_catalog.pg_settings using (name)
"""

# Those of a role or database are meant for the application here too, and would end a long statement of a revision. The
# work of a runner that is gone stops soon, where the server can notice that.
WORKER_SETTINGS = (
    "select pg_catalog.set_config('statement_timeout', '0', false)",
    """
select pg_catalog.count(pg_catalog.set_config(name, value, false))
  from (values ('transaction_timeout', '0'), ('idle_session_timeout', '0'),
               ('idle_in_transaction_session_timeout', '0'), ('client_connection_check_interval', '1s'),
               ('tcp_keepalives_idle', '20'), ('tcp_keepalives_interval', '10'), ('tcp_keepalives_count', '3'),
               ('tcp_user_timeout', '50000'))
           as wanted (name, value)
  join pg_catalog.pg_settings using (name)
 where name <> 'client_connection_check_interval' or pg_catalog.version() !~* 'windows|mingw|visual'
""",
)
"""The statements that a session of the project's code begins with, on the target."""

IDENTITY = """
select extract(epoch from pg_catalog.pg_postmaster_start_time())::text || '/' || oid::text
  from pg_catalog.pg_database where datname = pg_catalog.current_database()
"""
"""Tells one database from every other one, whatever the role and the driver, until the server restarts."""

_FACTS = """
select pg_catalog.current_database()                                     as database,
       current_user                                                      as role,
       pg_catalog.current_setting('server_version')                      as version,
       pg_catalog.current_setting('server_version_num')::int             as version_number,
       pg_catalog.pg_is_in_recovery()                                    as is_standby,
       pg_catalog.current_setting('transaction_read_only') = 'on'        as is_read_only,
       'unknown'                                                         as system_identifier,
       coalesce(pg_catalog.has_function_privilege(
                    pg_catalog.to_regprocedure('pg_catalog.pg_control_system()'), 'execute'),
                false)                                                    as may_ask_for_identifier
"""

_SYSTEM_IDENTIFIER = "select system_identifier::text from pg_catalog.pg_control_system()"


class UnsupportedServer(InterlockError):
    """The server is older than what Interlock was tested with."""

    def __init__(self, version: str) -> None:
        super().__init__(
            problem=f"the server is PostgreSQL {version}",
            remedy=f"Interlock supports PostgreSQL {OLDEST_SUPPORTED} and later: upgrade the server first",
        )


class ReadOnlyServer(InterlockError):
    """The server takes no writes in our session."""

    def __init__(self, *, is_standby: bool) -> None:
        why = "it is a standby" if is_standby else "default_transaction_read_only is on"
        super().__init__(
            problem=f"the server is read-only: {why}",
            remedy="point DATABASE_URL at the primary"
            if is_standby
            else "turn it off for this role and database, or release as a role that may write",
        )


class AnotherTarget(InterlockError):
    """The database is none of those that the settings name."""

    def __init__(self, server: "ServerFacts", databases: Collection[str]) -> None:
        super().__init__(
            problem=f"this is the database {server.identity}, and the settings name {' and '.join(sorted(databases))}",
            remedy="see what DATABASE_URL points at; if it is meant, add it to databases in [project]",
        )


class ServerRefused(InterlockError):
    """The server did not do what it was asked, or went away."""

    def __init__(self, error: psycopg.Error) -> None:
        super().__init__(
            problem=f"the server says: {error.diag.message_primary or str(error).strip().splitlines()[0]}",
            remedy=_remedy(error.sqlstate or ""),
        )


def _remedy(sqlstate: str) -> str:
    outage = outage_remedy(sqlstate) or "see the server's log"
    return _REMEDIES_BY_STATE.get(sqlstate, f"{outage}, then run again")


# By SQLSTATE (Appendix A of the manual).
_REMEDIES_BY_STATE = {
    "42501": "grant it to the role in DATABASE_URL, or release as the owner",
    "55P03": "another session holds the lock: wait for it, or end it, then run again",
    # That is so the next time too.
    "XX000": "the server is at odds with itself: see its log",
}


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """What the server says of itself and of our session.

    `system_identifier` is the cluster's own number, "unknown" where the role may not ask for it.
    """

    database: str
    role: str
    version: str
    version_number: int
    is_standby: bool
    is_read_only: bool
    system_identifier: str

    @property
    def identity(self) -> str:
        """What tells this database from every other one, in a standby and after a restart too."""
        return f"{self.system_identifier}/{self.database}"


@contextmanager
def open_session(url: DatabaseUrl, application: str = "interlock") -> Iterator[Connection]:
    """Open a session in autocommit mode, and close it at the end. Raises Unreachable."""
    try:
        connection = psycopg.connect(
            f"{KEEPALIVES} {url.conninfo}",
            autocommit=True,
            connect_timeout=CONNECTS_WITHIN_SECONDS,
            application_name=application,
        )
    except psycopg.OperationalError as error:
        raise _unreachable(url, conceal(str(error), url.secrets)) from None
    with connection:
        connection.execute("set statement_timeout = 0")  # first, and alone: the next one takes milliseconds
        connection.execute(_OWN_TIMEOUTS)
        yield connection


def read_facts(connection: Connection) -> ServerFacts:
    """Ask the server what it is. Raises UnsupportedServer."""
    with connection.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(_FACTS).fetchall()[0]
        if row.pop("may_ask_for_identifier"):
            row |= cursor.execute(_SYSTEM_IDENTIFIER).fetchall()[0]
    server = ServerFacts(**row)
    if server.version_number < OLDEST_SUPPORTED * 10_000:
        raise UnsupportedServer(server.version)
    return server


def read_identity(connection: Connection) -> str:
    """Ask what tells this database from every other one."""
    return str(connection.execute(IDENTITY).fetchall()[0][0])


def require_writable(server: ServerFacts) -> None:
    """Raise ReadOnlyServer where no release could write."""
    if server.is_standby or server.is_read_only:
        raise ReadOnlyServer(is_standby=server.is_standby)


def require_named(server: ServerFacts, databases: Collection[str]) -> None:
    """Raise AnotherTarget where databases are named and this is none of them."""
    if databases and server.identity not in databases:
        raise AnotherTarget(server, databases)


# What libpq and the server say, and what helps. The server may say it in another language: hence the last row.
_REMEDIES = (
    ("password authentication failed", "check the user and the password in DATABASE_URL"),
    ("no password supplied", "write the password into DATABASE_URL, or into PGPASSFILE"),
    ("does not exist", "check the database and the role in DATABASE_URL; create them if they are new"),
    ("timeout expired", "check host and port, and whether a firewall lets this machine through"),
    ("Connection refused", "check host and port, and whether the server runs and listens there"),
    ("could not translate host name", "check the host name in DATABASE_URL"),
    ("failed to resolve host", "check the host name in DATABASE_URL"),
    ("SSL", "check the sslmode and the certificates in DATABASE_URL"),
    ("", "check that DATABASE_URL points at a PostgreSQL server that this machine can reach"),
)


def _unreachable(url: DatabaseUrl, message: str) -> Unreachable:
    # One line per address that was tried, each ending in the reason; below some of them, a hint by libpq.
    reasons = re.findall(r"(?:FATAL:|failed:)\s+(?!.*(?:FATAL:|failed:))(.+)", message)
    reason = reasons[-1] if reasons else message.strip().splitlines()[0]
    remedy = outage_remedy_by_words(message) or next(remedy for text, remedy in _REMEDIES if text in message)
    return Unreachable(problem=f"cannot open {url}: {reason}", remedy=remedy)
