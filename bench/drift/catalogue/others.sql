-- collation: dropped
-- Missing collation
select schema, name as "table",
       format('drop collation %s cascade', sql) as damage
  from collations;

-- conversion: dropped
-- Missing conversion
select schema, name as "table",
       format('drop conversion %s cascade', sql) as damage
  from conversions;

-- operator: dropped
-- Missing operator
select schema, name as "table",
       format('drop operator %s cascade', sql) as damage
  from operators;

-- text search configuration: dropped
-- Missing text search configuration
select schema, name as "table",
       format('drop text search configuration %s cascade', sql) as damage
  from configurations;

-- text search dictionary: dropped
-- Missing text search dictionary
select schema, name as "table",
       format('drop text search dictionary %s cascade', sql) as damage
  from dictionaries;

-- text search parser: dropped
-- Missing text search parser
select schema, name as "table",
       format('drop text search parser %s cascade', sql) as damage
  from parsers;

-- text search template: dropped
-- Missing text search template
select schema, name as "table",
       format('drop text search template %s cascade', sql) as damage
  from templates;

-- statistics: dropped
-- Missing statistics
select schema, name as "table",
       format('drop statistics %s cascade', sql) as damage
  from statistics;

-- foreign table: dropped
-- Missing foreign table
select schema, name as "table",
       format('drop foreign table %s cascade', sql) as damage
  from foreign_tables;

-- operator class: dropped
-- Missing operator class
select schema, name as "table",
       format('drop operator class %s cascade', sql) as damage
  from operator_classes;

-- operator family: dropped
-- Missing operator family
select schema, name as "table",
       format('drop operator family %s cascade', sql) as damage
  from operator_families;

-- base type: dropped
-- Missing base type
select schema, name as "table",
       format('drop type %s cascade', sql) as damage
  from base_types;

-- operator: comment
-- Altered operator, comment
select schema, name as "table",
       format('comment on operator %s is ''drift''', sql) as damage
  from operators;

-- operator: without its estimator
-- Altered operator, definition
select schema, name as "table",
       format('alter operator %s set (restrict = none)', sql) as damage
  from operators
 where oprrest <> 0;

-- operator: extra
-- Unexpected operator
select name as schema, '@@#@@' as "table",
       format('create operator %I.@@#@@ (rightarg = integer, function = int4um)', name) as damage
  from schemas;

-- collation: extra
-- Unexpected collation
select name as schema, 'drift_extra' as "table",
       format('create collation %I.drift_extra (provider = libc, locale = ''C'')', name) as damage
  from schemas;

-- text search configuration: mapping lost
-- Altered text search configuration, definition
select schema, name as "table",
       format('alter text search configuration %s drop mapping for word', sql) as damage
  from configurations;

-- text search configuration: another dictionary
-- Altered text search configuration, definition
select schema, name as "table",
       format('alter text search configuration %s alter mapping for int with english_stem', sql) as damage
  from configurations;

-- text search configuration: extra
-- Unexpected text search configuration
select name as schema, 'drift_extra' as "table",
       format('create text search configuration %I.drift_extra (parser = pg_catalog.default)', name) as damage
  from schemas;

-- text search dictionary: another option
-- Altered text search dictionary, definition
select schema, name as "table",
       format('alter text search dictionary %s (accept = true)', sql) as damage
  from dictionaries;

-- statistics: another target
-- Altered statistics, definition
select schema, name as "table",
       format('alter statistics %s set statistics 33', sql) as damage
  from statistics;

-- statistics: another kind
-- Altered statistics, definition
select schema, name as "table",
       format('drop statistics %s; create statistics %1$s (mcv) on %s from %s', sql, columns, of_table) as damage
  from statistics
 where columns is not null;

-- statistics: extra
-- Unexpected statistics
select schema, 'drift_extra' as "table",
       format('create statistics %I.drift_extra on %s from %s', schema, string_agg(col, ', '), sql) as damage
  from (select * from columns
 where base_type in ('int4', 'int8', 'text', 'varchar') and attnum < 8) as columns_to_choose group by schema, sql,
              attrelid having count(*) > 1;

-- foreign table: another option
-- Altered foreign table, options
select schema, name as "table",
       format('alter foreign table %s options (add updatable ''false'')', sql) as damage
  from foreign_tables;

-- foreign table: another option of a column
-- Altered column, options
select f.schema, f.name as "table", a.attname as item,
       format('alter foreign table %s alter column %I options (set column_name ''drift'')', f.sql, a.attname) as damage
  from foreign_tables f join pg_attribute a on a.attrelid = f.oid and a.attfdwoptions is not null;
