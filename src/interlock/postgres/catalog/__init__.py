"""The catalog of a live database, read as one value."""

import gc
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from importlib.resources import files
from typing import Any

import psycopg
from psycopg import errors

from interlock.schema.observed import MAKERS, Row, snapshot_from_rows
from interlock.schema.snapshot import Snapshot

ATTEMPTS = 5

_QUERIES = (*MAKERS, "members", "comments", "grants", "unmodelled")

# A line of a query that only some majors understand ends with: -- from 15, -- before 15, or -- only 15 16
_MARK = re.compile(r"--\s*(?P<which>from|before|only)\s+(?P<majors>[\d ]+)\s*\Z")

# With nothing but pg_catalog on the path every other name is printed with its schema; and a constant is printed as the
# session wants dates, numbers and time zones. The same on both sides, whatever roles and databases have set. Compiling
# our queries takes longer than running them; and a list that does not fit into the memory is read again for each row.
_SETTINGS = """
select pg_catalog.set_config(name, value, true)
  from (values ('search_path', 'pg_catalog'), ('timezone', 'UTC'), ('datestyle', 'ISO, YMD'),
               ('intervalstyle', 'postgres'), ('extra_float_digits', '1'), ('bytea_output', 'hex'),
               ('quote_all_identifiers', 'off'), ('xmloption', 'content'),
               ('standard_conforming_strings', 'on'), ('jit', 'off'), ('work_mem', '64MB')) as setting (name, value)
"""

# The transaction sees one moment, and pg_get_* see the present one (pg_dump says so too): an object that was dropped
# in between is not found by its oid any more.
_CHANGED_MEANWHILE = (errors.InternalError_, errors.UndefinedTable, errors.UndefinedObject, errors.UndefinedColumn)


class _NotReadable(Exception):
    """The role may not read what a query asks for."""

    def __init__(self, query: str, error: psycopg.Error) -> None:
        super().__init__(query)
        self.query, self.reason = query, error.diag.message_primary or str(error)


def take_snapshot(connection: psycopg.Connection[Any]) -> Snapshot:
    """Read every object that users made. The connection must be in autocommit mode and idle.

    A fixed number of statements, whatever the size, in one read-only transaction that sees one moment; once more where
    the schema was changed meanwhile. What the role may not read is named in the snapshot's `unread`.
    """
    closed: dict[str, str] = {}
    attempts = ATTEMPTS
    while True:
        try:
            with _nothing_collected():
                return _take(connection, closed)
        except _NotReadable as error:
            closed[error.query] = f"{error.query.replace('_', ' ')}: {error.reason}"
        except _CHANGED_MEANWHILE:
            attempts -= 1
            if not attempts:
                raise


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
    with connection.transaction():
        connection.execute("set transaction isolation level repeatable read, read only")
        connection.execute(_SETTINGS)
        rows = {query: _read(connection, query, major) for query in _QUERIES if query not in closed}
        roles = [name for (name,) in connection.execute("select rolname from pg_roles")]
    return snapshot_from_rows(rows, unread=closed.values(), major=major, roles=roles)


def _read(connection: psycopg.Connection[Any], query: str, major: int) -> Sequence[Row]:
    try:
        return connection.execute(_text_of(query, major)).fetchall()
    except errors.InsufficientPrivilege as error:
        raise _NotReadable(query, error) from None


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
