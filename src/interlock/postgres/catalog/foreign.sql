-- Foreign-data wrappers, servers, user mappings. Of a user mapping only whose it is; of the others no value of an
-- option that may be a secret.
with secret (pattern) as (values ('(password|passwd|secret|token|credential|private|access_?key|api_?key)'))
select w.oid, 0, pg_get_userbyid(w.fdwowner), '', w.fdwname, '', 'foreign-data wrapper',
       'CREATE FOREIGN DATA WRAPPER ' || quote_ident(w.fdwname)
       || coalesce(' HANDLER ' || nullif(w.fdwhandler::regproc::text, '-'), '')
       || coalesce(' VALIDATOR ' || nullif(w.fdwvalidator::regproc::text, '-'), '')
       || coalesce(' OPTIONS (' || (select string_agg(quote_ident(option_name) || ' '
                                           || case when option_name ~* pattern then '''***'''
                                                   else quote_literal(option_value) end, ', ' order by option_name)
                                      from pg_options_to_table(w.fdwoptions), secret) || ')', ''),
       'origin'
  from pg_foreign_data_wrapper w
 where w.oid >= 16384
union all
select s.oid, 0, pg_get_userbyid(s.srvowner), '', s.srvname, '', 'foreign server',
       'CREATE SERVER ' || quote_ident(s.srvname)
       || coalesce(' TYPE ' || quote_literal(s.srvtype), '') || coalesce(' VERSION ' || quote_literal(s.srvversion), '')
       || ' FOREIGN DATA WRAPPER ' || quote_ident(w.fdwname)
       || coalesce(' OPTIONS (' || (select string_agg(quote_ident(option_name) || ' '
                                           || case when option_name ~* pattern then '''***'''
                                                   else quote_literal(option_value) end, ', ' order by option_name)
                                      from pg_options_to_table(s.srvoptions), secret) || ')', ''),
       'origin'
  from pg_foreign_server s
  join pg_foreign_data_wrapper w on w.oid = s.srvfdw
 where s.oid >= 16384
union all
select m.umid, 0, '', '', m.srvname || ' for ' || m.usename, '', 'user mapping',
       'CREATE USER MAPPING FOR ' || case m.umuser when 0 then 'PUBLIC' else quote_ident(m.usename) end
       || ' SERVER ' || quote_ident(m.srvname),
       'origin'
  from pg_user_mappings m
 where m.umid >= 16384
