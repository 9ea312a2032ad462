"""Which tables of the live database logical replication sends on, and to whom it promises new ones."""

from collections.abc import Iterable

from interlock.hazards.publication import Publication
from interlock.postgres.session import Connection

_SCHEMAS_ARE_PUBLISHED_FROM = 150_000

# Who sends a partitioned table sends its partitions, and who sends a partition is reached by a change of its root.
# The view pg_publication_tables says that too, but waits for whoever keeps one of the tables to himself.
_TABLES = """
with recursive tree as (
    select n.nspname || '.' || c.relname as name, c.oid
      from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where n.nspname || '.' || c.relname = any(%(tables)s) and c.relkind in ('r', 'p') and c.relpersistence = 'p'
     union
    select tree.name, i.inhrelid from tree join pg_catalog.pg_inherits i on i.inhparent = tree.oid
), kin as (
    select name, oid from tree
     union
    select tree.name, above.relid from tree, pg_catalog.pg_partition_ancestors(tree.oid) as above
)
select distinct p.pubname, kin.name, {some_columns}
  from pg_catalog.pg_publication p
 cross join kin
  join pg_catalog.pg_class c on c.oid = kin.oid
  left join pg_catalog.pg_publication_rel r on r.prpubid = p.oid and r.prrelid = c.oid
 where p.puballtables or r.oid is not null or {by_schema}
"""
_SCHEMAS = """
select p.pubname, p.puballtables, {schemas}
  from pg_catalog.pg_publication p
 order by p.pubname
"""
_BEFORE_SCHEMAS = {"some_columns": "false", "by_schema": "false", "schemas": "'{}'::text[]"}
_WITH_SCHEMAS = {
    "some_columns": "r.prattrs is not null",
    "by_schema": "exists (select from pg_catalog.pg_publication_namespace s"
    " where s.pnpubid = p.oid and s.pnnspid = c.relnamespace)",
    "schemas": "array(select n.nspname::text from pg_catalog.pg_publication_namespace s"
    " join pg_catalog.pg_namespace n on n.oid = s.pnnspid where s.pnpubid = p.oid)",
}


def read_publications(connection: Connection, tables: Iterable[str]) -> tuple[Publication, ...]:
    """Say what each publication sends of these tables, by name as in `public.orders`, and of those still to come."""
    is_newer = connection.info.server_version >= _SCHEMAS_ARE_PUBLISHED_FROM
    parts = _WITH_SCHEMAS if is_newer else _BEFORE_SCHEMAS
    known = connection.execute(_SCHEMAS.format(**parts).encode()).fetchall()
    if not known:
        return ()
    wanted = {"tables": sorted(set(tables))}
    sent = connection.execute(_TABLES.format(**parts).encode(), wanted).fetchall()
    return tuple(
        Publication(
            name,
            frozenset(table for by, table, _ in sent if by == name),
            frozenset(table for by, table, has_list in sent if by == name and has_list),
            None if has_all else frozenset(schemas),
        )
        for name, has_all, schemas in known
    )
