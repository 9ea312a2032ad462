"""Roles that may use the tables of an application, and were not given the newest."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from interlock.postgres.session import Connection
from interlock.schema.name import Kind, Name

_KINDS = (Kind.TABLE, Kind.FOREIGN_TABLE, Kind.VIEW, Kind.MATERIALIZED_VIEW, Kind.SEQUENCE)

# Somebody granted all there was, once: so what a role may not use at all, and is newer than all that it may, was most
# likely forgotten. What is older was kept from it. A sequence matters where the role may insert into the table whose
# default asks it; that of an identity column needs no right.
_LEFT_BEHIND = """
with relations as (
    select c.oid, n.oid as schema_oid, n.nspname, c.relname, c.relkind, c.relowner, d.refobjid as of_table
      from rows from (pg_catalog.unnest(%s::text[]), pg_catalog.unnest(%s::text[])) as wanted (schema, name)
      join pg_catalog.pg_namespace n on n.nspname = wanted.schema
      join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = wanted.name
      left join pg_catalog.pg_depend d on d.objid = c.oid and d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                                      and d.deptype = 'a' and c.relkind = 'S'
     where c.relkind in ('r', 'p', 'v', 'm', 'f') or d.refobjid is not null
), roles as (
    select r.oid, r.rolname
      from pg_catalog.pg_roles r
     where r.rolcanlogin and not r.rolsuper
       and pg_catalog.has_database_privilege(r.oid, pg_catalog.current_database(), 'connect')
), rights as (
    select r.rolname, c.*, c.relkind = 'S' as is_sequence,
           pg_catalog.has_schema_privilege(r.oid, c.schema_oid, 'usage')
           and case when c.relkind = 'S' then pg_catalog.has_sequence_privilege(r.oid, c.oid, 'usage, update')
                    else pg_catalog.has_table_privilege(r.oid, c.oid, 'select, insert, update, delete')
                         or pg_catalog.has_any_column_privilege(r.oid, c.oid, 'select, insert, update') end as may_use
      from roles r cross join relations c
     where not pg_catalog.pg_has_role(r.oid, c.relowner, 'usage')
       and (c.of_table is null or pg_catalog.has_table_privilege(r.oid, c.of_table, 'insert'))
), sided as (
    select *, max(oid) filter (where may_use) over role as newest_used,
           count(*) filter (where may_use) over role as used
      from rights window role as (partition by rolname, is_sequence)
)
select rolname, is_sequence, used, count(*) filter (where oid < newest_used),
       array_agg(nspname || '.' || relname order by oid) filter (where oid > newest_used)
  from sided
 where not may_use and used > 0
 group by rolname, is_sequence, used
 order by rolname, is_sequence
"""


@dataclass(frozen=True, slots=True)
class LeftBehind:
    """What a role may not use, although it may use what is older."""

    role: str
    names: tuple[str, ...]
    are_sequences: bool


def find_left_behind(session: Connection, names: Iterable[Name], made: Iterable[Name] = ()) -> Iterator[LeftBehind]:
    """Find the roles that may log in, may use most of these tables and views, and none of the newest.

    `made` are those that were made just now: whoever may use most of the rest, and none of them, is found too.
    """
    wanted = [name for name in names if name.kind in _KINDS]
    new = {name.path for name in made}
    parameters = [[name.schema for name in wanted], [name.table for name in wanted]]
    for role, are_sequences, used, kept_from, newest in session.execute(_LEFT_BEHIND, parameters):
        if newest and used >= kept_from and (used >= len(newest) or new.issuperset(newest)):
            yield LeftBehind(role, tuple(newest), are_sequences)
