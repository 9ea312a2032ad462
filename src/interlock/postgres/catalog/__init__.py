"""The catalog of a live database, read as one value."""

import gc
import re
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from importlib.resources import files
from typing import Any

import psycopg
from psycopg import errors
from psycopg.abc import Buffer
from psycopg.adapt import Loader

from interlock.errors import ExitCode, InterlockError
from interlock.schema.observed import MAKERS, Rows, snapshot_from_rows
from interlock.schema.snapshot import Snapshot

PATIENCE_SECONDS = 20.0
"""For how long a schema is read again that is changed meanwhile."""

_QUERIES = (*MAKERS, "members", "comments", "grants", "unmodelled")

_MOMENT = "moment"

# A line of a query that only some majors understand ends with: -- from 15, -- before 15, or -- only 15 16
_MARK = re.compile(r"--\s*(?P<which>from|before|only)\s+(?P<majors>[\d ]+)\s*\Z")

# With nothing but pg_catalog on the path every other name is printed with its schema; and a constant is printed as the
# session wants dates, numbers and time zones. The same on both sides, whatever roles and databases have set. Compiling
# our queries takes longer than running them; a list that does not fit into the memory is read again for each row; and
# parallel workers cost the server more than they save.
_SETTINGS = """
select pg_catalog.set_config(name, value, true)
  from (values ('search_path', 'pg_catalog'), ('timezone', 'UTC'), ('datestyle', 'ISO, YMD'),
               ('intervalstyle', 'postgres'), ('extra_float_digits', '1'), ('bytea_output', 'hex'),
               ('quote_all_identifiers', 'off'), ('xmloption', 'content'),
               ('standard_conforming_strings', 'on'), ('jit', 'off'), ('work_mem', '64MB'),
               ('max_parallel_workers_per_gather', '0')) as setting (name, value)
"""

# While nothing is written anywhere, nothing can change; but a commit that is written already may not be seen yet, so
# nobody may be in the middle of a transaction that writes. A standby does not say.
_WRITTEN = """
select pg_catalog.pg_current_wal_insert_lsn()
  from pg_catalog.pg_current_snapshot() as seen
 where not pg_catalog.pg_is_in_recovery()
   and pg_catalog.pg_snapshot_xmin(seen) = pg_catalog.pg_snapshot_xmax(seen)
"""

# The transaction sees one moment, and pg_get_*, format_type and casts to regproc see the present one (pg_dump says so
# too). Of an object that was dropped in between they print nothing, its number, or an error; renamed, its new name.
_CHANGED_MEANWHILE = (
    errors.InternalError_,
    errors.UndefinedTable,
    errors.UndefinedObject,
    errors.UndefinedColumn,
    errors.UndefinedFunction,
    errors.InvalidSchemaName,
)


class ChangedMeanwhile(InterlockError):
    """The schema was changed whenever it was read."""

    exit_code = ExitCode.TRY_AGAIN_LATER

    def __init__(self) -> None:
        super().__init__(
            problem=f"the schema was changed while it was read, again and again for {PATIENCE_SECONDS:.0f} seconds",
            remedy="wait until nobody changes it, then run again",
        )


class _Moved(Exception):
    """What was read is of more than one moment."""


class _AnyText(Loader):
    """Text of a database that says nothing of its encoding: what is not UTF-8 is kept as it is."""

    def load(self, data: Buffer) -> str:
        return bytes(data).decode("utf-8", "surrogateescape")


class _NotReadable(Exception):
    """The role may not read what a query asks for."""

    def __init__(self, query: str, error: psycopg.Error) -> None:
        super().__init__(query)
        self.query, self.reason = query, error.diag.message_primary or str(error)


def take_snapshot(connection: psycopg.Connection[Any]) -> Snapshot:
    """Read every object that users made. The connection must be in autocommit mode and idle.

    A fixed number of statements, whatever the size, in one read-only transaction that sees one moment; once more where
    the schema was changed meanwhile. What the role may not read is named in the snapshot's `unread`.

    Raises ChangedMeanwhile.
    """
    if connection.info.encoding == "ascii":  # that is SQL_ASCII, of which psycopg gives bytes
        for kind in ("text", "name", "varchar", "bpchar", "regclass", 0):
            connection.adapters.register_loader(kind, _AnyText)
    closed: dict[str, str] = {}
    until = time.monotonic() + PATIENCE_SECONDS
    said = ""
    while True:
        try:
            with _nothing_collected():
                return _take(connection, closed)
        except _NotReadable as error:
            closed[error.query] = f"{error.query.replace('_', ' ')}: {error.reason}"
        except (_Moved, *_CHANGED_MEANWHILE) as error:
            # What is dropped is told by its number, and is not there next time. The same again is an error of its own.
            if isinstance(error, psycopg.Error) and str(error) == said:
                raise
            if time.monotonic() > until:
                raise ChangedMeanwhile from None
            said = str(error)


@contextmanager
def _nothing_collected() -> Iterator[None]:
    """Pause the garbage collector: all that is made here is kept, and each of its rounds would look at all of it."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _take(connection: psycopg.Connection[Any], closed: dict[str, str]) -> Snapshot:
    major = connection.info.server_version // 10_000
    before = connection.execute(_WRITTEN).fetchall()
    with connection.transaction():
        connection.execute("set transaction isolation level repeatable read, read only")
        connection.execute(_SETTINGS)
        rows = _read(connection, (query for query in _QUERIES if query not in closed), major)
        roles = [name for (name,) in connection.execute("select rolname from pg_roles")]
        is_quiet = bool(before) and connection.execute(_WRITTEN).fetchall() == before
        moment = {} if is_quiet or _MOMENT in closed else _read(connection, [_MOMENT], major)
    if moment and _moment_now(connection, major) != moment:
        raise _Moved
    return snapshot_from_rows(rows, unread=closed.values(), major=major, roles=roles)


def _moment_now(connection: psycopg.Connection[Any], major: int) -> Rows:
    with connection.transaction():
        connection.execute(_SETTINGS)
        return _read(connection, [_MOMENT], major)


def _read(connection: psycopg.Connection[Any], queries: Iterable[str], major: int) -> Rows:
    """The rows of each query, all in one round trip."""
    cursors = {query: connection.cursor() for query in queries}
    try:
        with connection.pipeline():
            for query, cursor in cursors.items():
                cursor.execute(_text_of(query, major))
            return {query: cursor.fetchall() for query, cursor in cursors.items()}
    except errors.InsufficientPrivilege as error:
        # They are answered in order, and none after the one that failed.
        failed = next(query for query, cursor in cursors.items() if cursor.description is None)
        raise _NotReadable(failed, error) from None


@cache
def _text_of(query: str, major: int) -> bytes:
    lines = (files(__name__) / f"{query}.sql").read_text().splitlines()
    return "\n".join(line for line in lines if _is_for(line, major)).encode()


def _is_for(line: str, major: int) -> bool:
    mark = _MARK.search(line)
    if mark is None:
        return True
    majors = [int(each) for each in mark["majors"].split()]
    match mark["which"]:
        case "from":
            return major >= majors[0]
        case "before":
            return major < majors[0]
        case _:
            return major in majors
