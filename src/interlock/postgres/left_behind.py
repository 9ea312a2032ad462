"""Roles that may use the tables of an application, and were not given the newest."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from interlock.postgres.session import Connection
from interlock.schema.name import Kind, Name

_KINDS = (Kind.TABLE, Kind.FOREIGN_TABLE, Kind.VIEW, Kind.MATERIALIZED_VIEW, Kind.SEQUENCE)

# Somebody granted all there was, once: so what a role may not use at all, and is newer than all that it was given, was
# most likely forgotten. What is older was kept from it; what everybody may use says nothing of it. A sequence matters
# where the role may insert into the table whose default asks it; that of an identity column needs no right.
_LEFT_BEHIND = """
with relations as (
    select c.oid, n.oid as schema_oid, n.nspname, c.relname, c.relkind, c.relowner, c.relacl, d.refobjid as of_table
      from rows from (pg_catalog.unnest(%s::text[]), pg_catalog.unnest(%s::text[])) as wanted (schema, name)
      join pg_catalog.pg_namespace n on n.nspname = wanted.schema
      join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = wanted.name
      left join pg_catalog.pg_depend d on d.objid = c.oid and d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                                      and d.deptype = 'a' and c.relkind = 'S'
     where c.relkind in ('r', 'p', 'v', 'm', 'f') or d.refobjid is not null
), given as (
    select distinct c.oid, a.grantee
      from relations c cross join lateral pg_catalog.aclexplode(c.relacl) a
     where a.grantee not in (0, c.relowner)
), roles as (
    select r.oid, r.rolname
      from pg_catalog.pg_roles r
     where r.rolcanlogin and not r.rolsuper
       and exists (select from given where pg_catalog.pg_has_role(r.oid, given.grantee, 'usage'))
       and pg_catalog.has_database_privilege(r.oid, pg_catalog.current_database(), 'connect')
), rights as (
    select r.rolname, c.*, c.relkind = 'S' as is_sequence,
           exists (select from given where given.oid = c.oid and pg_catalog.pg_has_role(r.oid, given.grantee, 'usage'))
               as is_given,
           pg_catalog.has_schema_privilege(r.oid, c.schema_oid, 'usage')
           and case when c.relkind = 'S' then pg_catalog.has_sequence_privilege(r.oid, c.oid, 'usage, update')
                    else pg_catalog.has_table_privilege(r.oid, c.oid, 'select, insert, update, delete')
                         or pg_catalog.has_any_column_privilege(r.oid, c.oid, 'select, insert, update') end as may_use
      from roles r cross join relations c
     where not pg_catalog.pg_has_role(r.oid, c.relowner, 'usage')
       and (c.of_table is null or pg_catalog.has_table_privilege(r.oid, c.of_table, 'insert'))
), sided as (
    select *, max(oid) filter (where is_given and may_use) over role as newest_given,
           count(*) filter (where is_given and may_use) over role as given
      from rights window role as (partition by rolname, is_sequence)
)
select rolname, is_sequence, given, count(*) filter (where oid < newest_given),
       array_agg(nspname || '.' || relname order by oid) filter (where oid > newest_given),
       (select whole.nspname || '.' || whole.relname from relations whole where whole.oid = newest_given)
  from sided
 where not may_use and given > 0
 group by rolname, is_sequence, given, newest_given
 order by rolname, is_sequence
"""


@dataclass(frozen=True, slots=True)
class LeftBehind:
    """What a role may not use, although it may use what is older."""

    role: str
    names: tuple[str, ...]
    are_sequences: bool


def find_left_behind(session: Connection, names: Iterable[Name], made: Iterable[Name] = ()) -> Iterator[LeftBehind]:
    """Find the roles that may log in, were given most of these tables and views, and may use none of the newest.

    `made` are those that were made just now: whoever was given most of the rest, and none of them, is found too.
    """
    wanted = [name for name in names if name.kind in _KINDS]
    new = {name.path for name in made}
    parameters = [[name.schema for name in wanted], [name.table for name in wanted]]
    for role, are_sequences, given, kept_from, newest, last_given in session.execute(_LEFT_BEHIND, parameters):
        are_new = newest and new.issuperset(newest) and last_given not in new
        if newest and given >= kept_from and (given >= len(newest) or are_new):
            yield LeftBehind(role, tuple(newest), are_sequences)
