-- What is granted on objects that are yet to be made.
select d.oid, 0, '', coalesce(n.nspname, ''),
       kind.name || ' of ' || pg_get_userbyid(d.defaclrole), '', 'default privileges',
       coalesce((select string_agg(entry, ', ' order by entry)
          from (select case e.grantee when 0 then 'PUBLIC' else quote_ident(pg_get_userbyid(e.grantee)) end || ': '
                       || string_agg(e.privilege_type || case when e.is_grantable then ' with grant option' else '' end,
                                     ', ' order by e.privilege_type)
                  from aclexplode(d.defaclacl) e
                 where d.defaclnamespace <> 0 or e.grantee <> d.defaclrole
                 group by e.grantee) as entries (entry)), ''),
       'origin'
  from pg_default_acl d
  left join pg_namespace n on n.oid = d.defaclnamespace
  cross join lateral (select case d.defaclobjtype when 'r' then 'tables' when 'S' then 'sequences'
                                                  when 'f' then 'routines' when 'T' then 'types'
                                                  when 'n' then 'schemas' else 'large objects' end as name) as kind
