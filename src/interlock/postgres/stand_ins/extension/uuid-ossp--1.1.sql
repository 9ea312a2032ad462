-- The functions of uuid-ossp by their names, arguments and marks, for a scratch database: a chain that names them
-- can be built there. What they give is made up, and reports say so.

create function uuid_nil() returns uuid language sql immutable strict parallel safe as $$ select '00000000-0000-0000-0000-000000000000'::uuid $$;
create function uuid_ns_dns() returns uuid language sql immutable strict parallel safe as $$ select '6ba7b810-9dad-11d1-80b4-00c04fd430c8'::uuid $$;
create function uuid_ns_oid() returns uuid language sql immutable strict parallel safe as $$ select '6ba7b812-9dad-11d1-80b4-00c04fd430c8'::uuid $$;
create function uuid_ns_url() returns uuid language sql immutable strict parallel safe as $$ select '6ba7b811-9dad-11d1-80b4-00c04fd430c8'::uuid $$;
create function uuid_ns_x500() returns uuid language sql immutable strict parallel safe as $$ select '6ba7b814-9dad-11d1-80b4-00c04fd430c8'::uuid $$;
create function uuid_generate_v1() returns uuid language sql volatile strict parallel safe as $$ select gen_random_uuid() $$;
create function uuid_generate_v1mc() returns uuid language sql volatile strict parallel safe as $$ select gen_random_uuid() $$;
create function uuid_generate_v4() returns uuid language sql volatile strict parallel safe as $$ select gen_random_uuid() $$;
create function uuid_generate_v3(namespace uuid, name text) returns uuid language sql immutable strict parallel safe as $$ select md5($1::text || $2)::uuid $$;
create function uuid_generate_v5(namespace uuid, name text) returns uuid language sql immutable strict parallel safe as $$ select md5($1::text || $2)::uuid $$;
