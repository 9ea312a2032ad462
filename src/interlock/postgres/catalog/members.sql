-- What extensions brought: it is theirs.
select classid::regclass, objid
  from pg_depend
 where refclassid = 'pg_extension'::regclass and deptype = 'e'
