-- Triggers that somebody made; a partition's copy of one is its parent's.
select g.oid, 0, '', n.nspname, c.relname, g.tgname, 'trigger',
       pg_get_triggerdef(g.oid),
       case g.tgenabled when 'O' then 'origin' when 'R' then 'replica' when 'A' then 'always' else 'disabled' end
  from pg_trigger g
  join pg_class c on c.oid = g.tgrelid
  join pg_namespace n on n.oid = c.relnamespace
 where not g.tgisinternal and g.tgparentid = 0 and g.oid >= 16384 and c.relpersistence <> 't'
   and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
