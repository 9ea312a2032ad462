-- Constraints of tables and domains. From 18 on NOT NULL is in pg_constraint too (contype n): its names depend on
-- history, and the column says it already. What a table only inherits is its parent's, and its name depends on
-- history too.
select k.oid, 0, '', n.nspname, coalesce(c.relname, t.typname), k.conname,
       case when k.contypid <> 0 then 'domain constraint'
            else case k.contype when 'p' then 'primary key' when 'u' then 'unique constraint'
                                when 'f' then 'foreign key' when 'c' then 'check constraint'
                                else 'exclusion constraint' end end,
       pg_get_constraintdef(k.oid),
       k.convalidated,
       k.conenforced, -- from 18
       true, -- before 18
       k.condeferrable,
       k.condeferred,
       -- Keys are never passed on; only of a check is it a choice.
       k.contype <> 'c' or not k.connoinherit,
       coalesce(x.indisvalid and x.indisready and x.indislive, true),
       ic.reloptions
  from pg_constraint k
  left join pg_class c on c.oid = k.conrelid
  left join pg_type t on t.oid = k.contypid
  join pg_namespace n on n.oid = coalesce(c.relnamespace, t.typnamespace)
  left join pg_index x on x.indexrelid = k.conindid and k.contype in ('p', 'u', 'x')
  left join pg_class ic on ic.oid = x.indexrelid
 where k.contype in ('p', 'u', 'f', 'c', 'x') and k.oid >= 16384
   and k.conparentid = 0 and k.conislocal
   and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
