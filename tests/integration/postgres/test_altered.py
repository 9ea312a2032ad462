"""Each statement that is generated for an altered object takes the difference away."""

from collections.abc import Iterator

import psycopg
import pytest

from interlock.postgres.catalog import take_snapshot
from interlock.postgres.embedded import EmbeddedServer
from interlock.schema.ddl.alter import NotAutomatic, alter_statements
from interlock.schema.drift import Altered, find_drift
from interlock.schema.snapshot import Snapshot
from tests.integration.postgres.databases import a_database, run_script

# A line each, as people write them.
# ruff: noqa: E501
DAMAGES = r'''
alter table users alter column code drop not null
alter table users alter column code set default 'y'
alter table users alter column code drop default
alter table users alter column ratio type real
alter table users alter column who type text collate "POSIX"
alter table users alter column id set generated always
alter table users alter column id drop identity
alter table users alter column twice set expression as (price * 3)
alter table users alter column raw set storage main
alter table users alter column doc set compression default
alter table users alter column code set statistics 10
alter table users alter column price reset (n_distinct)
alter table users alter column price set (n_distinct = -0.1)
alter table users rename constraint code_once to code_only_once; alter table users rename constraint code_only_once to code_once; comment on table users is null
comment on column users.email is 'changed'
comment on constraint code_known on users is null
comment on index users_doc is null
comment on column address.house is null
comment on column address.street is 'where'
comment on index notes_pkey is 'behind it'
comment on constraint code_there on newer is null
comment on function added(integer, integer) is null
comment on cast (mood as integer) is null
comment on operator @#@ (none, integer) is 'plus'
comment on operator family our_family using btree is null
comment on transform for smallint language sql is null
comment on domain positive is null
comment on type mood is null
comment on rule no_deletes on notes is null
comment on constraint has_at on domain email is null
alter table users drop constraint price_sane, add constraint price_sane check (price >= 1)
alter table newer drop constraint parent, add constraint parent foreign key (parent_id) references newer not valid
alter table parent_of_all drop constraint kind_known, add constraint kind_known check (kind <> '') not valid
alter table notes drop constraint line, add constraint line foreign key (line_id, line_no) references "Sales dept"."Order ""lines"""
alter table notes drop constraint body_once, add constraint body_once unique (body, priority)
alter table newer drop constraint not_looked_at, add constraint not_looked_at check (part > 0) not valid
alter domain codes drop constraint few_codes; alter domain codes add constraint few_codes check (cardinality(value) < 5)
alter domain positive set default 5
alter domain email drop not null
drop index users_key_flag; create unique index users_key_flag on users (key) where not flag
drop index users_computed; create index users_computed on users ((price * 2), (coalesce(who, '') || code))
alter table users set without cluster
alter table replicated replica identity default
alter table replicated_fully replica identity nothing
alter table replicated_not replica identity full
alter table scratch_pad set logged
alter table scratch_pad reset (fillfactor)
alter table scratch_pad reset (toast.autovacuum_enabled)
alter table kept_elsewhere set access method heap
alter table owned disable row level security
alter table owned no force row level security
alter table owned owner to "every reader"
alter table of_a_type not of
alter table measured detach partition measured_2024
alter table measured detach partition measured_before; alter table measured attach partition measured_before for values from (minvalue) to ('2023-01-01')
grant update on users to "every reader"
revoke select on users from public
revoke delete on users from every_owner; grant delete on users to every_owner
revoke select (shown) on owned from "every reader"
grant select (id) on owned to "every reader"
grant usage on type mood to public
grant execute on function table_of_users(mood) to public
revoke usage on foreign server far_away from "every reader"
revoke usage on foreign data wrapper wrapper_of_ours from "every reader"
revoke usage on schema "Sales dept" from "every reader"
revoke grant option for usage on schema extensions from "every reader"
grant usage on language language_of_ours to public
alter default privileges in schema "Sales dept" grant insert on tables to "every reader"
alter default privileges for role every_owner grant execute on functions to public
alter sequence odd_numbers increment by 4 no cycle
alter sequence odd_numbers owned by none
alter sequence fleeting set logged
alter sequence users_id_seq increment by 7
alter sequence users_id_seq cache 9
alter table users disable trigger users_before
alter table notes enable trigger notes_always
alter table notes disable rule also
alter table replicated_not enable rule switched_off
drop trigger users_before on users; create trigger users_before after insert on users for each row execute function on_change()
drop rule no_deletes on notes; create rule no_deletes as on delete to notes do instead nothing
alter policy own_rows on owned using (true)
alter policy own_rows on owned to public
drop policy only_some on owned; create policy only_some on owned for select using (id in (select id from notes))
create or replace function added(a integer, b integer default 2) returns integer language sql as 'select a - b'
drop function added(integer, integer); create function added(a integer, b integer default 2) returns bigint language sql as 'select 1::bigint'
alter function added(text, text[]) security invoker
alter function added(text, text[]) reset work_mem
create or replace view upon_a_view as select id, rank() over (order by id) as place from grown_users
create or replace view upon_a_view as select id, rank() over (order by id desc) as place, code from grown_users
alter view grown_users reset (security_barrier)
alter view grown_users alter column code drop default
drop materialized view user_counts; create materialized view user_counts as select feeling, count(*) as many from users group by feeling with no data; create unique index user_counts_once on user_counts (feeling)
drop statistics users_code_price; create statistics users_code_price (ndistinct) on code, price from users
alter statistics users_code_price set statistics 100
alter event trigger watch_drops enable
alter event trigger watch_ddl disable
alter publication some_tables set (publish = 'insert')
alter publication some_tables drop table users
alter text search configuration search_of_ours alter mapping for asciiword with english_stem
alter foreign table far_users options (set table_name 'people')
alter foreign table far_users alter column id options (drop column_name)
alter foreign table far_users alter column code set default 'g'
alter table newer validate constraint part_there
alter table newer alter column code drop not null
drop cast (mood as integer); create cast (mood as integer) with function mood_to_number(mood)
'''.strip().splitlines()

REFUSED = {
    "alter type mood add value 'new'": "rows may hold 'new', and no label can be taken out of a type",
    "alter table users drop twice; alter table users add twice numeric": "it is to be computed from others",
    "alter server far_away version '3'": "what depends on it would have to be dropped first",
    "drop table hashed; create table hashed (id integer)": "its rows would have to move",
    "alter table scratch_pad drop id; alter table scratch_pad add id integer": "the order of columns changes only when",
}


@pytest.fixture(scope="module")
def whole(server: EmbeddedServer) -> Iterator[tuple[str, Snapshot]]:
    """A database with every kind of object, nobody connected to it, and what it holds."""
    with a_database(server) as connection:
        run_script(connection, "every_kind.sql", "every_kind_18.sql")
        connection.execute("drop subscription from_far_away; drop event trigger watch_logins")
        snapshot = take_snapshot(connection)
        name = connection.info.dbname
        connection.close()
        yield name, snapshot


@pytest.mark.parametrize("damage", DAMAGES)
def test_an_altered_object_is_brought_back(server: EmbeddedServer, whole: tuple[str, Snapshot], damage: str) -> None:
    template, declared = whole
    with a_database(server, template) as connection:
        connection.execute(damage.encode())
        observed = take_snapshot(connection)
        changes = find_drift(declared, observed)
        assert changes, "the damage is not seen"
        for change in changes:
            if isinstance(change, Altered):
                _run(connection, alter_statements(change, declared, observed))
        left = find_drift(declared, take_snapshot(connection))

    assert not [change for change in left if isinstance(change, Altered)]


def _run(connection: psycopg.Connection, statements: tuple[str, ...] | NotAutomatic) -> None:
    assert not isinstance(statements, NotAutomatic), statements.reason
    connection.execute("set search_path = pg_catalog")
    for statement in statements:
        connection.execute(statement.encode())


@pytest.mark.parametrize(("damage", "reason"), REFUSED.items())
def test_what_a_person_has_to_decide_is_told_with_the_reason(
    server: EmbeddedServer, whole: tuple[str, Snapshot], damage: str, reason: str
) -> None:
    template, declared = whole
    with a_database(server, template) as connection:
        connection.execute(damage.encode())
        observed = take_snapshot(connection)

    answers = [
        alter_statements(change, declared, observed)
        for change in find_drift(declared, observed)
        if isinstance(change, Altered)
    ]

    assert any(isinstance(each, NotAutomatic) and reason in each.reason for each in answers)
