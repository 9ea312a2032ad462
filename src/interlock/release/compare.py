"""Compare any two databases."""

from collections.abc import Collection
from contextlib import ExitStack

from psycopg import sql

from interlock.postgres.catalog import take_snapshot
from interlock.postgres.session import Connection, open_session, read_facts
from interlock.postgres.url import DatabaseUrl
from interlock.schema.comparison import Comparison, on_common_ground, version_tables, with_revisions
from interlock.schema.name import Name
from interlock.schema.snapshot import Snapshot


def compare(reference: DatabaseUrl, live: DatabaseUrl, schemas: Collection[str] = ()) -> Comparison:
    """Say how a live database departs from a reference; in some schemas only, where any are named. Touches neither.

    Raises Unreachable, UnsupportedServer.
    """
    with ExitStack() as sessions:
        ours, theirs = (_read(sessions.enter_context(open_session(url)), schemas) for url in (reference, live))
    return Comparison(*on_common_ground(ours, theirs))


def _read(session: Connection, schemas: Collection[str]) -> Snapshot:
    read_facts(session)
    snapshot = take_snapshot(session)
    snapshot = snapshot.within(schemas) if schemas else snapshot
    return with_revisions(snapshot, [(table, _rows(session, table)) for table in version_tables(snapshot)])


def _rows(session: Connection, table: Name) -> tuple[str, ...]:
    query = sql.SQL("select version_num::text from {} order by 1").format(sql.Identifier(table.schema, table.table))
    return tuple(row[0] for row in session.execute(query))
