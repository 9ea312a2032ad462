-- Publications with what they publish.
select p.oid, 0, pg_get_userbyid(p.pubowner), '', p.pubname, '', 'publication',
       'CREATE PUBLICATION ' || quote_ident(p.pubname)
       || case when p.puballtables then ' FOR ALL TABLES' else coalesce(' FOR ' || nullif(concat_ws(', ',
              (select 'TABLE ' || string_agg(
                          -- Each table stands in the catalog; without ONLY those below would be added.
                          'ONLY ' || quote_ident(n.nspname) || '.' || quote_ident(c.relname)
                          || coalesce(' (' || (select string_agg(quote_ident(a.attname), ', ' order by a.attnum) -- from 15
                                                 from pg_attribute a -- from 15
                                                where a.attrelid = c.oid and a.attnum = any(r.prattrs)) || ')', '') -- from 15
                          || coalesce(' WHERE (' || pg_get_expr(r.prqual, r.prrelid) || ')', '') -- from 15
                          , ', ' order by n.nspname, c.relname)
                 from pg_publication_rel r
                 join pg_class c on c.oid = r.prrelid
                 join pg_namespace n on n.oid = c.relnamespace
                where r.prpubid = p.oid),
              (select 'TABLES IN SCHEMA ' || string_agg(quote_ident(n.nspname), ', ' order by n.nspname) -- from 15
                 from pg_publication_namespace r -- from 15
                 join pg_namespace n on n.oid = r.pnnspid -- from 15
                where r.pnpubid = p.oid), -- from 15
              null), ''), '') end
       || ' WITH (publish = ''' || concat_ws(', ', case when p.pubinsert then 'insert' end,
                                            case when p.pubupdate then 'update' end,
                                            case when p.pubdelete then 'delete' end,
                                            case when p.pubtruncate then 'truncate' end) || ''''
       || case when p.pubviaroot then ', publish_via_partition_root = true' else '' end
       || case when p.pubgencols <> 'n' then ', publish_generated_columns = stored' else '' end -- from 18
       || ')',
       'origin'
  from pg_publication p
 where p.oid >= 16384
