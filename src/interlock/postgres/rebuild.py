"""The objects of a snapshot, made anew in an empty scratch database."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import psycopg

from interlock.postgres.roles import make_roles
from interlock.schema.ddl.create import create_statements, finish_statements, prepare_statements, why_not_made
from interlock.schema.ddl.order import place_of
from interlock.schema.ddl.words import always_quoted, parents_of, relation
from interlock.schema.items import Column, Constraint, Extension, Index, Item, Table, View
from interlock.schema.name import Kind, Name
from interlock.schema.snapshot import Snapshot

TOGETHER = 200
"""How many objects are made by one message to the server; of those that fail each is tried alone."""

# The texts of a snapshot were printed with this path, and mean under it what they meant there. Bodies of functions
# are not looked at, as in a restore: what they name may come later.
_SETTINGS = {
    "search_path": "pg_catalog",
    "check_function_bodies": "off",
    "client_min_messages": "warning",
    "default_tablespace": "",
    "default_table_access_method": "heap",
    "datestyle": "ISO, YMD",
    "intervalstyle": "postgres",
    "timezone": "UTC",
    "xmloption": "content",
    "standard_conforming_strings": "on",
}

# From the moment that they are there they have a part in whatever else is made.
_LAST = (Kind.PUBLICATION, Kind.SUBSCRIPTION, Kind.USER_MAPPING, Kind.DEFAULT_PRIVILEGES, Kind.EVENT_TRIGGER)


@dataclass(frozen=True, slots=True)
class NotMade:
    """An object that could not be made, and why."""

    name: Name
    reason: str

    def __str__(self) -> str:
        return f"{self.name}: {self.reason}"


@dataclass(frozen=True, slots=True)
class _Step:
    name: Name
    statements: tuple[str, ...]


def rebuild(
    connection: psycopg.Connection[Any],
    snapshot: Snapshot,
    names: Collection[Name] | None = None,
    *,
    makes_roles: bool = False,
) -> tuple[NotMade, ...]:
    """Make the objects of a snapshot in an empty scratch database, and give those that could not be made.

    With `names` only those; a table or view is always made with its columns. The connection must be in autocommit mode.
    Roles are made only where that is said, for they belong to the whole server: nologin, on one that is thrown away.
    Nothing is made of what only the original can have: see `as_rebuilt`.
    """
    wanted = as_rebuilt(snapshot)
    items = [item for name, item in wanted.items.items() if names is None or name in names]
    refused = tuple(NotMade(item.name, reason) for item in items if (reason := why_not_made(item)))
    skipped = {each.name for each in refused}
    items = [item for item in items if item.name not in skipped]
    with reads_as_printed(connection):
        if makes_roles:
            make_roles(connection, snapshot.roles)
        if names is None:
            _drop_public_unless(Name(Kind.SCHEMA, "", "public") in wanted.items, connection)
        failed = [
            failure
            for phase in _phases(items, wanted)
            for failure in _run_until_nothing_more_succeeds(connection, phase)
        ]
    return (*refused, *failed)


def as_rebuilt(snapshot: Snapshot) -> Snapshot:
    """The snapshot without what cannot be made anew: places on disk, what was interrupted, versions of extensions."""
    return snapshot.with_items({name: _as_rebuilt(item) for name, item in snapshot.items.items()})


def _as_rebuilt(item: Item) -> Item:
    match item:
        case Table():
            return replace(item, tablespace="", is_detaching=False)
        case View():
            return replace(item, tablespace="")
        case Index():
            return replace(item, tablespace="", is_valid=item.is_valid or " ON ONLY " not in item.definition)
        case Constraint():
            return replace(item, index_is_valid=True)
        case Extension():
            return replace(item, version="")
    return item


def _phases(items: Iterable[Item], snapshot: Snapshot) -> Iterator[list[_Step]]:
    """What is done in which order: each part is done as far as it goes before the next one begins."""
    depths = _depths(snapshot)
    ordered = sorted(
        (item for item in items if not _comes_with_another(item, snapshot)),
        key=lambda item: (place_of(item.name.kind), depths.get(relation(item.name), 0)),
    )
    early = [item for item in ordered if item.name.kind not in _LAST]
    late = [item for item in ordered if item.name.kind in _LAST]
    # A shell comes before anything but its schema.
    schemas = [item for item in early if item.name.kind in (Kind.SCHEMA, Kind.EXTENSION)]
    rest = [item for item in early if item not in schemas]
    yield _steps(schemas, lambda item: create_statements(item, snapshot))
    yield _steps(rest, prepare_statements)
    yield _steps(rest, lambda item: create_statements(item, snapshot))
    yield _steps(rest, lambda item: finish_statements(item, snapshot))
    yield _steps(late, lambda item: create_statements(item, snapshot))


def _steps(items: Iterable[Item], statements: Callable[[Item], tuple[str, ...]]) -> list[_Step]:
    return [_Step(item.name, said) for item in items if (said := statements(item))]


def _comes_with_another(item: Item, snapshot: Snapshot) -> bool:
    return isinstance(item, Column) and item.name.container in snapshot.containers


def _depths(snapshot: Snapshot) -> dict[str, int]:
    """How many tables are above each one: those come first."""
    parents = {
        relation(item.name): tuple(map(always_quoted, parents_of(item.part_of)))
        for item in snapshot
        if isinstance(item, Table)
    }
    depths: dict[str, int] = {}

    def depth(table: str) -> int:
        if table not in depths:
            depths[table] = 0
            depths[table] = max((depth(parent) + 1 for parent in parents.get(table, ())), default=0)
        return depths[table]

    for table in parents:
        depth(table)
    return depths


def _run_until_nothing_more_succeeds(connection: psycopg.Connection[Any], steps: list[_Step]) -> list[NotMade]:
    """Run all steps; then again those that failed, for what they need may be there now."""
    failed: dict[_Step, str] = {}
    while steps:
        failed = {}
        for place in range(0, len(steps), TOGETHER):
            failed |= _run(connection, steps[place : place + TOGETHER])
        if len(failed) == len(steps):
            break
        steps = list(failed)
    return [NotMade(step.name, reason) for step, reason in failed.items()]


def _run(connection: psycopg.Connection[Any], steps: Sequence[_Step]) -> dict[_Step, str]:
    """Run steps in one transaction; where one fails, each half by itself."""
    text = ";\n".join(statement for step in steps for statement in step.statements)
    try:
        with connection.transaction():
            connection.execute(text.encode())
    except psycopg.Error as error:
        if connection.closed:
            raise
        if len(steps) == 1:
            return {steps[0]: error.diag.message_primary or str(error)}
        middle = len(steps) // 2
        return _run(connection, steps[:middle]) | _run(connection, steps[middle:])
    return {}


@contextmanager
def reads_as_printed(connection: psycopg.Connection[Any]) -> Iterator[None]:
    """Let a session read names and constants as they were printed for a snapshot, until the end."""
    before = {
        name: connection.execute("select pg_catalog.current_setting(%s)", [name]).fetchall()[0][0] for name in _SETTINGS
    }
    _set(connection, _SETTINGS)
    try:
        yield
    finally:
        if not connection.closed:
            _set(connection, before)


def _set(connection: psycopg.Connection[Any], settings: dict[str, str]) -> None:
    for name, value in settings.items():
        connection.execute("select pg_catalog.set_config(%s, %s, false)", [name, value])


def _drop_public_unless(is_wanted: bool, connection: psycopg.Connection[Any]) -> None:
    if not is_wanted:
        connection.execute("drop schema if exists public")
