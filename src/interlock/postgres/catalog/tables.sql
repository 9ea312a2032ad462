-- Tables: ordinary, partitioned, foreign.
select c.oid, 0, pg_get_userbyid(c.relowner), n.nspname, c.relname, '',
       case c.relkind when 'f' then 'foreign table' else 'table' end,
       case when c.relkind = 'p' then pg_get_partkeydef(c.oid) end,
       h.parents || coalesce(' ' || pg_get_expr(c.relpartbound, c.oid), ''),
       coalesce(h.is_detaching, false),
       case c.relpersistence when 'u' then 'unlogged' else 'permanent' end,
       c.relrowsecurity,
       c.relforcerowsecurity,
       case c.relreplident when 'd' then 'default' when 'n' then 'nothing' when 'f' then 'full'
            else coalesce('index ' || (select quote_ident(ic.relname) from pg_index x
                                         join pg_class ic on ic.oid = x.indexrelid
                                        where x.indrelid = c.oid and x.indisreplident), 'nothing') end,
       nullif(am.amname, 'heap'),
       coalesce(c.reloptions, f.ftoptions),
       t.reloptions,
       format_type(nullif(c.reloftype, 0), null),
       k.name,
       fs.srvname,
       ts.spcname
  from pg_class c
  join pg_namespace n on n.oid = c.relnamespace
  left join (select i.inhrelid,
                    string_agg(quote_ident(pn.nspname) || '.' || quote_ident(p.relname), ', ' order by i.inhseqno)
                        as parents,
                    bool_or(i.inhdetachpending) as is_detaching
               from pg_inherits i
               join pg_class p on p.oid = i.inhparent
               join pg_namespace pn on pn.oid = p.relnamespace
              group by i.inhrelid) h on h.inhrelid = c.oid
  left join pg_am am on am.oid = c.relam
  left join pg_class t on t.oid = c.reltoastrelid and t.reloptions is not null
  left join (select x.indrelid, ic.relname as name from pg_index x
               join pg_class ic on ic.oid = x.indexrelid
              where x.indisclustered) k on k.indrelid = c.oid
  left join pg_foreign_table f on f.ftrelid = c.oid
  left join pg_foreign_server fs on fs.oid = f.ftserver
  left join pg_tablespace ts on ts.oid = c.reltablespace
 where c.relkind in ('r', 'p', 'f') and c.relpersistence <> 't'
   and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
