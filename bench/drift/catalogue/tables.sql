-- table: CLUSTER ON
-- Altered table, clustered_on
select schema, "table",
       format('alter table %s cluster on %I', sql, item) as damage
  from indexes
 where method = 'btree' and not indisclustered and not is_partial and not is_partitioned;

-- table: dropped
-- Missing table
select schema, name as "table",
       format('drop table %s cascade', sql) as damage
  from tables
 where not relispartition;

-- table: extra
-- Unexpected table
select name as schema, 'drift_extra' as "table",
       format('create table %I.drift_extra (id integer)', name) as damage
  from schemas;

-- table: renamed
-- Missing table
select schema, name as "table", 'drift_renamed' as new_name,
       format('alter table %s rename to drift_renamed', sql) as damage
  from plain;

-- table: in another schema
-- Missing table
select schema, name as "table",
       format('create schema drift_away; alter table %s set schema drift_away', sql) as damage
  from plain;

-- table: UNLOGGED
-- Altered table, persistence
select schema, name as "table",
       format('alter table %s set unlogged', sql) as damage
  from plain
 where relpersistence = 'p';

-- table: UNLOGGED made logged
-- Altered table, persistence
select schema, name as "table",
       format('alter table %s set logged', sql) as damage
  from plain
 where relpersistence = 'u';

-- table: storage parameter
-- Altered table, options
select schema, name as "table",
       format('alter table %s set (fillfactor = 55)', sql) as damage
  from plain;

-- table: storage parameter lost
-- Altered table, options
select schema, name as "table",
       format('alter table %s reset (fillfactor)', sql) as damage
  from plain
 where reloptions::text ~ 'fillfactor';

-- table: storage parameter of its TOAST table
-- Altered table, toast_options
select schema, name as "table",
       format('alter table %s set (toast.autovacuum_enabled = false)', sql) as damage
  from plain
 where reltoastrelid <> 0 and not exists (select from pg_class t where t.oid = reltoastrelid
              and t.reloptions is not null);

-- table: row-level security on
-- Altered table, row_security
select schema, name as "table",
       format('alter table %s enable row level security', sql) as damage
  from plain
 where not relrowsecurity;

-- table: row-level security off
-- Altered table, row_security
select schema, name as "table",
       format('alter table %s disable row level security', sql) as damage
  from plain
 where relrowsecurity;

-- table: row-level security forced
-- Altered table, forces_row_security
select schema, name as "table",
       format('alter table %s force row level security', sql) as damage
  from plain
 where not relforcerowsecurity;

-- table: replica identity
-- Altered table, replica_identity
select schema, name as "table",
       format('alter table %s replica identity full', sql) as damage
  from tables
 where relreplident <> 'f';

-- table: replica identity by an index lost
-- Altered table, replica_identity
select schema, name as "table",
       format('alter table %s replica identity default', sql) as damage
  from tables
 where relreplident = 'i';

-- table: owner
-- Altered table, owner
select schema, name as "table",
       format('alter table %s owner to every_owner', sql) as damage
  from plain
 where owner <> 'every_owner';

-- table: granted to a role
-- Altered table, grants
select schema, name as "table",
       format('grant select, insert on %s to every_owner', sql) as damage
  from tables
 where owner <> 'every_owner';

-- table: granted to everybody
-- Altered table, grants
select schema, name as "table",
       format('grant select on %s to public', sql) as damage
  from tables
 where relacl is null;

-- table: grant revoked
-- Altered table, grants
select schema, name as "table",
       format('revoke all on %s from "every reader"', sql) as damage
  from tables
 where relacl::text ~ 'every reader';

-- table: grant option added
-- Altered table, grants
select schema, name as "table",
       format('grant select on %s to "every reader" with grant option', sql) as damage
  from tables
 where relacl::text ~ 'every reader';

-- table: comment
-- Altered table, comment
select schema, name as "table",
       format('comment on table %s is ''drift''', sql) as damage
  from tables;

-- table: comment lost
-- Altered table, comment
select schema, name as "table",
       format('comment on table %s is null', sql) as damage
  from tables
 where obj_description(tables.oid, 'pg_class') is not null;

-- table: access method
-- Altered table, access_method
select schema, name as "table",
       format('create access method drift_heap type table handler heap_tableam_handler;'
              ' alter table %s set access method drift_heap', sql) as damage
  from plain;

-- table: no longer of its type
-- Altered table, of_type
select schema, name as "table",
       format('alter table %s not of', sql) as damage
  from tables
 where reloftype <> 0;

-- table: inheritance lost
-- Altered table, part_of
select schema, name as "table",
       format('alter table %s no inherit %s', sql, parent) as damage
  from children
 where not relispartition;

-- table: partition detached
-- Altered table, part_of
select schema, name as "table",
       format('alter table %s detach partition %s', parent, sql) as damage
  from children
 where relispartition;

-- table: partition of other bounds
-- Altered table, part_of
select schema, name as "table",
       format('alter table %s detach partition %s; alter table %1$s attach partition %2$s %s', parent, sql,
              replace(bounds, '2024-01-01', '2024-02-01')) as damage
  from children
 where relispartition and bounds ~ '^FOR VALUES FROM .*2024-01-01';

-- table: partition missing
-- Missing table
select schema, name as "table",
       format('drop table %s', sql) as damage
  from children
 where relispartition;
