-- Schemas of users. "public" is there from the start, and not theirs before they change it.
select n.oid, 0, pg_get_userbyid(n.nspowner), '', n.nspname, '', 'schema'
  from pg_namespace n
 where n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
