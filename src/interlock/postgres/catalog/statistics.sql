-- Extended statistics.
select s.oid, 0, pg_get_userbyid(s.stxowner), n.nspname, s.stxname, '', 'statistics',
       pg_get_statisticsobjdef(s.oid) || coalesce(' (target ' || nullif(s.stxstattarget, -1) || ')', ''),
       'origin'
  from pg_statistic_ext s
  join pg_namespace n on n.oid = s.stxnamespace
 where s.oid >= 16384 and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
