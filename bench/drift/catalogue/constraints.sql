-- primary key: dropped
-- Missing primary key
select schema, "table", item,
       format('alter table %s drop constraint %s cascade', sql, con) as damage
  from constraints
 where contype = 'p';

-- unique constraint: dropped
-- Missing unique constraint
select schema, "table", item,
       format('alter table %s drop constraint %s cascade', sql, con) as damage
  from constraints
 where contype = 'u';

-- foreign key: dropped
-- Missing foreign key
select schema, "table", item,
       format('alter table %s drop constraint %s cascade', sql, con) as damage
  from constraints
 where contype = 'f';

-- check constraint: dropped
-- Missing check constraint
select schema, "table", item,
       format('alter table %s drop constraint %s cascade', sql, con) as damage
  from constraints
 where contype = 'c';

-- exclusion constraint: dropped
-- Missing exclusion constraint
select schema, "table", item,
       format('alter table %s drop constraint %s cascade', sql, con) as damage
  from constraints
 where contype = 'x';

-- primary key: over other columns
-- Altered primary key, definition
select schema, "table", item,
       format('alter table %s drop constraint %s cascade, add constraint %2$s %s', sql, con,
              'primary key (' || other_columns || ')') as damage
  from constraints
 where contype = 'p' and other_columns is not null;

-- unique constraint: DEFERRABLE
-- Altered unique constraint, is_deferrable
select schema, "table", item,
       format('alter table %s drop constraint %s cascade, add constraint %2$s %s', sql, con,
              definition || ' deferrable') as damage
  from constraints
 where contype = 'u' and not condeferrable;

-- unique constraint: NULLS NOT DISTINCT
-- Altered unique constraint, definition
select schema, "table", item,
       format('alter table %s drop constraint %s cascade, add constraint %2$s %s', sql, con,
              regexp_replace(definition, '^UNIQUE \(', 'UNIQUE NULLS NOT DISTINCT (')) as damage
  from constraints
 where contype = 'u' and definition ~ '^UNIQUE \(';

-- unique constraint: over fewer columns
-- Altered unique constraint, definition
select schema, "table", item,
       format('alter table %s drop constraint %s cascade, add constraint %2$s %s', sql, con,
              'unique (' || first_column || ')') as damage
  from constraints
 where contype = 'u' and cardinality(conkey) > 1;

-- unique constraint: extra
-- Unexpected unique constraint
select schema, "table", 'drift_extra' as item,
       format('alter table %s add constraint drift_extra unique (%s)', sql, col) as damage
  from columns
 where base_type in ('int4', 'int8', 'text', 'varchar') and not is_key;

-- foreign key: another ON DELETE
-- Altered foreign key, definition
select schema, "table", item,
       format('alter table %s drop constraint %s cascade, add constraint %2$s %s', sql, con,
              regexp_replace(regexp_replace(definition, ' ON DELETE (SET NULL|SET DEFAULT|CASCADE|RESTRICT)', ''),
              '(REFERENCES [^(]+\([^)]+\)( MATCH FULL)?)', '\1 ON DELETE ' || case confdeltype when 'r'
              then 'CASCADE' else 'RESTRICT' end)) as damage
  from constraints
 where contype = 'f';

-- foreign key: another ON UPDATE
-- Altered foreign key, definition
select schema, "table", item,
       format('alter table %s drop constraint %s cascade, add constraint %2$s %s', sql, con,
              regexp_replace(regexp_replace(definition, ' ON UPDATE (SET NULL|SET DEFAULT|CASCADE|RESTRICT)', ''),
              '(REFERENCES [^(]+\([^)]+\)( MATCH FULL)?)', '\1 ON UPDATE ' || case confupdtype when 'c'
              then 'RESTRICT' else 'CASCADE' end)) as damage
  from constraints
 where contype = 'f';

-- foreign key: DEFERRABLE
-- Altered foreign key, is_deferrable
select schema, "table", item,
       format('alter table %s alter constraint %s deferrable initially deferred', sql, con) as damage
  from constraints
 where contype = 'f' and not condeferrable;

-- foreign key: left NOT VALID
-- Altered foreign key, is_validated
select schema, "table", item,
       format('alter table %s drop constraint %s cascade, add constraint %2$s %s', sql, con,
              definition || ' not valid') as damage
  from constraints
 where contype = 'f' and convalidated;

-- foreign key: NOT ENFORCED
-- Altered foreign key, is_enforced
select schema, "table", item,
       format('alter table %s alter constraint %s not enforced', sql, con) as damage
  from constraints
 where contype = 'f' and definition !~ 'NOT ENFORCED';

-- foreign key: extra
-- Unexpected foreign key
select schema, "table", 'drift_extra' as item,
       format('alter table %s add constraint drift_extra foreign key (%2$s) references %1$s (%2$s)', sql, col) as damage
  from columns
 where is_whole_key and base_type in ('int4', 'int8', 'varchar', 'uuid');

-- check constraint: another condition
-- Altered check constraint, definition
select schema, "table", item,
       format('alter table %s drop constraint %s cascade, add constraint %2$s %s', sql, con,
              'check ((' || substr(definition, 7) || ') or 1 = 2)') as damage
  from constraints
 where contype = 'c' and definition !~ 'NO INHERIT|NOT VALID|NOT ENFORCED';

-- check constraint: left NOT VALID
-- Altered check constraint, is_validated
select schema, "table", item,
       format('alter table %s drop constraint %s cascade, add constraint %2$s %s', sql, con,
              definition || ' not valid') as damage
  from constraints
 where contype = 'c' and convalidated;

-- check constraint: NOT ENFORCED
-- Altered check constraint, is_enforced
select schema, "table", item,
       format('alter table %s drop constraint %s cascade, add constraint %2$s %s', sql, con,
              definition || ' not enforced') as damage
  from constraints
 where contype = 'c' and convalidated and definition !~ 'NOT ENFORCED';

-- check constraint: NO INHERIT
-- Altered check constraint, is_inherited_below
select schema, "table", item,
       format('alter table %s drop constraint %s cascade, add constraint %2$s %s', sql, con,
              definition || ' no inherit') as damage
  from constraints
 where contype = 'c' and not connoinherit and convalidated;

-- check constraint: extra
-- Unexpected check constraint
select schema, "table", 'drift_extra' as item,
       format('alter table %s add constraint drift_extra check (%2$s is not null or 1 = 1)', sql, col) as damage
  from columns;

-- exclusion constraint: without its condition
-- Altered exclusion constraint, definition
select schema, "table", item,
       format('alter table %s drop constraint %s cascade, add constraint %2$s %s', sql, con,
              regexp_replace(definition, ' WHERE .*$', '')) as damage
  from constraints
 where contype = 'x' and definition ~ ' WHERE ';

-- exclusion constraint: another operator
-- Altered exclusion constraint, definition
select schema, "table", item,
       format('alter table %s drop constraint %s cascade, add constraint %2$s %s', sql, con, replace(definition,
              ' WITH <>', ' WITH =')) as damage
  from constraints
 where contype = 'x' and definition ~ ' WITH <>';

-- constraint: renamed
-- Missing check constraint or foreign key or unique constraint
select schema, "table", item, 'drift_renamed' as new_name,
       format('alter table %s rename constraint %s to drift_renamed', sql, con) as damage
  from constraints
 where contype in ('c', 'f', 'u');

-- constraint: comment
-- Altered check constraint or foreign key or unique constraint or primary key or exclusion constraint, comment
select schema, "table", item,
       format('comment on constraint %s on %s is ''drift''', con, sql) as damage
  from constraints
 where contype <> 'n';
