"""May this role do what the plan needs?"""

import re
from collections.abc import Iterable, Iterator

from interlock.errors import InterlockError
from interlock.hazards.lock import LockMode
from interlock.hazards.sql import says
from interlock.hazards.statement import Statement
from interlock.postgres.session import Connection
from interlock.postgres.version_table import VersionTable
from interlock.schema.history import History

# A schema that is not there yet has to be made by a revision.
_WITHOUT_CREATE = """
select case when n.oid is null then 'database ' || pg_catalog.current_database() else 'schema ' || wanted.name end
  from pg_catalog.unnest(%s::text[]) as wanted (name)
  left join pg_catalog.pg_namespace n on n.nspname = wanted.name
 where not case when n.oid is null then pg_catalog.has_database_privilege(pg_catalog.current_database(), 'create')
                else pg_catalog.has_schema_privilege(n.oid, 'create') end
 order by 1
"""

_MAY_WRITE = """
select pg_catalog.has_table_privilege(c.oid, 'select') and pg_catalog.has_table_privilege(c.oid, 'insert')
   and pg_catalog.has_table_privilege(c.oid, 'update') and pg_catalog.has_table_privilege(c.oid, 'delete')
  from pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
 where n.nspname = %s and c.relname = %s
"""

# To be a member is enough: a revision may change to that role. A superuser is one of every role.
_OWNERS = """
select wanted.name, pg_catalog.pg_get_userbyid(c.relowner)
  from pg_catalog.unnest(%s::text[]) as wanted (name)
  join (pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace)
    on n.nspname || '.' || c.relname = wanted.name
 where not pg_catalog.pg_has_role(c.relowner, 'member')
   and not (wanted.name = any (%s::text[]) and pg_catalog.pg_has_role(n.nspowner, 'member'))
 order by 1
"""

# What a statement writes by is not known, so any of them will do.
_NOT_TO_BE_WRITTEN = """
select wanted.name
  from pg_catalog.unnest(%s::text[]) as wanted (name)
  join (pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace)
    on n.nspname || '.' || c.relname = wanted.name
 where not pg_catalog.pg_has_role(c.relowner, 'member')
   and not pg_catalog.has_table_privilege(c.oid, 'insert, update, delete')
   and not pg_catalog.has_any_column_privilege(c.oid, 'insert, update')
 order by 1
"""

_OF_THE_OWNER = frozenset(
    {
        *("column", "index", "primary key", "unique constraint", "foreign key", "check constraint"),
        *("exclusion constraint", "policy"),
    }
)
"""Kinds that only the owner of a table gives it, or takes away."""
_RELATIONS = frozenset({"table", "view", "materialized view", "foreign table", "sequence"})


class MayNotCreate(InterlockError):
    """The role may not make anything in a schema that pending revisions make something in."""

    def __init__(self, role: str, place: str) -> None:
        super().__init__(
            problem=f"the role {role} may not create in {place}, and revisions are waiting to",
            remedy=f"as the owner: grant create on {place} to {role}; or release as the owner",
        )


class MayNotWriteVersion(InterlockError):
    """The role may not write the version table, so no revision could be committed."""

    def __init__(self, role: str, table: VersionTable) -> None:
        super().__init__(
            problem=f"the role {role} may not write {table}, so no revision can be committed",
            remedy=f"as its owner: grant select, insert, update, delete on {table} to {role}; or release as the owner",
        )


class MayNotAlter(InterlockError):
    """A pending statement changes what belongs to another role."""

    def __init__(self, role: str, table: str, owner: str, statement: Statement) -> None:
        super().__init__(
            problem=f"revision {statement.revision} changes {table} ({statement.place}), which belongs to {owner}, and "
            f"the role {role} is no member of that",
            remedy=f"grant {owner} to {role}; or alter table {table} owner to {role}; or release as {owner}",
        )


class MayNotWrite(InterlockError):
    """A pending statement writes rows of a table that the role may not write."""

    def __init__(self, role: str, table: str, statement: Statement) -> None:
        super().__init__(
            problem=f"revision {statement.revision} writes rows of {table} ({statement.place}), and the role {role} "
            "may not",
            remedy=f"as its owner: grant select, insert, update, delete on {table} to {role}; or release as the owner",
        )


def require_privileges(
    connection: Connection, pending: History, table: VersionTable, statements: Iterable[Statement]
) -> None:
    """Raise MayNotCreate, MayNotWriteVersion, MayNotAlter or MayNotWrite where this role cannot run what is pending.

    The statements are those of the pending revisions, as they were measured.
    """
    role = connection.execute("select current_user").fetchall()[0][0]
    wanted = pending.made_in if table.is_there else pending.made_in | {table.schema}
    for (place,) in connection.execute(_WITHOUT_CREATE, [sorted(wanted)]):
        raise MayNotCreate(role, place)
    for (may_write,) in connection.execute(_MAY_WRITE, [table.schema, table.name]):
        if not may_write:
            raise MayNotWriteVersion(role, table)
    altered, written, gone = _named_by(statements)
    for name, owner in connection.execute(_OWNERS, [list(altered), sorted(gone)]):
        raise MayNotAlter(role, name, owner, altered[name])
    for (name,) in connection.execute(_NOT_TO_BE_WRITTEN, [list(written)]):
        raise MayNotWrite(role, name, written[name])


def _named_by(statements: Iterable[Statement]) -> tuple[dict[str, Statement], dict[str, Statement], set[str]]:
    """What has to be owned and what to be written, each with the first statement that needs it; what is dropped.

    Without what the statements make themselves.
    """
    made: set[str] = set()
    altered: dict[str, Statement] = {}
    written: dict[str, Statement] = {}
    gone: set[str] = set()
    for statement in statements:
        dropped = {each.name for each in statement.dropped if each.kind in _RELATIONS} - made
        for name in {*_altered(statement), *dropped} - made:
            altered.setdefault(name, statement)
        for name in {*_written(statement)} - made:
            written.setdefault(name, statement)
        gone |= dropped
        made |= {each.name for each in statement.created}
    return altered, written, gone


def _altered(statement: Statement) -> Iterator[str]:
    """The tables that only their owner can change like that."""
    changes = (*statement.created, *statement.dropped)
    yield from (each.table for each in changes if each.kind in _OF_THE_OWNER)
    # What a foreign key refers to is locked too, when that is dropped.
    if says(statement.sql, r"^alter table\b") and all(each.kind != "foreign key" for each in changes):
        yield from (lock.table for lock in statement.locks if lock.mode is LockMode.ACCESS_EXCLUSIVE)


def _written(statement: Statement) -> Iterator[str]:
    """The tables whose rows it writes itself, and not by a trigger, which may do so as somebody else."""
    for lock in statement.locks:
        if lock.mode is LockMode.ROW_EXCLUSIVE and says(
            statement.sql, rf"\b{re.escape(lock.table.split('.', 1)[1])}\b"
        ):
            yield lock.table
