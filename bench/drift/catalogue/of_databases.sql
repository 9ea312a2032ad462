-- schema: owner
-- Altered schema, owner
select null as schema, name as "table",
       format('alter schema %I owner to every_owner', name) as damage
  from schemas
 where owner <> 'every_owner';

-- schema: comment
-- Altered schema, comment
select null as schema, name as "table",
       format('comment on schema %I is ''drift''', name) as damage
  from schemas;

-- schema: granted
-- Altered schema, grants
select null as schema, name as "table",
       format('grant create on schema %I to every_owner', name) as damage
  from schemas
 where owner <> 'every_owner';

-- schema: dropped
-- Missing schema
select null as schema, name as "table",
       format('drop schema %I cascade', name) as damage
  from schemas
 where name <> 'public';

-- schema: extra
-- Unexpected schema
select null as schema,
       'drift_extra' as "table", 'create schema drift_extra' as damage;

-- extension: dropped
-- Missing extension
select null as schema, name as "table",
       format('drop extension %I cascade', name) as damage
  from extensions;

-- extension: extra
-- Unexpected extension
select null as schema,
       'tablefunc' as "table", 'create extension tablefunc' as damage;

-- extension: in another schema
-- Altered extension, schema
select null as schema, name as "table",
       format('create schema drift_away; alter extension %I set schema drift_away', name) as damage
  from extensions
 where extrelocatable;

-- extension: another version
-- Altered extension, version
select null as schema, name as "table",
       format('update pg_extension set extversion = ''0.0'' where extname = %L', name) as damage
  from extensions;

-- event trigger: dropped
-- Missing event trigger
select null as schema, name as "table",
       format('drop event trigger %I', name) as damage
  from event_triggers;

-- event trigger: disabled
-- Altered event trigger, enabled
select null as schema, name as "table",
       format('alter event trigger %I disable', name) as damage
  from event_triggers
 where evtenabled = 'O';

-- event trigger: for other tags
-- Altered event trigger, definition
select null as schema, name as "table",
       format('update pg_event_trigger set evttags = ''{DROP TABLE}'' where evtname = %L', name) as damage
  from event_triggers
 where evttags is not null;

-- event trigger: extra
-- Unexpected event trigger
select null as schema,
       'drift_extra' as "table",
              'create function drift_ddl() returns event_trigger language plpgsql as ''begin end'';'
              ' create event trigger drift_extra on ddl_command_end execute function drift_ddl()' as damage;

-- publication: dropped
-- Missing publication
select null as schema, name as "table",
       format('drop publication %I', name) as damage
  from publications;

-- publication: without one of its tables
-- Altered publication, definition
select null as schema, name as "table",
       format('alter publication %I drop table %s', name, member) as damage
  from publications
 where member is not null;

-- publication: publishes other changes
-- Altered publication, definition
select null as schema, name as "table",
       format('alter publication %I set (publish = ''truncate'')', name) as damage
  from publications;

-- publication: without its row filter
-- Altered publication, definition
select null as schema, name as "table",
       format('alter publication %I set table %s', name, member) as damage
  from publications
 where has_filter;

-- publication: extra
-- Unexpected publication
select null as schema,
       'drift_extra' as "table", 'create publication drift_extra' as damage;

-- subscription: dropped
-- Missing subscription
select null as schema, name as "table",
       format('drop subscription %I', name) as damage
  from subscriptions;

-- subscription: another publication
-- Altered subscription, definition
select null as schema, name as "table",
       format('alter subscription %I set publication drift_other with (refresh = false)', name) as damage
  from subscriptions;

-- foreign server: dropped
-- Missing foreign server
select null as schema, name as "table",
       format('drop server %I cascade', name) as damage
  from servers;

-- foreign server: another option
-- Altered foreign server, definition
select null as schema, name as "table",
       format('alter server %I options (add application_name ''drift'')', name) as damage
  from servers;

-- foreign server: version
-- Altered foreign server, definition
select null as schema, name as "table",
       format('alter server %I version ''9.9''', name) as damage
  from servers;

-- foreign-data wrapper: another option
-- Altered foreign-data wrapper, definition
select null as schema, name as "table",
       format('alter foreign data wrapper %I options (add drift ''1'')', name) as damage
  from wrappers;

-- foreign-data wrapper: extra
-- Unexpected foreign-data wrapper
select null as schema,
       'drift_extra' as "table", 'create foreign data wrapper drift_extra' as damage;

-- user mapping: dropped
-- Missing user mapping
select null as schema, name as "table",
       format('drop user mapping for public server %I', name) as damage
  from mapped_servers;

-- language: dropped
-- Missing language
select null as schema, name as "table",
       format('drop language %I cascade', name) as damage
  from languages;

-- access method: dropped
-- Missing access method
select null as schema, name as "table",
       format('drop access method %I cascade', name) as damage
  from access_methods;

-- cast: dropped
-- Missing cast
select null as schema, null as "table",
       format('drop cast (%s as %s)', source, target) as damage
  from casts;

-- cast: another context
-- Altered cast, definition
select null as schema, null as "table",
       format('update pg_cast set castcontext = %L where oid = %s', case castcontext when 'i' then 'e' else 'i' end,
              oid) as damage
  from casts;

-- cast: extra
-- Unexpected cast
select null as schema, null as "table",
              'create cast (uuid as inet) with inout' as damage;

-- transform: dropped
-- Missing transform
select null as schema, null as "table",
       format('drop transform for %s language %I', type, language) as damage
  from transforms;

-- default privileges: extra
-- Unexpected default privileges
select name as schema, null as "table",
       format('alter default privileges in schema %I grant select on tables to every_owner', name) as damage
  from schemas;

-- default privileges: lost
-- Missing default privileges
select schema, null as "table",
       format('alter default privileges in schema %I revoke select on tables from "every reader"', schema) as damage
  from default_privileges
 where objtype = 'r';
