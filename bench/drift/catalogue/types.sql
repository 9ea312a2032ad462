-- enum: label added
-- Altered enum, labels
select schema, name as "table",
       format('alter type %s add value ''drift''', sql) as damage
  from enums;

-- enum: label added before the first
-- Altered enum, labels
select schema, name as "table",
       format('alter type %s add value ''drift'' before %L', sql, labels[1]) as damage
  from enums
 where cardinality(labels) > 0;

-- enum: label renamed
-- Altered enum, labels
select schema, name as "table",
       format('alter type %s rename value %L to ''drift''', sql, labels[1]) as damage
  from enums
 where cardinality(labels) > 0;

-- enum: label missing
-- Altered enum, labels
select schema, name as "table",
       format('delete from pg_enum where enumtypid = %s and enumlabel = %L', oid, labels[cardinality(labels)]) as damage
  from enums
 where cardinality(labels) > 1;

-- enum: labels in another order
-- Altered enum, labels
select schema, name as "table",
       format('update pg_enum set enumsortorder = 100 - enumsortorder where enumtypid = %s', oid) as damage
  from enums
 where cardinality(labels) > 1;

-- enum: dropped
-- Missing enum
select schema, name as "table",
       format('drop type %s cascade', sql) as damage
  from enums;

-- enum: extra
-- Unexpected enum
select name as schema, 'drift_extra' as "table",
       format('create type %I.drift_extra as enum (''a'', ''b'')', name) as damage
  from schemas;

-- enum: renamed
-- Missing enum
select schema, name as "table", 'drift_renamed' as new_name,
       format('alter type %s rename to drift_renamed', sql) as damage
  from enums;

-- domain: dropped
-- Missing domain
select schema, name as "table",
       format('drop domain %s cascade', sql) as damage
  from domains;

-- domain: extra
-- Unexpected domain
select name as schema, 'drift_extra' as "table",
       format('create domain %I.drift_extra as integer check (value > 0)', name) as damage
  from schemas;

-- domain: check lost
-- Missing domain constraint
select schema, name as "table", check_name as item,
       format('alter domain %s drop constraint %I', sql, check_name) as damage
  from domains
 where check_name is not null;

-- domain: check added
-- Unexpected domain constraint
select schema, name as "table", 'drift_extra' as item,
       format('alter domain %s add constraint drift_extra check (value is not null or 1 = 1)', sql) as damage
  from domains
 where 'drift_extra' is not null;

-- domain: check validated
-- Altered domain constraint, is_validated
select schema, name as "table", unchecked as item,
       format('alter domain %s validate constraint %I', sql, unchecked) as damage
  from domains
 where unchecked is not null;

-- domain: default
-- Altered domain, default
select schema, name as "table",
       format('alter domain %s set default null::%s', sql, type) as damage
  from domains;

-- domain: NOT NULL
-- Altered domain, nullable
select schema, name as "table",
       format('alter domain %s %s not null', sql, case when typnotnull then 'drop' else 'set' end) as damage
  from domains;

-- composite type: dropped
-- Missing composite type
select schema, name as "table",
       format('drop type %s cascade', sql) as damage
  from composites;

-- composite type: extra
-- Unexpected composite type
select name as schema, 'drift_extra' as "table",
       format('create type %I.drift_extra as (a integer, b text)', name) as damage
  from schemas;

-- composite type: attribute added
-- Altered composite type, attributes
select schema, name as "table",
       format('alter type %s add attribute drift_extra integer cascade', sql) as damage
  from composites;

-- composite type: attribute lost
-- Altered composite type, attributes
select schema, name as "table",
       format('alter type %s drop attribute %I cascade', sql, attributes[1]) as damage
  from composites
 where cardinality(attributes) > 0;

-- composite type: attribute of another type
-- Altered composite type, attributes
select schema, name as "table",
       format('alter type %s alter attribute %I type varchar(77) cascade', sql, attributes[1]) as damage
  from free_composites
 where cardinality(attributes) > 0;

-- composite type: attribute renamed
-- Altered composite type, attributes
select schema, name as "table",
       format('alter type %s rename attribute %I to drift_renamed cascade', sql, attributes[1]) as damage
  from composites
 where cardinality(attributes) > 0;

-- range type: dropped
-- Missing range type
select schema, name as "table",
       format('drop type %s cascade', sql) as damage
  from ranges;

-- range type: extra
-- Unexpected range type
select name as schema, 'drift_extra' as "table",
       format('create type %I.drift_extra as range (subtype = integer)', name) as damage
  from schemas;

-- range type: without its difference function
-- Altered range type, options
select schema, name as "table",
       format('update pg_range set rngsubdiff = 0 where rngtypid = %s', oid) as damage
  from ranges
 where rngsubdiff <> 0;

-- enum: owner
-- Altered enum, owner
select schema, name as "table",
       format('alter type %s owner to every_owner', sql) as damage
  from enums
 where owner <> 'every_owner';

-- enum: comment
-- Altered enum, comment
select schema, name as "table",
       format('comment on type %s is ''drift''', sql) as damage
  from enums;

-- domain: owner
-- Altered domain, owner
select schema, name as "table",
       format('alter type %s owner to every_owner', sql) as damage
  from domains
 where owner <> 'every_owner';

-- domain: comment
-- Altered domain, comment
select schema, name as "table",
       format('comment on type %s is ''drift''', sql) as damage
  from domains;

-- composite type: owner
-- Altered composite type, owner
select schema, name as "table",
       format('alter type %s owner to every_owner', sql) as damage
  from composites
 where owner <> 'every_owner';

-- composite type: comment
-- Altered composite type, comment
select schema, name as "table",
       format('comment on type %s is ''drift''', sql) as damage
  from composites;

-- range type: owner
-- Altered range type, owner
select schema, name as "table",
       format('alter type %s owner to every_owner', sql) as damage
  from ranges
 where owner <> 'every_owner';

-- range type: comment
-- Altered range type, comment
select schema, name as "table",
       format('comment on type %s is ''drift''', sql) as damage
  from ranges;

-- enum: usage revoked
-- Altered enum, grants
select schema, name as "table",
       format('revoke usage on type %s from public', sql) as damage
  from enums
 where typacl is null;
