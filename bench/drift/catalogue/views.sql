-- view: dropped
-- Missing view
select schema, name as "table",
       format('drop view %s cascade', sql) as damage
  from views;

-- view: extra
-- Unexpected view
select name as schema, 'drift_extra' as "table",
       format('create view %I.drift_extra as select 1 as one', name) as damage
  from schemas;

-- view: another query
-- Altered view, query
select schema, name as "table",
       format('create or replace view %s as select * from (%s) as changed offset 0', sql, body) as damage
  from views
 where not is_updated;

-- view: security_barrier
-- Altered view, options
select schema, name as "table",
       format('alter view %s set (security_barrier = %s)', sql, reloptions::text !~ 'barrier=true') as damage
  from views
 where reloptions is not null;

-- view: security_invoker
-- Altered view, options
select schema, name as "table",
       format('alter view %s set (security_invoker = true)', sql) as damage
  from views
 where coalesce(reloptions::text, '') !~ 'invoker';

-- view: check option lost
-- Altered view, options
select schema, name as "table",
       format('alter view %s reset (check_option)', sql) as damage
  from views
 where reloptions::text ~ 'check_option';

-- view: owner
-- Altered view, owner
select schema, name as "table",
       format('alter view %s owner to every_owner', sql) as damage
  from views;

-- view: granted
-- Altered view, grants
select schema, name as "table",
       format('grant insert on %s to every_owner', sql) as damage
  from views;

-- view: comment
-- Altered view, comment
select schema, name as "table",
       format('comment on view %s is ''drift''', sql) as damage
  from views;

-- view: default of a column lost
-- Altered column, default
select v.schema, v.name as "table", a.attname as item,
       format('alter view %s alter column %I drop default', v.sql, a.attname) as damage
  from views v join pg_attribute a on a.attrelid = v.oid and a.atthasdef;

-- materialized view: dropped
-- Missing materialized view
select schema, name as "table",
       format('drop materialized view %s cascade', sql) as damage
  from materialized;

-- materialized view: extra
-- Unexpected materialized view
select name as schema, 'drift_extra' as "table",
       format('create materialized view %I.drift_extra as select 1 as one', name) as damage
  from schemas;

-- materialized view: another query
-- Altered materialized view, query
select schema, name as "table",
       format('drop materialized view %s; create materialized view %1$s as select * from (%s) as changed offset 0',
              sql, body) as damage
  from materialized;

-- materialized view: storage parameter
-- Altered materialized view, options
select schema, name as "table",
       format('alter materialized view %s set (fillfactor = 55)', sql) as damage
  from materialized;
