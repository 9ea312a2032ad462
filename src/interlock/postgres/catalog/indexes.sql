-- Indexes that no constraint owns, and that are no partition's part of an index of its parent. One that is not ready counts as not valid: no query may use it.
select n.nspname                                         as schema,
       c.relname                                         as "table",
       i.relname                                         as item,
       pg_catalog.pg_get_indexdef(x.indexrelid)          as definition,
       x.indisunique                                     as is_unique,
       x.indisvalid and x.indisready and x.indislive     as is_valid
  from pg_catalog.pg_index x
  join pg_catalog.pg_class i on i.oid = x.indexrelid
  join pg_catalog.pg_class c on c.oid = x.indrelid
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  left join pg_catalog.pg_constraint k on k.conindid = x.indexrelid and k.contype in ('p', 'u', 'x')
  left join pg_catalog.pg_depend e
         on e.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and e.objid = c.oid and e.deptype = 'e'
 where c.relkind in ('r', 'p')
   and c.relpersistence <> 't'
   and k.oid is null
   and not i.relispartition
   and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
   and e.objid is null
