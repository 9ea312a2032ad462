-- Extensions; plpgsql is in every database from the start.
select e.oid, 0, '', '', e.extname, '', 'extension', e.extversion, n.nspname
  from pg_extension e
  join pg_namespace n on n.oid = e.extnamespace
 where e.oid >= 16384
