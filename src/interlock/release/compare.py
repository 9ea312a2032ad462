"""Compare any two databases."""

from collections.abc import Collection
from dataclasses import replace

from psycopg import errors, sql

from interlock.postgres.catalog import take_snapshot
from interlock.postgres.embedded import NoServerBinaries
from interlock.postgres.journal import JOURNAL_SCHEMA
from interlock.postgres.scratch import scratch_databases
from interlock.postgres.session import Connection, open_session, read_facts
from interlock.postgres.settle import recognise
from interlock.postgres.url import DatabaseUrl
from interlock.schema.comparison import Comparison, on_common_ground, same_revisions, version_tables, with_revisions
from interlock.schema.history import History, Moment
from interlock.schema.name import Name
from interlock.schema.snapshot import Snapshot


def compare(
    reference: DatabaseUrl, live: DatabaseUrl, schemas: Collection[str] = (), scratch_server: DatabaseUrl | None = None
) -> Comparison:
    """Say how a live database departs from a reference; in some schemas only, where any are named. Touches neither.

    A scratch server is needed only where the prints of an expression differ: the one that is given, or an embedded
    one. Raises Unreachable, UnsupportedServer.
    """
    ours, theirs = (_read(url, schemas) for url in (reference, live))
    ours, theirs, notes = same_revisions(*on_common_ground(ours, theirs))
    with scratch_databases(scratch_server) as empty_database:
        try:
            recognised = recognise(theirs, History((Moment(None, ours),)), empty_database)
        except NoServerBinaries as error:
            told = f"expressions that are printed in different ways were taken for different ones: {error.problem}"
            return Comparison(ours, theirs, (told,), notes)
    return Comparison(ours, recognised.snapshot, recognised.told, notes)


def _read(url: DatabaseUrl, schemas: Collection[str]) -> Snapshot:
    with open_session(url) as session:
        read_facts(session)
        snapshot = take_snapshot(session).without_schema(JOURNAL_SCHEMA)
        snapshot = snapshot.within(schemas) if schemas else snapshot
        try:
            return with_revisions(snapshot, [(table, _rows(session, table)) for table in version_tables(snapshot)])
        except errors.InsufficientPrivilege as error:
            reason = error.diag.message_primary or str(error)
            return replace(snapshot, unread=(*snapshot.unread, f"revisions: {reason}"))


def _rows(session: Connection, table: Name) -> tuple[str, ...]:
    query = sql.SQL("select version_num::text from {} order by 1").format(sql.Identifier(table.schema, table.table))
    return tuple(row[0] for row in session.execute(query))
