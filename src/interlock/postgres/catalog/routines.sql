-- Functions and procedures; those that come with a range type are told by it.
select p.oid, 0, pg_get_userbyid(p.proowner), n.nspname,
       p.proname || '(' || oidvectortypes(p.proargtypes) || ')', '',
       case p.prokind when 'p' then 'procedure' else 'function' end,
       pg_get_functiondef(p.oid),
       pg_get_function_result(p.oid),
       case p.provolatile when 'i' then 'immutable' when 's' then 'stable' else 'volatile' end,
       p.prosecdef,
       p.proconfig
  from pg_proc p
  join pg_namespace n on n.oid = p.pronamespace
 where p.prokind in ('f', 'p', 'w') and p.oid >= 16384 and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
   and not exists (select from pg_depend d
                    where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'i')
