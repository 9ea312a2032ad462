-- index: dropped
-- Missing index
select schema, "table", item,
       format('drop index %s cascade', index) as damage
  from indexes;

-- index: extra
-- Unexpected index
select schema, "table", 'drift_extra' as item,
       format('create index drift_extra on %s (%s)', sql, col) as damage
  from columns
 where base_type in ('int4', 'int8', 'text', 'varchar', 'timestamp', 'timestamptz');

-- index: renamed
-- Missing index
select schema, "table", item, 'drift_renamed' as new_name,
       format('alter index %s rename to drift_renamed', index) as damage
  from indexes;

-- index: left INVALID
-- Altered index, is_valid
select schema, "table", item,
       format('update pg_index set indisvalid = false where indexrelid = %s', indexrelid) as damage
  from indexes;

-- index: left not ready
-- Altered index, is_valid
select schema, "table", item,
       format('update pg_index set indisvalid = false, indisready = false where indexrelid = %s', indexrelid) as damage
  from indexes;

-- index: columns in another order
-- Altered index, definition
select schema, "table", item,
       format('drop index %s; %s', index, create_as || ' (' || reversed || ')') as damage
  from simple_indexes
 where cardinality(keys) > 1;

-- index: one column fewer
-- Altered index, definition
select schema, "table", item,
       format('drop index %s; %s', index, create_as || ' (' || keys[1] || ')') as damage
  from simple_indexes
 where cardinality(keys) > 1;

-- index: descending
-- Altered index, definition
select schema, "table", item,
       format('drop index %s; %s', index, create_as || ' (' || keys[1] || ' desc)') as damage
  from simple_indexes
 where cardinality(keys) = 1;

-- index: without its predicate
-- Altered index, predicate
select schema, "table", item,
       format('drop index %s; %s', index, regexp_replace(definition, ' WHERE .*$', '')) as damage
  from indexes
 where definition ~ ' WHERE ';

-- index: another predicate
-- Altered index, predicate
select schema, "table", item,
       format('drop index %s; %s', index, definition || ' and 1 = 1') as damage
  from indexes
 where definition ~ ' WHERE ';

-- index: a predicate that nothing declares
-- Altered index, predicate
select schema, "table", item,
       format('drop index %s; %s', index, definition || ' where ' || keys[1] || ' is not null') as damage
  from simple_indexes;

-- index: made unique
-- Altered index, is_unique
select schema, "table", item,
       format('drop index %s; %s', index, replace(definition, 'CREATE INDEX', 'CREATE UNIQUE INDEX')) as damage
  from indexes
 where not indisunique and method = 'btree';

-- index: uniqueness lost
-- Altered index, is_unique
select schema, "table", item,
       format('drop index %s; %s', index, replace(definition, 'CREATE UNIQUE INDEX', 'CREATE INDEX')) as damage
  from indexes
 where indisunique and not indisreplident;

-- index: NULLS NOT DISTINCT
-- Altered index, nulls_are_distinct
select schema, "table", item,
       format('drop index %s; %s', index, definition || ' nulls not distinct') as damage
  from indexes
 where indisunique and definition ~ '\)$' and definition !~ ' WHERE | WITH | INCLUDE ' and not indisreplident;

-- index: an included column
-- Altered index, definition
select schema, "table", item,
       format('drop index %s; %s', index, definition || ' include (' || other_column || ')') as damage
  from simple_indexes
 where other_column is not null;

-- index: another operator class
-- Altered index, definition
select schema, "table", item,
       format('drop index %s; %s', index, create_as || ' (' || keys[1] || ' text_pattern_ops)') as damage
  from simple_indexes
 where cardinality(keys) = 1 and first_type in ('text', 'varchar');

-- index: another method
-- Altered index, method
select schema, "table", item,
       format('drop index %s; %s', index, replace(create_as, 'UNIQUE ',
              '') || ' using brin (' || keys[1] || ')') as damage
  from simple_indexes
 where first_type in ('int4', 'int8', 'text', 'varchar', 'timestamp', 'timestamptz');

-- index: an expression instead of its column
-- Altered index, definition
select schema, "table", item,
       format('drop index %s; %s', index, create_as || ' (lower(' || keys[1] || '))') as damage
  from simple_indexes
 where first_type in ('text', 'varchar');

-- index: another expression
-- Altered index, definition
select schema, "table", item,
       format('drop index %s; %s', index, replace(definition, 'lower(', 'upper(')) as damage
  from indexes
 where definition ~ 'lower\(';

-- index: another collation
-- Altered index, definition
select schema, "table", item,
       format('drop index %s; %s', index, create_as || ' (' || keys[1] || ' collate "POSIX")') as damage
  from simple_indexes
 where cardinality(keys) = 1 and first_type in ('text', 'varchar');

-- index: storage parameter
-- Altered index, definition
select schema, "table", item,
       format('alter index %s set (fillfactor = 55)', index) as damage
  from indexes
 where method in ('btree', 'gist', 'hash');

-- index: comment
-- Altered index, comment
select schema, "table", item,
       format('comment on index %s is ''drift''', index) as damage
  from indexes;
