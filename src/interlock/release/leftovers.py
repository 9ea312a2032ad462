"""What a command has left that works CONCURRENTLY and was cut short, where a pending revision stumbles over it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from psycopg import sql

from interlock.errors import InterlockError
from interlock.hazards.statement import Statement
from interlock.postgres.session import Connection
from interlock.schema.cut_off import finalize, rebuilt_index
from interlock.schema.history import History, Moment
from interlock.schema.items import Index, Item, Table
from interlock.schema.name import Name
from interlock.schema.snapshot import Snapshot

# One that is being built at this moment is not valid either.
_IS_BEING_BUILT = """
select exists (select from pg_catalog.pg_stat_progress_create_index
                where index_relid = pg_catalog.to_regclass(%s))
"""


class NotAsForeseen(InterlockError):
    """A detach that was cut short was brought to its end, and has left something else than its revision does."""

    def __init__(self, partitions: Iterable[Name], found: Iterable[object]) -> None:
        super().__init__(
            problem=f"the detach of {', '.join(name.path for name in partitions)} was cut short and is finished now, "
            f"but the schema is not as the revision leaves it: {'; '.join(map(str, found))}",
            remedy="see what interlock plan says now",
        )


@dataclass(frozen=True, slots=True)
class Leftovers:
    """What is in the way of the pending revisions, and the schema as it is without that.

    `built` are the indexes that are dropped before another one is built, `dropped` those that a revision drops
    anyway, `detached` the partitions whose detach is brought to its end.
    """

    schema: Snapshot
    built: tuple[Name, ...] = ()
    dropped: tuple[Name, ...] = ()
    detached: tuple[Table, ...] = ()

    def __str__(self) -> str:
        told = (
            ("left by a build that was cut short, and dropped before another one", self.built),
            ("left by a drop that was cut short, and dropped by its revision", self.dropped),
            (
                "left by a detach that was cut short, and brought to its end",
                [each.name for each in self.detached],
            ),
        )
        return "; ".join(f"{what}: {', '.join(name.path for name in names)}" for what, names in told if names)


def find_leftovers(
    session: Connection, observed: Snapshot, to_come: History, pending: Iterable[Statement]
) -> Leftovers:
    """Find what the next run would stumble over: an index, "already exists", or a partition that is half detached.

    `to_come` begins with the moment that the database is at, `pending` are the statements after it.
    """
    declared, later = to_come.moments[0].schema.items, to_come.moments[1:]
    made = to_come.names - declared.keys()
    worked_on = {each.name for one in pending for each in (*one.created, *one.dropped) if each.kind == "index"}
    invalid = [item for item in observed if isinstance(item, Index) and not item.is_valid]
    built = [
        item.name
        for item in invalid
        if (item.name in made or rebuilt_index(item.name) in worked_on) and not _is_being_built(session, item.name)
    ]
    valid = {item.name: replace(item, is_valid=True) for item in invalid}
    dropped = {name: item for name, item in valid.items() if item == declared.get(name) and _is_dropped(name, later)}
    detached: list[Table] = []
    schema = observed.without(built)
    schema = schema.with_items({**schema.items, **dropped})
    for table in (item for item in observed if isinstance(item, Table) and finalize(item)):
        if items := _when_detached(table, later):
            detached.append(table)
            rest = schema.without_table(table.name.schema, table.name.table).items
            schema = schema.with_items({**rest, **{item.name: item for item in items}})
    return Leftovers(schema, tuple(sorted(built)), tuple(sorted(dropped)), tuple(detached))


def _is_dropped(name: Name, later: Iterable[Moment]) -> bool:
    schemas = (schema for each in later for schema in (each.schema, *(half.schema for half in each.halves)))
    return any(name not in schema.items for schema in schemas)


def _when_detached(partition: Table, later: Sequence[Moment]) -> tuple[Item, ...]:
    """A partition, and what belongs to it, as the next revision has detached it; nothing where that does not."""
    own = (partition.name.schema, partition.name.table)
    for half in later[0].halves:
        table = half.schema.items.get(partition.name)
        if isinstance(table, Table) and not table.part_of:
            return tuple(each for each in half.schema if (each.name.schema, each.name.table) == own)
    return ()


def clear_away(session: Connection, leftovers: Leftovers, wait_seconds: float) -> None:
    """Clear them away without keeping anybody out; `session` is in autocommit mode. Raises LockNotAvailable."""
    with session.cursor() as cursor:
        before = cursor.execute("select pg_catalog.current_setting('lock_timeout')").fetchall()[0][0]
        # It waits for the transactions that know the table. Cut short, what is left of it is dropped next time.
        cursor.execute("select pg_catalog.set_config('lock_timeout', %s, false)", [f"{wait_seconds:.0f}s"])
        for name in leftovers.built:
            cursor.execute(sql.SQL("drop index concurrently if exists {}").format(_identifier(name)))
        for statement in filter(None, map(finalize, leftovers.detached)):
            cursor.execute(statement.encode())
        cursor.execute("select pg_catalog.set_config('lock_timeout', %s, false)", [before])


def _is_being_built(session: Connection, name: Name) -> bool:
    return bool(session.execute(_IS_BEING_BUILT, [_identifier(name).as_string()]).fetchall()[0][0])


def _identifier(name: Name) -> sql.Identifier:
    return sql.Identifier(name.schema, name.item)
