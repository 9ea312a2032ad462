"""What a build that was cut short has left: an index that is not valid, in the way of the one that is still to come."""

from collections.abc import Iterable

from psycopg import sql

from interlock.postgres.session import Connection
from interlock.schema.history import History
from interlock.schema.items import Index
from interlock.schema.name import Name
from interlock.schema.snapshot import Snapshot

# One that is being built at this moment is not valid either.
_IS_BEING_BUILT = """
select exists (select from pg_catalog.pg_stat_progress_create_index
                where index_relid = pg_catalog.to_regclass(%s))
"""


def find_leftovers(session: Connection, observed: Snapshot, to_come: History) -> tuple[Name, ...]:
    """The indexes that are not valid and that a pending revision makes: its next run would fail, "already exists".

    `to_come` begins with the moment that the database is at.
    """
    declared = to_come.moments[0].schema.items
    made = to_come.names - declared.keys()
    invalid = (item.name for item in observed if isinstance(item, Index) and not item.is_valid and item.name in made)
    return tuple(name for name in invalid if not _is_being_built(session, name))


def drop_leftovers(session: Connection, names: Iterable[Name], wait_seconds: float) -> None:
    """Drop them without keeping anybody out; `session` is in autocommit mode. Raises LockNotAvailable."""
    with session.cursor() as cursor:
        before = cursor.execute("select pg_catalog.current_setting('lock_timeout')").fetchall()[0][0]
        # It waits for the transactions that know the table. Cut short, what is left of it is dropped next time.
        cursor.execute("select pg_catalog.set_config('lock_timeout', %s, false)", [f"{wait_seconds:.0f}s"])
        for name in names:
            cursor.execute(sql.SQL("drop index concurrently if exists {}").format(_identifier(name)))
        cursor.execute("select pg_catalog.set_config('lock_timeout', %s, false)", [before])


def _is_being_built(session: Connection, name: Name) -> bool:
    return bool(session.execute(_IS_BEING_BUILT, [_identifier(name).as_string()]).fetchall()[0][0])


def _identifier(name: Name) -> sql.Identifier:
    return sql.Identifier(name.schema, name.item)
