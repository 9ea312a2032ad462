-- Composite types that stand alone; each attribute as it is written in a create statement.
select t.oid, 0, pg_get_userbyid(t.typowner), n.nspname, t.typname, '', 'composite type',
       (select array_agg(quote_ident(a.attname) || ' ' || format_type(a.atttypid, a.atttypmod)
                          || case when a.attcollation <> b.typcollation
                                  then ' COLLATE ' || quote_ident(cn.nspname) || '.' || quote_ident(l.collname)
                                  else '' end
                          order by a.attnum)
          from pg_attribute a
          join pg_type b on b.oid = a.atttypid
          left join pg_collation l on l.oid = a.attcollation
          left join pg_namespace cn on cn.oid = l.collnamespace
         where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped),
       (select array_agg(quote_ident(a.attname) || ': ' || d.description order by a.attnum)
          from pg_attribute a
          join pg_description d on d.classoid = 'pg_class'::regclass and d.objoid = c.oid and d.objsubid = a.attnum
         where a.attrelid = c.oid)
  from pg_class c
  join pg_type t on t.oid = c.reltype
  join pg_namespace n on n.oid = c.relnamespace
 where c.relkind = 'c' and c.oid >= 16384 and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
