-- Comments on what users made, and on the schema "public".
select d.classoid::regclass, d.objoid, d.objsubid, d.description
  from pg_description d
 where d.objoid >= 16384 or (d.classoid = 'pg_namespace'::regclass and d.objoid = 2200)
