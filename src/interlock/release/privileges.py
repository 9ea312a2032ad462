"""May this role do what the plan needs?"""

from interlock.errors import InterlockError
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


def require_privileges(connection: Connection, pending: History, table: VersionTable) -> None:
    """Raise MayNotCreate or MayNotWriteVersion where this role cannot run what is pending."""
    role = connection.execute("select current_user").fetchall()[0][0]
    wanted = pending.made_in if table.is_there else pending.made_in | {table.schema}
    for (place,) in connection.execute(_WITHOUT_CREATE, [sorted(wanted)]):
        raise MayNotCreate(role, place)
    for (may_write,) in connection.execute(_MAY_WRITE, [table.schema, table.name]):
        if not may_write:
            raise MayNotWriteVersion(role, table)
