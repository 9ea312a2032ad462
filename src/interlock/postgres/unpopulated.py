"""Materialized views that hold nothing, and refuse every query."""

from collections.abc import Iterable

from interlock.postgres.session import Connection
from interlock.schema.name import Kind, Name

# REFRESH ... WITH NO DATA leaves one so, and CREATE ... WITH NO DATA until the first refresh.
_UNPOPULATED = """
select n.nspname || '.' || c.relname
  from rows from (pg_catalog.unnest(%s::text[]), pg_catalog.unnest(%s::text[])) as wanted (schema, name)
  join pg_catalog.pg_namespace n on n.nspname = wanted.schema
  join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = wanted.name
 where c.relkind = 'm' and not c.relispopulated
 order by 1
"""


def find_unpopulated(session: Connection, names: Iterable[Name]) -> list[str]:
    """Find those of these materialized views."""
    views = [name for name in names if name.kind is Kind.MATERIALIZED_VIEW]
    rows = session.execute(_UNPOPULATED, [[name.schema for name in views], [name.table for name in views]]).fetchall()
    return [view for (view,) in rows]
