-- Subscriptions of this database. Where they connect to is a secret, and not read.
select s.oid, 0, pg_get_userbyid(s.subowner), '', s.subname, '', 'subscription',
       'CREATE SUBSCRIPTION ' || quote_ident(s.subname) || ' CONNECTION ''...'' PUBLICATION '
       || (select string_agg(quote_ident(name), ', ' order by name) from unnest(s.subpublications) as name)
       || ' WITH (slot_name = ' || coalesce(quote_literal(s.subslotname), 'NONE')
       || ', synchronous_commit = ' || quote_literal(s.subsynccommit)
       || ', binary = ' || s.subbinary || ')',
       case when s.subenabled then 'origin' else 'disabled' end
  from pg_subscription s
 where s.subdbid = (select oid from pg_database where datname = current_database())
