-- Text search: parsers, templates, dictionaries, configurations.
select p.oid, 0, '', n.nspname, p.prsname, '', 'text search parser',
       'CREATE TEXT SEARCH PARSER ' || quote_ident(n.nspname) || '.' || quote_ident(p.prsname) || ' ('
       || concat_ws(', ', 'START = ' || p.prsstart, 'GETTOKEN = ' || p.prstoken, 'END = ' || p.prsend,
                    'HEADLINE = ' || nullif(p.prsheadline::text, '-'), 'LEXTYPES = ' || p.prslextype) || ')',
       'origin'
  from pg_ts_parser p
  join pg_namespace n on n.oid = p.prsnamespace
 where p.oid >= 16384 and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
union all
select t.oid, 0, '', n.nspname, t.tmplname, '', 'text search template',
       'CREATE TEXT SEARCH TEMPLATE ' || quote_ident(n.nspname) || '.' || quote_ident(t.tmplname) || ' ('
       || concat_ws(', ', 'INIT = ' || nullif(t.tmplinit::text, '-'), 'LEXIZE = ' || t.tmpllexize) || ')',
       'origin'
  from pg_ts_template t
  join pg_namespace n on n.oid = t.tmplnamespace
 where t.oid >= 16384 and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
union all
select d.oid, 0, pg_get_userbyid(d.dictowner), n.nspname, d.dictname, '', 'text search dictionary',
       'CREATE TEXT SEARCH DICTIONARY ' || quote_ident(n.nspname) || '.' || quote_ident(d.dictname) || ' ('
       || concat_ws(', ', 'TEMPLATE = ' || quote_ident(tn.nspname) || '.' || quote_ident(t.tmplname), d.dictinitoption)
       || ')',
       'origin'
  from pg_ts_dict d
  join pg_namespace n on n.oid = d.dictnamespace
  join pg_ts_template t on t.oid = d.dicttemplate
  join pg_namespace tn on tn.oid = t.tmplnamespace
 where d.oid >= 16384 and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
union all
select c.oid, 0, pg_get_userbyid(c.cfgowner), n.nspname, c.cfgname, '', 'text search configuration',
       concat_ws(';' || chr(10),
                 'CREATE TEXT SEARCH CONFIGURATION ' || quote_ident(n.nspname) || '.' || quote_ident(c.cfgname)
                 || ' (PARSER = ' || quote_ident(pn.nspname) || '.' || quote_ident(p.prsname) || ')',
                 (select string_agg(mapping, ';' || chr(10) order by mapping)
                    from (select 'ALTER TEXT SEARCH CONFIGURATION ' || quote_ident(n.nspname) || '.'
                                 || quote_ident(c.cfgname) || ' ADD MAPPING FOR '
                                 || (select alias from ts_token_type(c.cfgparser) where tokid = m.maptokentype)
                                 || ' WITH ' || string_agg(m.mapdict::regdictionary::text, ', ' order by m.mapseqno)
                                 as mapping
                            from pg_ts_config_map m where m.mapcfg = c.oid
                           group by m.maptokentype) as mappings)),
       'origin'
  from pg_ts_config c
  join pg_namespace n on n.oid = c.cfgnamespace
  join pg_ts_parser p on p.oid = c.cfgparser
  join pg_namespace pn on pn.oid = p.prsnamespace
 where c.oid >= 16384 and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
