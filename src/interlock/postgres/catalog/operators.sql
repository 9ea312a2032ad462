-- Operators, operator families and classes, casts, conversions, transforms, languages, access methods, collations.
select o.oid, 0, pg_get_userbyid(o.oprowner), n.nspname,
       o.oprname || '(' || coalesce(format_type(nullif(o.oprleft, 0), null), 'none') || ', '
       || coalesce(format_type(nullif(o.oprright, 0), null), 'none') || ')', '', 'operator',
       'CREATE OPERATOR ' || quote_ident(n.nspname) || '.' || o.oprname || ' ('
       || concat_ws(', ', 'FUNCTION = ' || o.oprcode::regproc,
                    'LEFTARG = ' || nullif(format_type(nullif(o.oprleft, 0), null), '-'),
                    'RIGHTARG = ' || nullif(format_type(nullif(o.oprright, 0), null), '-'),
                    'COMMUTATOR = OPERATOR(' || quote_ident(comn.nspname) || '.' || com.oprname || ')',
                    'NEGATOR = OPERATOR(' || quote_ident(negn.nspname) || '.' || neg.oprname || ')',
                    'RESTRICT = ' || nullif(o.oprrest::regproc::text, '-'),
                    'JOIN = ' || nullif(o.oprjoin::regproc::text, '-'),
                    case when o.oprcanhash then 'HASHES' end,
                    case when o.oprcanmerge then 'MERGES' end)
       || ')',
       'origin'
  from pg_operator o
  join pg_namespace n on n.oid = o.oprnamespace
  left join pg_operator com on com.oid = o.oprcom
  left join pg_namespace comn on comn.oid = com.oprnamespace
  left join pg_operator neg on neg.oid = o.oprnegate
  left join pg_namespace negn on negn.oid = neg.oprnamespace
 where o.oid >= 16384 and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
union all
select f.oid, 0, pg_get_userbyid(f.opfowner), n.nspname, f.opfname || ' using ' || am.amname, '', 'operator family',
       concat_ws(chr(10), 'CREATE OPERATOR FAMILY ' || quote_ident(n.nspname) || '.' || quote_ident(f.opfname)
                          || ' USING ' || quote_ident(am.amname),
                 (select string_agg('OPERATOR ' || e.amopstrategy || ' ' || e.amopopr::regoperator, chr(10)
                                    order by e.amopstrategy, e.amopopr::regoperator::text)
                    from pg_amop e where e.amopfamily = f.oid),
                 (select string_agg('FUNCTION ' || e.amprocnum || ' ' || e.amproc::regprocedure, chr(10)
                                    order by e.amprocnum, e.amproc::regprocedure::text)
                    from pg_amproc e where e.amprocfamily = f.oid)),
       'origin'
  from pg_opfamily f
  join pg_namespace n on n.oid = f.opfnamespace
  join pg_am am on am.oid = f.opfmethod
 where f.oid >= 16384 and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
union all
select o.oid, 0, pg_get_userbyid(o.opcowner), n.nspname, o.opcname || ' using ' || am.amname, '', 'operator class',
       'CREATE OPERATOR CLASS ' || quote_ident(n.nspname) || '.' || quote_ident(o.opcname)
       || case when o.opcdefault then ' DEFAULT' else '' end || ' FOR TYPE ' || format_type(o.opcintype, null)
       || ' USING ' || quote_ident(am.amname) || ' FAMILY ' || quote_ident(fn.nspname) || '.' || quote_ident(f.opfname)
       || ' AS ' || concat_ws(', ',
              (select string_agg('OPERATOR ' || e.amopstrategy || ' ' || e.amopopr::regoperator, ', '
                                 order by e.amopstrategy)
                 from pg_amop e
                 join pg_depend d on d.classid = 'pg_amop'::regclass and d.objid = e.oid and d.deptype = 'i'
                                 and d.refclassid = 'pg_opclass'::regclass and d.refobjid = o.oid),
              (select string_agg('FUNCTION ' || e.amprocnum || ' (' || format_type(e.amproclefttype, null) || ', '
                                 || format_type(e.amprocrighttype, null) || ') ' || e.amproc::regprocedure, ', '
                                 order by e.amprocnum)
                 from pg_amproc e
                 join pg_depend d on d.classid = 'pg_amproc'::regclass and d.objid = e.oid and d.deptype = 'i'
                                 and d.refclassid = 'pg_opclass'::regclass and d.refobjid = o.oid),
              'STORAGE ' || format_type(nullif(coalesce(nullif(o.opckeytype, 0), o.opcintype), 0), null)),
       'origin'
  from pg_opclass o
  join pg_namespace n on n.oid = o.opcnamespace
  join pg_am am on am.oid = o.opcmethod
  join pg_opfamily f on f.oid = o.opcfamily
  join pg_namespace fn on fn.oid = f.opfnamespace
 where o.oid >= 16384 and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
union all
select c.oid, 0, '', '', format_type(c.castsource, null) || ' as ' || format_type(c.casttarget, null), '', 'cast',
       'CREATE CAST (' || format_type(c.castsource, null) || ' AS ' || format_type(c.casttarget, null) || ') '
       || case c.castmethod when 'f' then 'WITH FUNCTION ' || c.castfunc::regprocedure
                            when 'i' then 'WITH INOUT' else 'WITHOUT FUNCTION' end
       || case c.castcontext when 'a' then ' AS ASSIGNMENT' when 'i' then ' AS IMPLICIT' else '' end,
       'origin'
  from pg_cast c
 where c.oid >= 16384
   and not exists (select from pg_depend d
                    where d.classid = 'pg_cast'::regclass and d.objid = c.oid and d.deptype = 'i')
union all
select c.oid, 0, pg_get_userbyid(c.conowner), n.nspname, c.conname, '', 'conversion',
       'CREATE ' || case when c.condefault then 'DEFAULT ' else '' end || 'CONVERSION ' || quote_ident(n.nspname)
       || '.' || quote_ident(c.conname) || ' FOR ' || quote_literal(pg_encoding_to_char(c.conforencoding)) || ' TO '
       || quote_literal(pg_encoding_to_char(c.contoencoding)) || ' FROM ' || c.conproc::regproc,
       'origin'
  from pg_conversion c
  join pg_namespace n on n.oid = c.connamespace
 where c.oid >= 16384 and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
union all
select t.oid, 0, '', '', format_type(t.trftype, null) || ' in ' || l.lanname, '', 'transform',
       'CREATE TRANSFORM FOR ' || format_type(t.trftype, null) || ' LANGUAGE ' || quote_ident(l.lanname) || ' ('
       || concat_ws(', ', 'FROM SQL WITH FUNCTION ' || nullif(t.trffromsql::regprocedure::text, '-'),
                    'TO SQL WITH FUNCTION ' || nullif(t.trftosql::regprocedure::text, '-')) || ')',
       'origin'
  from pg_transform t
  join pg_language l on l.oid = t.trflang
 where t.oid >= 16384
union all
select l.oid, 0, pg_get_userbyid(l.lanowner), '', l.lanname, '', 'language',
       'CREATE ' || case when l.lanpltrusted then 'TRUSTED ' else '' end || 'LANGUAGE ' || quote_ident(l.lanname)
       || ' HANDLER ' || l.lanplcallfoid::regproc || coalesce(' INLINE ' || nullif(l.laninline::regproc::text, '-'), '')
       || coalesce(' VALIDATOR ' || nullif(l.lanvalidator::regproc::text, '-'), ''),
       'origin'
  from pg_language l
 where l.oid >= 16384 and l.lanispl
union all
select a.oid, 0, '', '', a.amname, '', 'access method',
       'CREATE ACCESS METHOD ' || quote_ident(a.amname) || ' TYPE '
       || case a.amtype when 't' then 'TABLE' else 'INDEX' end || ' HANDLER ' || a.amhandler::regproc,
       'origin'
  from pg_am a
 where a.oid >= 16384
union all
select c.oid, 0, pg_get_userbyid(c.collowner), n.nspname, c.collname, '', 'collation',
       'CREATE COLLATION ' || quote_ident(n.nspname) || '.' || quote_ident(c.collname) || ' ('
       || concat_ws(', ', 'provider = ' || case c.collprovider when 'i' then 'icu' when 'b' then 'builtin' else 'libc' end,
                    'locale = ' || quote_literal(coalesce(c.colllocale, c.collcollate)), -- from 17
                    'locale = ' || quote_literal(coalesce(c.colliculocale, c.collcollate)), -- only 15 16
                    'locale = ' || quote_literal(c.collcollate), -- before 15
                    'lc_ctype = ' || quote_literal(nullif(c.collctype, c.collcollate)),
                    'rules = ' || quote_literal(c.collicurules), -- from 16
                    case when not c.collisdeterministic then 'deterministic = false' end) || ')',
       'origin'
  from pg_collation c
  join pg_namespace n on n.oid = c.collnamespace
 where c.oid >= 16384 and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
