-- What users made and no query here reads: named, so that nobody takes it for compared.
select i.type || ' ' || i.identity
  from (select 'pg_class'::regclass, c.oid from pg_class c
          join pg_namespace n on n.oid = c.relnamespace
         where c.oid >= 16384 and c.relpersistence <> 't'
           and (c.relkind not in ('r', 'p', 'f', 'v', 'm', 'c', 'S', 'i', 'I', 't')
                or n.nspname in ('pg_catalog', 'information_schema'))
         union all
        select 'pg_proc'::regclass, p.oid from pg_proc p
          join pg_namespace n on n.oid = p.pronamespace
         where p.oid >= 16384
           and (p.prokind not in ('f', 'p', 'w', 'a') or n.nspname in ('pg_catalog', 'information_schema'))
         union all
        select 'pg_type'::regclass, t.oid from pg_type t
          join pg_namespace n on n.oid = t.typnamespace
         where t.oid >= 16384 and t.typrelid = 0
           and (t.typtype not in ('b', 'p', 'e', 'd', 'r', 'm') or n.nspname in ('pg_catalog', 'information_schema'))
           and not exists (select from pg_type e where e.typarray = t.oid)
       ) as object (class, oid)
 cross join lateral pg_identify_object(object.class, object.oid, 0) as i
 where not exists (select from pg_depend d
                    where d.classid = object.class and d.objid = object.oid and d.deptype = 'e'
                      and d.refclassid = 'pg_extension'::regclass)
union all
select 'security label of ' || i.type || ' ' || i.identity
  from pg_seclabel l
 cross join lateral pg_identify_object(l.classoid, l.objoid, l.objsubid) as i
