-- Event triggers.
select e.oid, 0, pg_get_userbyid(e.evtowner), '', e.evtname, '', 'event trigger',
       'CREATE EVENT TRIGGER ' || quote_ident(e.evtname) || ' ON ' || e.evtevent
       || coalesce(' WHEN TAG IN (' || (select string_agg(quote_literal(tag), ', ' order by tag)
                                          from unnest(e.evttags) as tag) || ')', '')
       || ' EXECUTE FUNCTION ' || e.evtfoid::regproc || '()',
       case e.evtenabled when 'O' then 'origin' when 'R' then 'replica' when 'A' then 'always' else 'disabled' end
  from pg_event_trigger e
 where e.oid >= 16384
