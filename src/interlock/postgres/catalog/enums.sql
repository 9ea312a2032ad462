-- Enum types with their labels in order. A type without labels is one too.
select t.oid, 0, pg_get_userbyid(t.typowner), n.nspname, t.typname, '', 'enum',
       array_agg(l.enumlabel::text order by l.enumsortorder) filter (where l.oid is not null)
  from pg_type t
  join pg_namespace n on n.oid = t.typnamespace
  left join pg_enum l on l.enumtypid = t.oid
 where t.typtype = 'e' and t.oid >= 16384 and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
 group by t.oid, t.typowner, n.nspname, t.typname
