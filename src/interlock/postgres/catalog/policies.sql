-- Policies of row-level security.
select p.oid, 0, '', n.nspname, c.relname, p.polname, 'policy',
       case p.polcmd when 'r' then 'SELECT' when 'a' then 'INSERT' when 'w' then 'UPDATE' when 'd' then 'DELETE'
                     else 'ALL' end,
       p.polpermissive,
       (select array_agg(case role when 0 then 'PUBLIC' else quote_ident(pg_get_userbyid(role)) end)
          from unnest(p.polroles) as role),
       pg_get_expr(p.polqual, p.polrelid),
       pg_get_expr(p.polwithcheck, p.polrelid)
  from pg_policy p
  join pg_class c on c.oid = p.polrelid
  join pg_namespace n on n.oid = c.relnamespace
 where p.oid >= 16384 and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
