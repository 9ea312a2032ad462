-- Domains.
select t.oid, 0, pg_get_userbyid(t.typowner), n.nspname, t.typname, '', 'domain',
       format_type(t.typbasetype, t.typtypmod),
       not t.typnotnull,
       coalesce(pg_get_expr(t.typdefaultbin, 0), t.typdefault),
       case when t.typcollation <> b.typcollation then quote_ident(cn.nspname) || '.' || quote_ident(c.collname) end
  from pg_type t
  join pg_namespace n on n.oid = t.typnamespace
  join pg_type b on b.oid = t.typbasetype
  left join pg_collation c on c.oid = t.typcollation
  left join pg_namespace cn on cn.oid = c.collnamespace
 where t.typtype = 'd' and t.oid >= 16384 and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
