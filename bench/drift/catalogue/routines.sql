-- function: dropped
-- Missing function
select schema, name as "table",
       format('drop function %s cascade', sql) as damage
  from routines
 where prokind = 'f';

-- function: another body
-- Altered function, definition
select schema, name as "table",
       format('%s', replace(definition, '$function$', '$function$ ')) as damage
  from routines
 where prokind = 'f' and definition ~ 'function' and language in ('sql', 'plpgsql');

-- function: another volatility
-- Altered function, volatility
select schema, name as "table",
       format('alter function %s %s', sql, case provolatile when 'v' then 'stable' else 'volatile' end) as damage
  from routines
 where prokind = 'f';

-- function: SECURITY DEFINER
-- Altered function, is_security_definer
select schema, name as "table",
       format('alter function %s security %s', sql, case when prosecdef then 'invoker' else 'definer' end) as damage
  from routines
 where prokind = 'f';

-- function: another setting
-- Altered function, settings
select schema, name as "table",
       format('alter function %s set work_mem = ''12MB''', sql) as damage
  from routines
 where prokind = 'f';

-- function: settings lost
-- Altered function, settings
select schema, name as "table",
       format('alter function %s reset all', sql) as damage
  from routines
 where prokind = 'f' and proconfig is not null;

-- function: STRICT
-- Altered function, definition
select schema, name as "table",
       format('alter function %s %s', sql, case when proisstrict then 'called on null input'
              else 'strict' end) as damage
  from routines
 where prokind = 'f' and language in ('sql', 'plpgsql');

-- function: PARALLEL
-- Altered function, definition
select schema, name as "table",
       format('alter function %s parallel %s', sql, case proparallel when 'u' then 'safe' else 'unsafe' end) as damage
  from routines
 where prokind = 'f';

-- function: LEAKPROOF
-- Altered function, definition
select schema, name as "table",
       format('alter function %s %s leakproof', sql, case when proleakproof then 'not' else '' end) as damage
  from routines
 where prokind = 'f';

-- function: another cost
-- Altered function, definition
select schema, name as "table",
       format('alter function %s cost 77', sql) as damage
  from routines
 where prokind = 'f';

-- function: another default of an argument
-- Altered function, definition
select schema, name as "table",
       format('%s', replace(definition, 'DEFAULT 2', 'DEFAULT 3')) as damage
  from routines
 where prokind = 'f' and definition ~ 'DEFAULT 2';

-- function: owner
-- Altered function, owner
select schema, name as "table",
       format('alter function %s owner to every_owner', sql) as damage
  from routines
 where prokind = 'f';

-- function: execute revoked
-- Altered function, grants
select schema, name as "table",
       format('revoke execute on function %s from public', sql) as damage
  from routines
 where prokind = 'f' and proacl is null;

-- function: comment
-- Altered function, comment
select schema, name as "table",
       format('comment on function %s is ''drift''', sql) as damage
  from routines
 where prokind = 'f';

-- function: extra overload
-- Unexpected function
select schema, name as "table",
       format('create function %I.%I(inet, cidr, macaddr) returns integer language sql as ''select 1''', schema,
              name) as damage
  from routines
 where prokind = 'f';

-- function: extra
-- Unexpected function
select name as schema, 'drift_extra' as "table",
       format('create function %I.drift_extra() returns integer language sql as ''select 1''', name) as damage
  from schemas;

-- procedure: dropped
-- Missing procedure
select schema, name as "table",
       format('drop procedure %s', sql) as damage
  from routines
 where prokind = 'p';

-- procedure: another body
-- Altered procedure, definition
select schema, name as "table",
       format('%s', replace(definition, '$procedure$', '$procedure$ ')) as damage
  from routines
 where prokind = 'p';

-- procedure: extra
-- Unexpected procedure
select name as schema, 'drift_extra' as "table",
       format('create procedure %I.drift_extra() language sql as ''select 1''', name) as damage
  from schemas;

-- aggregate: dropped
-- Missing aggregate
select schema, name as "table",
       format('drop aggregate %s', sql) as damage
  from routines
 where prokind = 'a';

-- aggregate: another initial value
-- Altered aggregate, definition
select schema, name as "table",
       format('update pg_aggregate set agginitval = ''7'' where aggfnoid = %s', oid) as damage
  from routines
 where prokind = 'a' and has_initial_value;

-- aggregate: extra
-- Unexpected aggregate
select name as schema, 'drift_extra' as "table",
       format('create aggregate %I.drift_extra (integer) (sfunc = int4pl, stype = integer)', name) as damage
  from schemas;
