-- Base types that somebody wrote in C. The array type of another one comes with it.
select t.oid, 0, pg_get_userbyid(t.typowner), n.nspname, t.typname, '', 'base type',
       case when not t.typisdefined then 'CREATE TYPE ' || t.oid::regtype
       else 'CREATE TYPE ' || t.oid::regtype || ' ('
            || concat_ws(', ',
                         'INPUT = ' || t.typinput::regproc,
                         'OUTPUT = ' || t.typoutput::regproc,
                         'RECEIVE = ' || nullif(t.typreceive::regproc::text, '-'),
                         'SEND = ' || nullif(t.typsend::regproc::text, '-'),
                         'TYPMOD_IN = ' || nullif(t.typmodin::regproc::text, '-'),
                         'TYPMOD_OUT = ' || nullif(t.typmodout::regproc::text, '-'),
                         'ANALYZE = ' || nullif(t.typanalyze::regproc::text, '-'),
                         'INTERNALLENGTH = ' || case t.typlen when -1 then 'VARIABLE' else t.typlen::text end,
                         case when t.typbyval then 'PASSEDBYVALUE' end,
                         'ALIGNMENT = ' || case t.typalign when 'c' then 'char' when 's' then 'int2'
                                                           when 'i' then 'int4' else 'double' end,
                         'STORAGE = ' || case t.typstorage when 'p' then 'plain' when 'e' then 'external'
                                                           when 'm' then 'main' else 'extended' end,
                         'CATEGORY = ' || quote_literal(t.typcategory::text),
                         case when t.typispreferred then 'PREFERRED = true' end,
                         'DEFAULT = ' || quote_literal(t.typdefault),
                         'ELEMENT = ' || nullif(format_type(nullif(t.typelem, 0), null), '-'),
                         'DELIMITER = ' || nullif(quote_literal(t.typdelim::text), ''','''))
            || ')' end,
       'origin'
  from pg_type t
  join pg_namespace n on n.oid = t.typnamespace
 where t.typtype in ('b', 'p') and t.oid >= 16384 and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
   and not exists (select from pg_type e where e.typarray = t.oid)
