"""May this role do what the plan needs?"""

from interlock.chain.child import Environment
from interlock.errors import InterlockError
from interlock.postgres.session import Connection
from interlock.schema.history import History

_WITHOUT_CREATE = """
select n.nspname
  from pg_catalog.pg_namespace n
 where n.nspname = any(%s) and not pg_catalog.has_schema_privilege(n.oid, 'create')
 order by 1
"""


class MayNotCreate(InterlockError):
    """The role may not make anything in a schema that the chain uses."""

    def __init__(self, role: str, schemas: list[str]) -> None:
        names = ", ".join(schemas)
        super().__init__(
            problem=f"the role {role} may not create in schema {names}, and revisions are waiting to",
            remedy=f"as the owner: grant create on schema {names} to {role}; or release as the owner",
        )


def require_create(connection: Connection, history: History, environment: Environment) -> None:
    """Raise MayNotCreate where the chain keeps objects in a schema that this role may not create in."""
    row = connection.execute("select current_user, pg_catalog.current_schema()").fetchall()[0]
    role, default = row
    wanted = {*history.schemas, environment.version_table_schema or default or "public"}
    missing = [name for (name,) in connection.execute(_WITHOUT_CREATE, [sorted(wanted)])]
    if missing:
        raise MayNotCreate(role, missing)
