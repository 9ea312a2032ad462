"""What stands in the way of a change to an object, and holds no rows itself: views upon it, foreign keys to it."""

from interlock.postgres.session import Connection
from interlock.schema.name import Kind, Name

# Views upon a relation, and views upon those; the same view may be reached by ways of different length.
_VIEWS = """
with recursive upon (oid, depth) as (
       select c.oid, 0 from pg_catalog.pg_class c
         join pg_catalog.pg_namespace n on n.oid = c.relnamespace
        where n.nspname = %(schema)s and c.relname = %(table)s
        union
       select r.ev_class, u.depth + 1
         from upon u
         join pg_catalog.pg_depend d on d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
                                    and d.refobjid = u.oid and d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
         join pg_catalog.pg_rewrite r on r.oid = d.objid
        where r.ev_class <> u.oid and u.depth < 100
)
select case c.relkind when 'm' then 'materialized view' else 'view' end, n.nspname, c.relname, ''
  from upon u
  join pg_catalog.pg_class c on c.oid = u.oid
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
 where u.depth > 0 and c.relkind in ('v', 'm')
 group by c.relkind, n.nspname, c.relname
 order by max(u.depth) desc
"""
_KEYS = """
select 'foreign key', n.nspname, c.relname, k.conname
  from pg_catalog.pg_constraint k
  join pg_catalog.pg_class c on c.oid = k.conrelid
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  join pg_catalog.pg_class f on f.oid = k.confrelid
  join pg_catalog.pg_namespace fn on fn.oid = f.relnamespace
 where k.contype = 'f' and k.conparentid = 0 and fn.nspname = %(schema)s and f.relname = %(table)s
"""


def find_dependents(connection: Connection, name: Name) -> tuple[Name, ...]:
    """List the views upon an object or its table, those upon them first; of a key, the foreign keys to its table."""
    query = _KEYS if name.kind in (Kind.PRIMARY_KEY, Kind.UNIQUE, Kind.INDEX) else _VIEWS
    rows = connection.execute(query.encode(), {"schema": name.schema, "table": name.table})
    return tuple(Name(Kind(kind), schema, table, item) for kind, schema, table, item in rows)
