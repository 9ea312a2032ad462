-- Range types. Their multirange types come with them.
select t.oid, 0, pg_get_userbyid(t.typowner), n.nspname, t.typname, '', 'range type',
       array_remove(array[
                 'subtype = ' || format_type(r.rngsubtype, null),
                 'subtype_opclass = ' || quote_ident(opn.nspname) || '.' || quote_ident(op.opcname),
                 'collation = ' || quote_ident(cn.nspname) || '.' || quote_ident(c.collname),
                 'canonical = ' || nullif(r.rngcanonical::regproc::text, '-'),
                 'subtype_diff = ' || nullif(r.rngsubdiff::regproc::text, '-'),
                 'multirange_type_name = ' || quote_ident(mn.nspname) || '.' || quote_ident(m.typname)], null)
  from pg_range r
  join pg_type t on t.oid = r.rngtypid
  join pg_namespace n on n.oid = t.typnamespace
  join pg_type s on s.oid = r.rngsubtype
  join pg_opclass op on op.oid = r.rngsubopc
  join pg_namespace opn on opn.oid = op.opcnamespace
  left join pg_collation c on c.oid = r.rngcollation and r.rngcollation <> s.typcollation
  left join pg_namespace cn on cn.oid = c.collnamespace
  left join pg_type m on m.oid = r.rngmultitypid
  left join pg_namespace mn on mn.oid = m.typnamespace
 where t.oid >= 16384 and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
