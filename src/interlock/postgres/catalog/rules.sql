-- Rules; the one of a view that is its query is told by the view.
select w.oid, 0, '', n.nspname, c.relname, w.rulename, 'rule',
       pg_get_ruledef(w.oid),
       case w.ev_enabled when 'O' then 'origin' when 'R' then 'replica' when 'A' then 'always' else 'disabled' end
  from pg_rewrite w
  join pg_class c on c.oid = w.ev_class
  join pg_namespace n on n.oid = c.relnamespace
 where w.rulename <> '_RETURN' and w.oid >= 16384 and c.relpersistence <> 't'
   and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
