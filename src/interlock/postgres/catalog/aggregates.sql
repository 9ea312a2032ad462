-- Aggregates: the server prints no statement for them.
select p.oid, 0, pg_get_userbyid(p.proowner), n.nspname,
       p.proname || '(' || oidvectortypes(p.proargtypes) || ')', '', 'aggregate',
       'CREATE AGGREGATE ' || quote_ident(n.nspname) || '.' || quote_ident(p.proname)
       || '(' || coalesce(nullif(pg_get_function_arguments(p.oid), ''), '*') || ') ('
       || concat_ws(', ',
                    'SFUNC = ' || a.aggtransfn,
                    'STYPE = ' || format_type(a.aggtranstype, null),
                    'SSPACE = ' || nullif(a.aggtransspace, 0),
                    'FINALFUNC = ' || nullif(a.aggfinalfn::text, '-'),
                    case when a.aggfinalextra then 'FINALFUNC_EXTRA' end,
                    'FINALFUNC_MODIFY = ' || case a.aggfinalmodify when 'r' then 'READ_ONLY' when 's' then 'SHAREABLE'
                                                                   else 'READ_WRITE' end,
                    'COMBINEFUNC = ' || nullif(a.aggcombinefn::text, '-'),
                    'SERIALFUNC = ' || nullif(a.aggserialfn::text, '-'),
                    'DESERIALFUNC = ' || nullif(a.aggdeserialfn::text, '-'),
                    'INITCOND = ' || quote_literal(a.agginitval),
                    'MSFUNC = ' || nullif(a.aggmtransfn::text, '-'),
                    'MINVFUNC = ' || nullif(a.aggminvtransfn::text, '-'),
                    'MSTYPE = ' || nullif(format_type(nullif(a.aggmtranstype, 0), null), '-'),
                    'MSSPACE = ' || nullif(a.aggmtransspace, 0),
                    'MFINALFUNC = ' || nullif(a.aggmfinalfn::text, '-'),
                    case when a.aggmfinalextra then 'MFINALFUNC_EXTRA' end,
                    'MINITCOND = ' || quote_literal(a.aggminitval),
                    'SORTOP = OPERATOR(' || quote_ident(son.nspname) || '.' || so.oprname || ')',
                    'PARALLEL = ' || case p.proparallel when 's' then 'SAFE' when 'r' then 'RESTRICTED'
                                                        else 'UNSAFE' end,
                    case when a.aggkind = 'h' then 'HYPOTHETICAL' end)
       || ')',
       pg_get_function_result(p.oid), 'immutable', false, null
  from pg_aggregate a
  join pg_proc p on p.oid = a.aggfnoid
  join pg_namespace n on n.oid = p.pronamespace
  left join pg_operator so on so.oid = a.aggsortop
  left join pg_namespace son on son.oid = so.oprnamespace
 where p.oid >= 16384 and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
