-- The catalog as relations that the catalogue of damage chooses from, without what extensions own.
with schemas as (
    select oid, nspname as name, pg_get_userbyid(nspowner) as owner from pg_namespace
     where nspname !~ '^pg_' and nspname <> 'information_schema'
), members as (
    select classid, objid from pg_depend where deptype = 'e'
), relations as (
    select c.oid, n.name as schema, c.relname as name, format('%I.%I', n.name, c.relname) as sql,
           c.relkind, c.relpersistence, c.relispartition, c.relrowsecurity, c.relforcerowsecurity, c.relreplident,
           c.reltoastrelid, c.reloftype, c.reloptions, c.relacl, pg_get_userbyid(c.relowner) as owner,
           pg_get_expr(c.relpartbound, c.oid) as bounds
      from pg_class c join schemas n on n.oid = c.relnamespace
     where not exists (select from members where classid = 'pg_class'::regclass and objid = c.oid)
       -- Alembic's own table tells where a database is; it is not part of what a chain defines.
       and c.relname !~ '^alembic_version'
), tables as (
    select * from relations where relkind in ('r', 'p')
), plain as (
    select * from tables
     where relkind = 'r' and not exists (select from pg_inherits where tables.oid in (inhrelid, inhparent))
), children as (
    select t.*, p.sql as parent from tables t
      join pg_inherits i on i.inhrelid = t.oid join relations p on p.oid = i.inhparent
), columns as (
    select t.schema, t.name as "table", t.sql, a.attrelid, a.attnum, a.attname as item, quote_ident(a.attname) as col,
           format_type(a.atttypid, a.atttypmod) as type, y.typname as base_type, y.typtype,
           case when y.typname = 'varchar' and a.atttypmod > 4 then a.atttypmod - 4 end as length,
           a.attnotnull, a.attidentity, a.attgenerated, a.attcollation, a.attstorage, a.attcompression,
           case when a.attgenerated = '' then pg_get_expr(d.adbin, d.adrelid) end as default_text,
           case when a.attgenerated <> '' then pg_get_expr(d.adbin, d.adrelid) end as generated,
           case when y.typname in ('int2', 'int4', 'int8', 'numeric', 'float4', 'float8') then '77'
                when y.typname = 'bool' then (coalesce(pg_get_expr(d.adbin, d.adrelid), '') <> 'true')::text
                when y.typname in ('timestamp', 'timestamptz', 'date') then $$'2001-02-03'$$
                when y.typname in ('json', 'jsonb') then $$'{"drift": 1}'$$
                when y.typname in ('text', 'varchar') then $$'drift'$$
           end as other_default,
           exists (select from pg_constraint k
                    where k.conrelid = t.oid and k.contype = 'p' and a.attnum = any (k.conkey)) as is_key,
           exists (select from pg_constraint k
                    where k.conrelid = t.oid and k.contype in ('p', 'u') and k.conkey = array[a.attnum]
                      and not k.condeferrable) as is_whole_key
      from plain t
      join pg_attribute a on a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped
      join pg_type y on y.oid = a.atttypid
      left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
     where t.reloftype = 0
), constraints as (
    select t.schema, t.name as "table", t.sql, k.conname as item, quote_ident(k.conname) as con, k.contype, k.conkey,
           k.condeferrable, k.convalidated, k.connoinherit, k.confdeltype, k.confupdtype,
           pg_get_constraintdef(k.oid) as definition,
           (select col from columns c where c.attrelid = t.oid and c.attnum = k.conkey[1]) as first_column,
           (select string_agg(col, ', ' order by position desc)
              from unnest(k.conkey) with ordinality as u (attnum, position)
              join columns c on c.attrelid = t.oid and c.attnum = u.attnum
            having count(*) > 1) as other_columns
      from pg_constraint k join plain t on t.oid = k.conrelid
), indexes as (
    select t.schema, t.name as "table", t.sql, i.relname as item, format('%I.%I', t.schema, i.relname) as index,
           x.indexrelid, x.indrelid, x.indisunique, x.indisreplident, x.indisclustered, x.indnkeyatts, x.indnatts,
           x.indpred is not null as is_partial, x.indexprs is not null as has_expressions, x.indoption, x.indkey,
           t.relkind = 'p' as is_partitioned, i.reloptions, m.amname as method,
           pg_get_indexdef(x.indexrelid) as definition
      from pg_index x
      join pg_class i on i.oid = x.indexrelid
      join pg_am m on m.oid = i.relam
      join tables t on t.oid = x.indrelid
     where not i.relispartition
       and not exists (select from pg_constraint k where k.conindid = x.indexrelid and k.contype in ('p', 'u', 'x'))
), simple_indexes as (
    select i.*, keys, first_type, other_column,
           format('create %s index %I on %s', case when indisunique then 'UNIQUE' else '' end, item, sql) as create_as,
           (select string_agg(key, ', ' order by position desc) from unnest(keys) with ordinality as u (key, position))
               as reversed
      from indexes i
      cross join lateral (
          select array_agg(col order by position) as keys, (array_agg(base_type order by position))[1] as first_type
            from unnest(indkey::int2[]) with ordinality as u (attnum, position)
            join columns c on c.attrelid = i.indrelid and c.attnum = u.attnum
      ) as k
      left join lateral (
          select col as other_column from columns c
           where c.attrelid = i.indrelid and not c.attnum = any (indkey::int2[]) order by attnum limit 1
      ) as o on true
     where method = 'btree' and not is_partial and not has_expressions and indnatts = indnkeyatts
       and not 0 < any (indoption::int2[]) and reloptions is null and not is_partitioned and not indisreplident
       and not indisclustered and cardinality(keys) = indnatts and definition !~ 'COLLATE|_ops|NULLS'
), types as (
    select y.oid, n.name as schema, y.typname as name, format('%I.%I', n.name, y.typname) as sql, y.typtype, y.typrelid,
           y.typnotnull, y.typdefault, y.typacl, pg_get_userbyid(y.typowner) as owner,
           format_type(y.typbasetype, y.typtypmod) as type, y.typisdefined, y.typcategory, y.typelem
      from pg_type y join schemas n on n.oid = y.typnamespace
     where not exists (select from members where classid = 'pg_type'::regclass and objid = y.oid)
), enums as (
    select *, array(select enumlabel::text from pg_enum where enumtypid = types.oid order by enumsortorder) as labels
      from types where typtype = 'e'
), domains as (
    select types.*,
           (select conname from pg_constraint where contypid = types.oid and contype = 'c' order by 1 limit 1)
               as check_name,
           (select conname from pg_constraint where contypid = types.oid and not convalidated order by 1 limit 1)
               as unchecked
      from types where typtype = 'd'
), composites as (
    select types.*,
           array(select attname::text from pg_attribute where attrelid = typrelid and attnum > 0 order by attnum)
               as attributes
      from types join pg_class c on c.oid = typrelid where typtype = 'c' and c.relkind = 'c'
), free_composites as (
    select * from composites where not exists (select from pg_attribute where atttypid = composites.oid)
), ranges as (
    select types.*, rngtypid, rngsubdiff::oid as rngsubdiff from types join pg_range on rngtypid = types.oid
), base_types as (
    select * from types
     where typtype = 'b' and typisdefined and typcategory <> 'A'
), sequences as (
    select r.*, s.*, y.typname,
           exists (select from pg_depend where classid = 'pg_class'::regclass and objid = r.oid and deptype = 'a')
               as is_owned,
           exists (select from pg_depend where classid = 'pg_class'::regclass and objid = r.oid and deptype = 'i')
               as is_identity
      from relations r join pg_sequence s on s.seqrelid = r.oid join pg_type y on y.oid = s.seqtypid
), views as (
    select relations.*, rtrim(pg_get_viewdef(oid), ';') as body,
           coalesce(reloptions::text, '') ~ 'check_option' as is_updated
      from relations where relkind = 'v'
), materialized as (
    select *, rtrim(pg_get_viewdef(oid), ';') as body from relations where relkind = 'm'
), foreign_tables as (
    select * from relations where relkind = 'f'
), routines as (
    select p.oid, n.name as schema, p.proname as name, p.prokind, p.provolatile, p.prosecdef, p.proconfig,
           p.proisstrict, p.proparallel, p.proleakproof, p.proacl, l.lanname as language,
           p.oid::regprocedure::text as sql,
           case when p.prokind <> 'a' then pg_get_functiondef(p.oid) end as definition,
           exists (select from pg_aggregate where aggfnoid = p.oid and agginitval is not null) as has_initial_value
      from pg_proc p join schemas n on n.oid = p.pronamespace join pg_language l on l.oid = p.prolang
     where not exists (select from members where classid = 'pg_proc'::regclass and objid = p.oid)
       and not exists (select from pg_depend where classid = 'pg_proc'::regclass and objid = p.oid and deptype = 'i')
), triggers as (
    select r.schema, r.name as "table", r.sql, g.tgname as item, quote_ident(g.tgname) as trigger, g.tgenabled,
           r.relkind in ('r', 'p') as is_on_table, pg_get_triggerdef(g.oid) as definition
      from pg_trigger g join relations r on r.oid = g.tgrelid
     where not g.tgisinternal and g.tgparentid = 0
), rules as (
    select t.schema, t.name as "table", t.sql, r.rulename as item, quote_ident(r.rulename) as rule, r.ev_enabled,
           case r.ev_type when '2' then 'update' when '3' then 'insert' else 'delete' end as event,
           pg_get_ruledef(r.oid) as definition
      from pg_rewrite r join tables t on t.oid = r.ev_class where r.rulename <> '_RETURN'
), policies as (
    select p.oid, t.schema, t.name as "table", t.sql, p.polname as item, quote_ident(p.polname) as policy,
           pg_get_expr(p.polqual, p.polrelid) as using_text, pg_get_expr(p.polwithcheck, p.polrelid) as check_text
      from pg_policy p join tables t on t.oid = p.polrelid
), extensions as (
    select extname as name, extrelocatable from pg_extension where extname <> 'plpgsql'
), event_triggers as (
    select evtname as name, evtenabled, evttags from pg_event_trigger
), publications as (
    select pubname as name, member, has_filter
      from pg_publication
      left join lateral (
          select prrelid::regclass::text as member, to_jsonb(r) ->> 'prqual' is not null as has_filter
            from pg_publication_rel r where r.prpubid = pg_publication.oid order by 1 limit 1
      ) as of_publication on true
), subscriptions as (
    select subname as name from pg_subscription
     where subdbid = (select oid from pg_database where datname = current_database())
), servers as (
    select srvname as name from pg_foreign_server
), mapped_servers as (
    select srvname as name from pg_user_mappings where usename = 'public'
), wrappers as (
    select fdwname as name from pg_foreign_data_wrapper w
     where not exists (select from members where classid = 'pg_foreign_data_wrapper'::regclass and objid = w.oid)
), languages as (
    select lanname as name from pg_language l
     where l.oid >= 16384
       and not exists (select from members where classid = 'pg_language'::regclass and objid = l.oid)
), access_methods as (
    select amname as name from pg_am where oid >= 16384
), casts as (
    select oid, format_type(castsource, null) as source, format_type(casttarget, null) as target, castcontext
      from pg_cast c
     -- Not those of an extension, nor those that come with a range type.
     where c.oid >= 16384
       and not exists (select from pg_depend
                        where classid = 'pg_cast'::regclass and objid = c.oid and deptype in ('e', 'i'))
), transforms as (
    select format_type(trftype, null) as type, lanname as language
      from pg_transform join pg_language l on l.oid = trflang
), default_privileges as (
    select n.name as schema, defaclobjtype as objtype from pg_default_acl join schemas n on n.oid = defaclnamespace
), collations as (
    select n.name as schema, collname as name, format('%I.%I', n.name, collname) as sql
      from pg_collation c join schemas n on n.oid = c.collnamespace
), conversions as (
    select n.name as schema, conname as name, format('%I.%I', n.name, conname) as sql
      from pg_conversion c join schemas n on n.oid = c.connamespace
), operators as (
    select n.name as schema, oprname as name, oprrest::oid as oprrest,
           format('%I.%s (%s, %s)', n.name, oprname,
                  case when oprleft = 0 then 'none' else format_type(oprleft, null) end,
                  format_type(oprright, null)) as sql
      from pg_operator o join schemas n on n.oid = o.oprnamespace
     where o.oprcode <> 0
       and not exists (select from members where classid = 'pg_operator'::regclass and objid = o.oid)
), operator_classes as (
    select n.name as schema, opcname as name, format('%I.%I using %I', n.name, opcname, amname) as sql
      from pg_opclass o join schemas n on n.oid = o.opcnamespace join pg_am a on a.oid = opcmethod
     where not exists (select from members where classid = 'pg_opclass'::regclass and objid = o.oid)
), operator_families as (
    select n.name as schema, opfname as name, format('%I.%I using %I', n.name, opfname, amname) as sql
      from pg_opfamily o join schemas n on n.oid = o.opfnamespace join pg_am a on a.oid = opfmethod
     where not exists (select from members where classid = 'pg_opfamily'::regclass and objid = o.oid)
), configurations as (
    select n.name as schema, cfgname as name, format('%I.%I', n.name, cfgname) as sql
      from pg_ts_config c join schemas n on n.oid = c.cfgnamespace
), dictionaries as (
    select n.name as schema, dictname as name, format('%I.%I', n.name, dictname) as sql
      from pg_ts_dict c join schemas n on n.oid = c.dictnamespace
), parsers as (
    select n.name as schema, prsname as name, format('%I.%I', n.name, prsname) as sql
      from pg_ts_parser c join schemas n on n.oid = c.prsnamespace
), templates as (
    select n.name as schema, tmplname as name, format('%I.%I', n.name, tmplname) as sql
      from pg_ts_template c join schemas n on n.oid = c.tmplnamespace
), statistics as (
    select n.name as schema, stxname as name, format('%I.%I', n.name, stxname) as sql, r.sql as of_table,
           case when stxexprs is null then (
               select string_agg(quote_ident(attname), ', ') from pg_attribute
                where attrelid = stxrelid and attnum = any (stxkeys::int2[])
           ) end as columns
      from pg_statistic_ext s join schemas n on n.oid = s.stxnamespace join relations r on r.oid = s.stxrelid
)
