-- trigger: dropped
-- Missing trigger
select schema, "table", item,
       format('drop trigger %s on %s', trigger, sql) as damage
  from triggers;

-- trigger: disabled
-- Altered trigger, enabled
select schema, "table", item,
       format('alter table %s disable trigger %s', sql, trigger) as damage
  from triggers
 where tgenabled = 'O' and is_on_table;

-- trigger: enabled ALWAYS
-- Altered trigger, enabled
select schema, "table", item,
       format('alter table %s enable always trigger %s', sql, trigger) as damage
  from triggers
 where tgenabled <> 'A' and is_on_table;

-- trigger: another event
-- Altered trigger, definition
select schema, "table", item,
       format('drop trigger %s on %s; %s', trigger, sql, regexp_replace(definition,
              ' (BEFORE|AFTER) (INSERT|UPDATE)(?! OR)', ' \1 DELETE')) as damage
  from triggers
 where definition ~ ' (BEFORE|AFTER) (INSERT|UPDATE) ON' and definition !~ 'REFERENCING|WHEN';

-- trigger: without its condition
-- Altered trigger, definition
select schema, "table", item,
       format('drop trigger %s on %s; %s', trigger, sql, regexp_replace(definition, ' WHEN \(.*\) EXECUTE',
              ' EXECUTE')) as damage
  from triggers
 where definition ~ ' WHEN ';

-- trigger: comment
-- Altered trigger, comment
select schema, "table", item,
       format('comment on trigger %s on %s is ''drift''', trigger, sql) as damage
  from triggers;

-- trigger: extra
-- Unexpected trigger
select schema, name as "table", 'drift_extra' as item,
       format('create function drift_trigger() returns trigger language plpgsql as ''begin return new; end'';'
              ' create trigger drift_extra before insert on %s for each row execute function drift_trigger()',
              sql) as damage
  from plain;

-- rule: dropped
-- Missing rule
select schema, "table", item,
       format('drop rule %s on %s', rule, sql) as damage
  from rules;

-- rule: disabled
-- Altered rule, enabled
select schema, "table", item,
       format('alter table %s disable rule %s', sql, rule) as damage
  from rules
 where ev_enabled = 'O';

-- rule: another action
-- Altered rule, definition
select schema, "table", item,
       format('create or replace rule %s as on %s to %s do instead select 1', rule, event, sql) as damage
  from rules;

-- rule: extra
-- Unexpected rule
select schema, name as "table", 'drift_extra' as item,
       format('create rule drift_extra as on delete to %s do instead nothing', sql) as damage
  from plain;

-- policy: dropped
-- Missing policy
select schema, "table", item,
       format('drop policy %s on %s', policy, sql) as damage
  from policies;

-- policy: another condition
-- Altered policy, using
select schema, "table", item,
       format('alter policy %s on %s using (1 = 1)', policy, sql) as damage
  from policies
 where using_text is not null;

-- policy: another check
-- Altered policy, check
select schema, "table", item,
       format('alter policy %s on %s with check (1 = 1)', policy, sql) as damage
  from policies
 where check_text is not null;

-- policy: for another role
-- Altered policy, roles
select schema, "table", item,
       format('alter policy %s on %s to interlock', policy, sql) as damage
  from policies;

-- policy: permissive or restrictive
-- Altered policy, is_permissive
select schema, "table", item,
       format('update pg_policy set polpermissive = not polpermissive where oid = %s', oid) as damage
  from policies;

-- policy: extra
-- Unexpected policy
select schema, name as "table", 'drift_extra' as item,
       format('create policy drift_extra on %s using (true)', sql) as damage
  from plain;
