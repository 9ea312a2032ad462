-- What owners granted beyond the server's own rule, or took away from it; a line for each role and object, with the
-- name of the object in words where it can be of a kind that nothing else here reads.
with objects (class, oid, sub, kind, owner, acl) as (
       select 'pg_class', oid, 0, case relkind when 'S' then 's'::"char" else 'r' end, relowner, relacl
         from pg_class where relacl is not null and oid >= 16384
        union all
       select 'pg_class', a.attrelid, a.attnum, 'c', c.relowner, a.attacl
         from pg_attribute a join pg_class c on c.oid = a.attrelid
        where a.attacl is not null
        union all
       select 'pg_proc', oid, 0, 'f', proowner, proacl from pg_proc where proacl is not null and oid >= 16384
        union all
       select 'pg_namespace', oid, 0, 'n', nspowner, nspacl from pg_namespace where nspacl is not null and oid >= 16384
        union all
       select 'pg_namespace', oid, 0, 'n', nspowner, coalesce(nspacl, acldefault('n', nspowner))
         from pg_namespace where oid = 2200
        union all
       select 'pg_type', oid, 0, 'T', typowner, typacl from pg_type where typacl is not null and oid >= 16384
        union all
       select 'pg_language', oid, 0, 'l', lanowner, lanacl from pg_language where lanacl is not null and oid >= 16384
        union all
       select 'pg_foreign_data_wrapper', oid, 0, 'F', fdwowner, fdwacl
         from pg_foreign_data_wrapper where fdwacl is not null and oid >= 16384
        union all
       select 'pg_foreign_server', oid, 0, 'S', srvowner, srvacl
         from pg_foreign_server where srvacl is not null and oid >= 16384
), usual as (
       select *, acldefault(kind, owner)
                 -- Everybody may use "public".
                 || case when class = 'pg_namespace' and oid = 2200
                         then array[makeaclitem(0, owner, 'USAGE', false)] else '{}' end as usual
         from objects
), compared as (
       select o.class, o.oid, o.sub, o.kind, o.owner, e.is_revoked, e.grantee, e.privilege_type, e.is_grantable
         from usual o
        cross join lateral (
              (select false, grantee, privilege_type, is_grantable from aclexplode(o.acl)
               except
               select false, grantee, privilege_type, is_grantable
                 from aclexplode(o.usual))
               union all
              (select true, grantee, privilege_type, is_grantable
                 from aclexplode(o.usual)
               except
               select true, grantee, privilege_type, is_grantable from aclexplode(o.acl))
              ) as e (is_revoked, grantee, privilege_type, is_grantable)
        -- Up to 14 everybody may create in "public" too, and keeps that right in an upgraded database; and whose it
        -- is differs by major.
        where not (o.class = 'pg_namespace' and o.oid = 2200
                   and (e.grantee in (10, 6171, o.owner) or (e.grantee = 0 and e.privilege_type = 'CREATE')))
)
select class, oid, sub,
       case when is_revoked then 'not ' else '' end
       || case grantee when 0 then 'PUBLIC' when owner then 'owner' else quote_ident(pg_get_userbyid(grantee)) end || ': '
       -- All there are on this server, of which later majors have more.
       || case when count(*) = (select count(*) from aclexplode(acldefault(kind, owner)) where grantee = owner)
               then 'ALL' else string_agg(privilege_type, ', ' order by privilege_type) end
       || case when is_grantable then ' with grant option' else '' end,
       case when class <> 'pg_class'
            then (select i.type || ' ' || i.identity from pg_identify_object(class::regclass, oid, sub) as i
                   where i.identity !~ '\mpg_temp(_\d+)?\.') end
  from compared
 group by class, oid, sub, kind, owner, is_revoked, grantee, is_grantable
