-- Tables, ordinary and partitioned, that no extension owns.
select n.nspname                                                               as schema,
       c.relname                                                               as "table",
       case when c.relkind = 'p' then pg_catalog.pg_get_partkeydef(c.oid) end  as partition_key,
       (select string_agg(pg_catalog.quote_ident(pn.nspname) || '.' || pg_catalog.quote_ident(p.relname)
                          || coalesce(' ' || pg_catalog.pg_get_expr(c.relpartbound, c.oid), ''), ', ' order by h.inhseqno)
          from pg_catalog.pg_inherits h
          join pg_catalog.pg_class p on p.oid = h.inhparent
          join pg_catalog.pg_namespace pn on pn.oid = p.relnamespace
         where h.inhrelid = c.oid)                                             as part_of
  from pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  left join pg_catalog.pg_depend e
         on e.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and e.objid = c.oid and e.deptype = 'e'
 where c.relkind in ('r', 'p')
   and c.relpersistence <> 't'
   and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
   and e.objid is null
