-- Indexes that no constraint owns, and that are no partition's part of an index of its parent. One that is not ready
-- counts as not valid: no query may use it.
select x.indexrelid, 0, '', n.nspname, c.relname, i.relname, 'index',
       pg_get_indexdef(x.indexrelid),
       x.indisunique,
       x.indisvalid and x.indisready and x.indislive,
       am.amname,
       -- Its text stands in the definition: to print it once more takes a third of the time of this query.
       x.indpred is not null,
       not x.indnullsnotdistinct, -- from 15
       true, -- before 15
       ts.spcname
  from pg_index x
  join pg_class i on i.oid = x.indexrelid
  join pg_am am on am.oid = i.relam
  join pg_class c on c.oid = x.indrelid
  join pg_namespace n on n.oid = c.relnamespace
  left join pg_tablespace ts on ts.oid = i.reltablespace
 where c.relkind in ('r', 'p', 'm') and c.relpersistence <> 't'
   and not i.relispartition
   -- Joined, the planner would take what is left for one row.
   and x.indexrelid not in (select conindid from pg_constraint where contype in ('p', 'u', 'x'))
   and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
