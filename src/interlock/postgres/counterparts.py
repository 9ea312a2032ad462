"""What rows refer to: a foreign key says something of some rows only where their counterparts were taken along."""

from collections import deque
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from psycopg import DataError, errors, sql

from interlock.postgres.session import Connection
from interlock.postgres.transfer import OF_A_KIND, open_transfer
from interlock.schema.name import Name
from interlock.schema.reference import Reference

# It may not be read, or is not yet of the type that a foreign key needs.
_NOT_COMPARED = (errors.InsufficientPrivilege, errors.UndefinedFunction, DataError)

MOST_STEPS = 200
"""A table that refers to itself may be one long chain."""


@dataclass(frozen=True, slots=True)
class Followed:
    """How many rows came along as counterparts, and the foreign keys of which some live rows have none."""

    rows: int = 0
    without_counterpart: frozenset[Reference] = frozenset()


def copy_counterparts(
    live: Connection,
    scratch: Connection,
    references: Collection[Reference],
    tables: Iterable[Name],
    masked_in: Callable[[Name], frozenset[str]],
) -> Followed:
    """Copy what the rows in these tables of `scratch` refer to, and what that refers to in turn.

    `references` are the foreign keys to follow, also those that are yet to be. One whose columns are masked, or whose
    sides cannot be read or compared, is not followed. Both connections are in autocommit mode.
    """
    rows, without_counterpart = 0, set()
    todo = deque(dict.fromkeys(tables))
    for _ in range(MOST_STEPS):
        if not todo:
            break
        source = todo.popleft()
        for each in references:
            if each.source != source or _is_masked(each, masked_in):
                continue
            try:
                copied, has_missing = _follow(live, scratch, each, masked_in(each.table))
            except _NOT_COMPARED:
                continue
            rows += copied
            if has_missing:
                without_counterpart.add(each)
            if copied and each.table not in todo:
                todo.append(each.table)
    return Followed(rows, frozenset(without_counterpart))


def copy_orphans(live: Connection, scratch: Connection, reference: Reference, masked: frozenset[str]) -> int | None:
    """Copy some rows that have no counterpart, which a foreign key that is yet to be will refuse; give how many.

    None where that cannot be found out: in time, by this role, or because the columns cannot be compared yet.
    """
    condition = sql.SQL("where {} and not exists (select from {} as counterpart where {}) limit {}").format(
        sql.SQL(" and ").join(sql.SQL("{} is not null").format(sql.Identifier(each)) for each in reference.columns),
        _table(reference.table),
        sql.SQL(" and ").join(
            sql.SQL("counterpart.{} = {}").format(
                sql.Identifier(referred), sql.Identifier(reference.name.schema, reference.name.table, column)
            )
            for column, referred in zip(reference.columns, reference.referred, strict=True)
        ),
        OF_A_KIND,
    )
    try:
        with open_transfer(live, scratch, reference.source, masked) as transfer:
            taken = transfer.take(condition, is_all_seen=True)
            return None if taken is None else transfer.arrive()
    except _NOT_COMPARED:
        return None


def _follow(live: Connection, scratch: Connection, reference: Reference, masked: frozenset[str]) -> tuple[int, bool]:
    """Copy the counterparts that are missing; give how many, and whether some are missing on the live server too."""
    keys = _keys_without_counterpart(scratch, reference)
    if not keys:
        return 0, False
    listed = sql.SQL(", ").join(sql.SQL("({})").format(sql.SQL(", ").join(map(sql.Literal, key))) for key in keys)
    referred = sql.SQL(", ").join(map(sql.Identifier, reference.referred))
    with open_transfer(live, scratch, reference.table, masked) as transfer:
        taken = transfer.take(sql.SQL("where ({}) in ({})").format(referred, listed), is_all_seen=True)
        copied = transfer.arrive()
    # Of those that were asked for: what came along may refer to the same table in turn.
    still_without = set(keys).intersection(_keys_without_counterpart(scratch, reference))
    return copied, taken is not None and bool(still_without)


def _keys_without_counterpart(scratch: Connection, reference: Reference) -> list[tuple[str, ...]]:
    """Distinct keys as text: written as constants without a type, they are read as what the columns are."""
    columns = [sql.Identifier(each) for each in reference.columns]
    query = "select distinct {} from {} as referring where {} and not exists (select from {} as counterpart where {})"
    return scratch.execute(
        sql.SQL(query).format(
            sql.SQL(", ").join(sql.SQL("{}::text").format(each) for each in columns),
            _table(reference.source),
            sql.SQL(" and ").join(sql.SQL("{} is not null").format(each) for each in columns),
            _table(reference.table),
            sql.SQL(" and ").join(
                sql.SQL("counterpart.{} = referring.{}").format(sql.Identifier(referred), column)
                for referred, column in zip(reference.referred, columns, strict=True)
            ),
        )
    ).fetchall()


def _is_masked(reference: Reference, masked_in: Callable[[Name], frozenset[str]]) -> bool:
    return not (
        masked_in(reference.source).isdisjoint(reference.columns)
        and masked_in(reference.table).isdisjoint(reference.referred)
    )


def _table(name: Name) -> sql.Identifier:
    return sql.Identifier(name.schema, name.table)
