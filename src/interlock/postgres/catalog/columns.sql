-- Columns of tables and views.
select a.attrelid, a.attnum, '', n.nspname, c.relname, a.attname, 'column',
       format_type(a.atttypid, a.atttypmod),
       not a.attnotnull,
       -- Only that of a generated column speaks of others. To print them the server opens the table, which takes most of
       -- the time, and a lock.
       case when a.attgenerated = '' then pg_get_expr(d.adbin, 0) else pg_get_expr(d.adbin, d.adrelid) end,
       -- Both are "char"; at most one of them is set.
       a.attidentity::text || a.attgenerated::text,
       case when a.attcollation <> t.typcollation then quote_ident(ln.nspname) || '.' || quote_ident(l.collname) end,
       case when a.attstorage <> t.typstorage
            then case a.attstorage when 'p' then 'plain' when 'e' then 'external' when 'm' then 'main'
                                   else 'extended' end end,
       case a.attcompression when 'p' then 'pglz' when 'l' then 'lz4' end,
       nullif(a.attstattarget, -1),
       coalesce(a.attoptions, a.attfdwoptions),
       -- Few are odd, so they are looked up, and not joined.
       (a.attrelid, a.attnum) not in (select conrelid, conkey[1] from pg_constraint -- from 18
                                       where contype = 'n' and not convalidated), -- from 18
       (a.attrelid, a.attnum) not in (select conrelid, conkey[1] from pg_constraint -- from 18
                                       where contype = 'n' and connoinherit), -- from 18
       true, -- before 18
       true, -- before 18
       not a.attislocal
  from pg_attribute a
  join pg_class c on c.oid = a.attrelid
  join pg_namespace n on n.oid = c.relnamespace
  join pg_type t on t.oid = a.atttypid
  left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
  left join pg_collation l on l.oid = a.attcollation
  left join pg_namespace ln on ln.oid = l.collnamespace
 -- No oid here, nor in the queries of tables, indexes and grants: the planner would take it for a few rows.
 where c.relkind in ('r', 'p', 'f', 'v', 'm') and c.relpersistence <> 't'
   and a.attnum > 0 and not a.attisdropped
   and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
