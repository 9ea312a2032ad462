-- Comments on what users made, and on the schema "public": what is commented, in which of its attributes the comment is
-- kept, and its name in words where it can be of a kind that nothing else here reads.
select coalesce(o.class, d.classoid)::regclass, coalesce(o.oid, d.objoid), coalesce(o.sub, d.objsubid),
       coalesce(o.attribute, 'comment'), d.description,
       case when d.classoid <> 'pg_class'::regclass or c.relkind not in ('r', 'p', 'f', 'v', 'm', 'S')
            then (select i.type || ' ' || i.identity
                    from pg_identify_object(d.classoid, d.objoid, d.objsubid) as i
                   where i.identity !~ '\mpg_temp(_\d+)?\.') end
  from pg_description d
  left join pg_class c on d.classoid = 'pg_class'::regclass and c.oid = d.objoid
  left join (
       -- The index behind a constraint is told by that, NOT NULL (a constraint from 18 on) by its column.
       select 'pg_class'::regclass as named, conindid as number,
              'pg_constraint'::regclass as class, oid, 0 as sub, 'index_comment' as attribute
         from pg_constraint where contype in ('p', 'u', 'x')
        union all
       select 'pg_constraint'::regclass, oid, 'pg_class'::regclass, conrelid, conkey[1], 'not_null_comment'
         from pg_constraint where contype = 'n' and conrelid <> 0
       ) as o on o.named = d.classoid and o.number = d.objoid
 where (d.objoid >= 16384 or (d.classoid = 'pg_namespace'::regclass and d.objoid = 2200))
   and c.relpersistence is distinct from 't' and c.relkind is distinct from 'c'
