-- Columns of the tables in tables.sql.
select n.nspname                                         as schema,
       c.relname                                         as "table",
       a.attname                                         as item,
       pg_catalog.format_type(a.atttypid, a.atttypmod)   as type,
       not a.attnotnull                                  as nullable,
       pg_catalog.pg_get_expr(d.adbin, d.adrelid)        as "default",
       -- Both are "char"; at most one of them is set.
       a.attidentity::text || a.attgenerated::text       as filled_by
  from pg_catalog.pg_attribute a
  join pg_catalog.pg_class c on c.oid = a.attrelid
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
  left join pg_catalog.pg_depend e
         on e.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and e.objid = c.oid and e.deptype = 'e'
 where c.relkind in ('r', 'p')
   and c.relpersistence <> 't'
   and a.attnum > 0 and not a.attisdropped
   and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
   and e.objid is null
