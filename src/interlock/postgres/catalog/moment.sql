-- Tells one state of the catalogs that pg_get_* and format_type read from every other one: how many rows each has, and
-- which transactions wrote them. Temporary tables come and go, and are not looked at.
with of_session as materialized (select oid from pg_namespace where nspname ~ '^pg_(toast_)?temp_'),
     temporary as materialized (select oid from pg_class where relpersistence = 't')
select 'pg_class', count(*), sum(xmin::text::bigint) from pg_class where relpersistence <> 't'
union all
select 'pg_attribute', count(*), sum(xmin::text::bigint) from pg_attribute
 where attnum > 0 and attrelid not in (select oid from temporary)
union all
select 'pg_type', count(*), sum(xmin::text::bigint) from pg_type where typnamespace not in (select oid from of_session)
union all
select 'pg_constraint', count(*), sum(xmin::text::bigint) from pg_constraint
 where connamespace not in (select oid from of_session)
union all
select 'pg_index', count(*), sum(xmin::text::bigint) from pg_index where indrelid not in (select oid from temporary)
union all
select 'pg_namespace', count(*), sum(xmin::text::bigint) from pg_namespace where oid not in (select oid from of_session)
union all
select 'pg_proc', count(*), sum(xmin::text::bigint) from pg_proc where pronamespace not in (select oid from of_session)
union all
select 'pg_rewrite', count(*), sum(xmin::text::bigint) from pg_rewrite where ev_class not in (select oid from temporary)
union all
select 'pg_trigger', count(*), sum(xmin::text::bigint) from pg_trigger where tgrelid not in (select oid from temporary)
union all
select 'pg_attrdef', count(*), sum(xmin::text::bigint) from pg_attrdef where adrelid not in (select oid from temporary)
union all
select 'pg_policy', count(*), sum(xmin::text::bigint) from pg_policy
union all
select 'pg_enum', count(*), sum(xmin::text::bigint) from pg_enum
union all
select 'pg_operator', count(*), sum(xmin::text::bigint) from pg_operator
union all
select 'pg_opclass', count(*), sum(xmin::text::bigint) from pg_opclass
union all
select 'pg_collation', count(*), sum(xmin::text::bigint) from pg_collation
union all
select 'pg_language', count(*), sum(xmin::text::bigint) from pg_language
union all
select 'pg_statistic_ext', count(*), sum(xmin::text::bigint) from pg_statistic_ext
union all
select 'pg_event_trigger', count(*), sum(xmin::text::bigint) from pg_event_trigger
union all
select 'pg_ts_config', count(*), sum(xmin::text::bigint) from pg_ts_config
union all
select 'pg_ts_dict', count(*), sum(xmin::text::bigint) from pg_ts_dict
union all
select 'pg_roles', count(*), sum(hashtext(rolname::text)) from pg_roles
