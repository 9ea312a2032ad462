-- Views, ordinary and materialized.
select c.oid, 0, pg_get_userbyid(c.relowner), n.nspname, c.relname, '',
       case c.relkind when 'm' then 'materialized view' else 'view' end,
       pg_get_viewdef(c.oid),
       c.reloptions,
       nullif(am.amname, 'heap'),
       (select ic.relname from pg_index x join pg_class ic on ic.oid = x.indexrelid
         where x.indrelid = c.oid and x.indisclustered),
       ts.spcname
  from pg_class c
  join pg_namespace n on n.oid = c.relnamespace
  left join pg_am am on am.oid = c.relam
  left join pg_tablespace ts on ts.oid = c.reltablespace
 where c.relkind in ('v', 'm') and c.oid >= 16384 and c.relpersistence <> 't'
   and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
