-- sequence: another increment
-- Altered sequence, increment
select schema, name as "table",
       format('alter sequence %s increment by 17', sql) as damage
  from sequences
 where seqincrement <> 17;

-- sequence: another start
-- Altered sequence, start
select schema, name as "table",
       format('alter sequence %s start with 11', sql) as damage
  from sequences
 where seqstart <> 11 and seqmin <= 11;

-- sequence: another minimum
-- Altered sequence, minimum
select schema, name as "table",
       format('alter sequence %s minvalue -77', sql) as damage
  from sequences
 where seqmin <> -77;

-- sequence: another maximum
-- Altered sequence, maximum
select schema, name as "table",
       format('alter sequence %s maxvalue 30000', sql) as damage
  from sequences
 where seqmax <> 30000;

-- sequence: another cache
-- Altered sequence, cache
select schema, name as "table",
       format('alter sequence %s cache 33', sql) as damage
  from sequences
 where seqcache <> 33;

-- sequence: CYCLE
-- Altered sequence, is_cycling
select schema, name as "table",
       format('alter sequence %s cycle', sql) as damage
  from sequences
 where not seqcycle;

-- sequence: of another type
-- Altered sequence, type
select schema, name as "table",
       format('alter sequence %s as smallint', sql) as damage
  from sequences
 where typname <> 'int2' and not is_identity;

-- sequence: owned by no column any more
-- Altered sequence, owned_by
select schema, name as "table",
       format('alter sequence %s owned by none', sql) as damage
  from sequences
 where is_owned and not is_identity;

-- sequence: dropped
-- Missing sequence
select schema, name as "table",
       format('drop sequence %s cascade', sql) as damage
  from sequences
 where not is_identity;

-- sequence: extra
-- Unexpected sequence
select name as schema, 'drift_extra' as "table",
       format('create sequence %I.drift_extra', name) as damage
  from schemas;

-- sequence: granted
-- Altered sequence, grants
select schema, name as "table",
       format('grant usage on sequence %s to every_owner', sql) as damage
  from sequences
 where owner <> 'every_owner';

-- sequence: comment
-- Altered sequence, comment
select schema, name as "table",
       format('comment on sequence %s is ''drift''', sql) as damage
  from sequences;

-- sequence: unlogged
-- Altered sequence, persistence
select schema, name as "table",
       format('alter sequence %s set unlogged', sql) as damage
  from sequences
 where relpersistence = 'p' and not is_owned;
