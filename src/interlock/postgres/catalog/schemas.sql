-- Schemas of users. "public" is there from the start, and owned by whom initdb gave it to, by major: the superuser (10)
-- or pg_database_owner (6171). That is nobody's choice.
select n.oid, 0, case when n.oid = 2200 and n.nspowner in (10, 6171) then '' else pg_get_userbyid(n.nspowner) end, '', n.nspname, '', 'schema'
  from pg_namespace n
 where n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
