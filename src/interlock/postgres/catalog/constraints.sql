-- Primary keys, unique constraints and foreign keys. From 18 on NOT NULL is in pg_constraint too (contype n):
-- its names depend on history, and the column says it already. A partition's copy of a constraint of its parent is
-- as the parent's, and its name depends on history too.
select n.nspname                                  as schema,
       c.relname                                  as "table",
       k.conname                                  as item,
       k.contype::text                            as kind,
       pg_catalog.pg_get_constraintdef(k.oid)     as definition
  from pg_catalog.pg_constraint k
  join pg_catalog.pg_class c on c.oid = k.conrelid
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  left join pg_catalog.pg_depend e
         on e.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and e.objid = c.oid and e.deptype = 'e'
 where k.contype in ('p', 'u', 'f')
   and k.conparentid = 0
   and c.relkind in ('r', 'p')
   and c.relpersistence <> 't'
   and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
   and e.objid is null
