-- Enum types with their labels in order. A type without labels is one too.
select n.nspname                                                                      as schema,
       t.typname                                                                      as "table",
       coalesce(array_agg(l.enumlabel::text order by l.enumsortorder)
                filter (where l.oid is not null), '{}')                               as labels
  from pg_catalog.pg_type t
  join pg_catalog.pg_namespace n on n.oid = t.typnamespace
  left join pg_catalog.pg_enum l on l.enumtypid = t.oid
  left join pg_catalog.pg_depend e
         on e.classid = 'pg_catalog.pg_type'::pg_catalog.regclass and e.objid = t.oid and e.deptype = 'e'
 where t.typtype = 'e'
   and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
   and e.objid is null
 group by n.nspname, t.typname
