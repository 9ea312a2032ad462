-- column: dropped
-- Missing column
select schema, "table", item,
       format('alter table %s drop column %s cascade', sql, col) as damage
  from columns;

-- column: extra
-- Unexpected column
select schema, name as "table", 'drift_extra' as item,
       format('alter table %s add column drift_extra integer', sql) as damage
  from plain;

-- column: renamed
-- Missing column
select schema, "table", item, left(item, 50) || '_x' as new_name,
       format('alter table %s rename column %s to %I', sql, col, left(item, 50) || '_x') as damage
  from columns;

-- column: longer varchar
-- Altered column, type
select schema, "table", item,
       format('alter table %s alter column %s type varchar(%s)', sql, col, length + 1) as damage
  from columns
 where base_type = 'varchar' and length is not null;

-- column: varchar without its length
-- Altered column, type
select schema, "table", item,
       format('alter table %s alter column %s type varchar', sql, col) as damage
  from columns
 where base_type = 'varchar' and length is not null;

-- column: varchar made text
-- Altered column, type
select schema, "table", item,
       format('alter table %s alter column %s type text', sql, col) as damage
  from columns
 where base_type = 'varchar';

-- column: text made varchar
-- Altered column, type
select schema, "table", item,
       format('alter table %s alter column %s type varchar(99)', sql, col) as damage
  from columns
 where base_type = 'text';

-- column: integer made bigint
-- Altered column, type
select schema, "table", item,
       format('alter table %s alter column %s type bigint', sql, col) as damage
  from columns
 where base_type = 'int4';

-- column: integer made numeric
-- Altered column, type
select schema, "table", item,
       format('alter table %s alter column %s type numeric using %2$s::numeric', sql, col) as damage
  from columns
 where base_type in ('int4', 'int8', 'float8') and attidentity = '';

-- column: numeric of another scale
-- Altered column, type
select schema, "table", item,
       format('alter table %s alter column %s type numeric(30, 7)', sql, col) as damage
  from columns
 where base_type = 'numeric' and attgenerated = '';

-- column: timestamp of the other kind
-- Altered column, type
select schema, "table", item,
       format('alter table %s alter column %s type %s', sql, col, case base_type when 'timestamp' then 'timestamptz'
              else 'timestamp' end) as damage
  from columns
 where base_type in ('timestamp', 'timestamptz');

-- column: timestamp of another precision
-- Altered column, type
select schema, "table", item,
       format('alter table %s alter column %s type %I(1)', sql, col, base_type) as damage
  from columns
 where base_type in ('timestamp', 'timestamptz');

-- column: json made jsonb
-- Altered column, type
select schema, "table", item,
       format('alter table %s alter column %s type jsonb using %2$s::jsonb', sql, col) as damage
  from columns
 where base_type = 'json';

-- column: enum made text
-- Altered column, type
select schema, "table", item,
       format('alter table %s alter column %s drop default, alter column %2$s type text', sql, col) as damage
  from columns
 where typtype = 'e';

-- column: NOT NULL lost
-- Altered column, nullable
select schema, "table", item,
       format('alter table %s alter column %s drop not null', sql, col) as damage
  from columns
 where attnotnull and not is_key and attidentity = '';

-- column: NOT NULL added
-- Altered column, nullable
select schema, "table", item,
       format('alter table %s alter column %s set not null', sql, col) as damage
  from columns
 where not attnotnull;

-- column: NOT NULL left NOT VALID
-- Altered column, not_null_is_validated
select schema, "table", item,
       format('alter table %s alter column %s drop not null, add constraint drift_not_null not null %2$s not valid',
              sql, col) as damage
  from columns
 where attnotnull and not is_key and attidentity = '';

-- column: default lost
-- Altered column, default
select schema, "table", item,
       format('alter table %s alter column %s drop default', sql, col) as damage
  from columns
 where default_text is not null;

-- column: default changed
-- Altered column, default
select schema, "table", item,
       format('alter table %s alter column %s set default %s', sql, col, other_default) as damage
  from columns
 where default_text is not null and other_default is not null;

-- column: default added
-- Altered column, default
select schema, "table", item,
       format('alter table %s alter column %s set default %s', sql, col, other_default) as damage
  from columns
 where default_text is null and attidentity = '' and attgenerated = '' and other_default is not null;

-- column: identity lost
-- Altered column, filled_by
select schema, "table", item,
       format('alter table %s alter column %s drop identity', sql, col) as damage
  from columns
 where attidentity <> '';

-- column: identity ALWAYS or BY DEFAULT
-- Altered column, filled_by
select schema, "table", item,
       format('alter table %s alter column %s set generated %s', sql, col,
              case attidentity when 'a' then 'by default' else 'always' end) as damage
  from columns
 where attidentity <> '';

-- column: identity added
-- Altered column, filled_by
select schema, "table", item,
       format('alter table %s alter column %s add generated by default as identity', sql, col) as damage
  from columns
 where attidentity = '' and attnotnull and base_type in ('int4', 'int8') and default_text is null;

-- column: generated made plain
-- Altered column, filled_by
select schema, "table", item,
       format('alter table %s alter column %s drop expression', sql, col) as damage
  from columns
 where attgenerated = 's';

-- column: generated by another expression
-- Altered column, default
select schema, "table", item,
       format('alter table %s alter column %s set expression as (%s)', sql, col, generated || ' + 1') as damage
  from columns
 where attgenerated <> '' and base_type in ('numeric', 'int4');

-- column: another collation
-- Altered column, collation
select schema, "table", item,
       format('alter table %s alter column %s type %s collate %s', sql, col, type,
              case when attcollation = 100 then '"C"' else '"default"' end) as damage
  from columns
 where base_type in ('text', 'varchar') and attgenerated = '';

-- column: another storage
-- Altered column, storage
select schema, "table", item,
       format('alter table %s alter column %s set storage %s', sql, col,
              case attstorage when 'e' then 'main' else 'external' end) as damage
  from columns
 where attstorage <> 'p';

-- column: another compression
-- Altered column, compression
select schema, "table", item,
       format('alter table %s alter column %s set compression pglz', sql, col) as damage
  from columns
 where attstorage in ('x', 'm') and attcompression <> 'p';

-- column: statistics target
-- Altered column, statistics_target
select schema, "table", item,
       format('alter table %s alter column %s set statistics 77', sql, col) as damage
  from columns;

-- column: n_distinct
-- Altered column, options
select schema, "table", item,
       format('alter table %s alter column %s set (n_distinct = -0.25)', sql, col) as damage
  from columns;

-- column: comment added or changed
-- Altered column, comment
select schema, "table", item,
       format('comment on column %s.%s is ''drift''', sql, col) as damage
  from columns;

-- column: comment lost
-- Altered column, comment
select schema, "table", item,
       format('comment on column %s.%s is null', sql, col) as damage
  from columns
 where col_description(attrelid, attnum) is not null;

-- column: granted to a role
-- Altered column, grants
select schema, "table", item,
       format('grant select (%2$s) on %1$s to every_owner', sql, col) as damage
  from columns;
