"""A damaged database is repaired, and nothing that holds rows is touched unasked."""

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from threading import Timer

import psycopg
import pytest

from interlock.chain.project import find_project
from interlock.errors import ExitCode, InvalidSetting
from interlock.postgres.embedded import EmbeddedServer
from interlock.postgres.url import parse_url
from interlock.release.repair import CannotBeRehearsed, Repair, repair
from interlock.release.request import Request
from interlock.release.verify import ClaimsAnotherRevision
from interlock.verdict.finding import Signal
from tests.acceptance.conftest import ask, execute
from tests.alembic_project import make_project
from tests.integration.release.conftest import Guard

CHAIN = {
    "r1": """
        op.execute('''
            create type state as enum ('open', 'paid', 'sent');
            create table customers (
                id bigint generated always as identity primary key, email varchar(200) not null unique
            );
            create table orders (
                id serial primary key, customer_id bigint not null references customers,
                state state not null default 'open',
                code varchar(10) check (code in ('a', 'b')), total numeric(10, 2) not null default 0, note text
            );
            create index orders_state on orders (state) where total > 0;
            create unique index orders_code on orders (code);
            create view open_orders as select id, code from orders where state = 'open';
            create materialized view totals as select customer_id, sum(total) as total from orders group by customer_id;
            create function touch() returns trigger language plpgsql as 'begin return new; end';
            create trigger touched before update on orders for each row execute function touch();
            create sequence numbers increment 5;
            create domain short as varchar(5) check (value <> '');
            comment on table orders is 'what was ordered';
            alter table orders enable row level security;
            create policy mine on orders using (note = current_user);
        ''')
    """,
    "r2": """
        op.execute('''
            create table events (at date not null, what text) partition by range (at);
            create table events_2024 partition of events for values from ('2024-01-01') to ('2025-01-01');
            create statistics by_state on state, code from orders;
            create table parcels (id integer primary key, order_id integer references orders);
        ''')
    """,
    "r3": """
        op.execute('''
            create table invoices (id integer primary key, order_id integer references orders);
            create index invoices_order on invoices (order_id);
            create table reminders (id integer primary key);
        ''')
    """,
}
_numbers = count(1)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("project")
    make_project(folder, CHAIN)
    return folder


@pytest.fixture(scope="module")
def at_r2(server: EmbeddedServer) -> str:
    """A database in which the first two revisions ran, with a customer and an order, and nobody connected to it."""
    url = server.create_database("repair_template")
    with psycopg.connect(url.conninfo, autocommit=True) as connection:
        for revision in ("r1", "r2"):
            connection.execute(CHAIN[revision].split("'''")[1].encode())
        connection.execute(
            "insert into customers (email) values ('a@b'); insert into orders (customer_id, code) values (1, 'a');"
            "create table alembic_version (version_num varchar(32) not null primary key);"
            "insert into alembic_version values ('r2')"
        )
    return "repair_template"


@pytest.fixture
def live(server: EmbeddedServer, at_r2: str) -> Iterator[str]:
    name = f"repaired_{next(_numbers)}"
    with psycopg.connect(server.url().conninfo, autocommit=True) as owner:
        owner.execute(f"create database {name} template {at_r2}")
        yield server.url(name).as_text()
        owner.execute(f"drop database {name} with (force)")


Repairing = Callable[..., Repair]


@pytest.fixture
def repairing(server: EmbeddedServer, project: Path) -> Repairing:
    """Plan a repair, or carry it out."""

    def run(
        database: str,
        *allowed: str,
        is_applied: bool = True,
        on_statement: Callable[[str], None] = lambda _text: None,
    ) -> Repair:
        request = Request(
            url=parse_url(database), project=find_project(project), scratch_server=server.url(),
            is_schema_only=True, lock_wait_seconds=0,
        )  # fmt: skip
        return repair(request, allowed, is_applied=is_applied, on_wait=lambda _holder: None, on_statement=on_statement)

    return run


def _left(done: Repair) -> dict[str, str]:
    return {each.change.name.path: each.reason for each in done.left}


FAMILIES = {
    "lost": """
        drop view open_orders; drop index orders_state; drop trigger touched on orders; drop statistics by_state;
        drop policy mine on orders; drop table parcels; drop sequence numbers; drop domain short;
        alter table orders drop constraint orders_code_check, drop constraint orders_customer_id_fkey;
    """,
    "the last column": "alter table orders drop column note cascade",
    "a lost primary key": "alter table orders drop constraint orders_pkey cascade",
    "altered": """
        alter table orders alter total drop default, alter total drop not null, alter state set default 'paid';
        alter table orders disable row level security; alter table orders disable trigger touched;
        create or replace view open_orders as select id, code from orders;
        create or replace function touch() returns trigger language plpgsql as 'begin return old; end';
        alter sequence numbers increment 1; comment on table orders is null; alter policy mine on orders using (true);
        alter domain short drop constraint short_check; drop index orders_code;
        create index orders_code on orders (code);
    """,
    "a constraint that nobody validated": """
        alter table orders drop constraint orders_code_check;
        alter table orders add constraint orders_code_check check (code in ('a', 'b')) not valid
    """,
    "a narrower type": "alter table customers alter email type varchar(100)",
    "an invalid index": "update pg_index set indisvalid = false where indexrelid = 'orders_state'::regclass",
    "a detached partition": "alter table events detach partition events_2024",
    "a column without its identity": "alter table customers alter id drop identity",
    "a lost type": "drop table orders cascade; drop type state",
    "a materialized view of another query": """
        drop materialized view totals; create materialized view totals as select customer_id, 1 as total from orders
    """,
    "a column under views": """
        drop view open_orders; drop materialized view totals; alter table orders alter code type varchar(5);
        create view open_orders as select id, code from orders where state = 'open';
        create materialized view totals as select customer_id, sum(total) as total from orders group by customer_id
    """,
    "a key that another table refers to": """
        alter table parcels drop constraint parcels_order_id_fkey;
        alter table orders drop constraint orders_pkey;
        alter table orders add constraint orders_pkey primary key (id) deferrable;
        alter table orders drop constraint orders_pkey, add constraint orders_pkey primary key (id) include (note);
        alter table parcels add constraint parcels_order_id_fkey foreign key (order_id) references orders
    """,
    "leftovers of an index": "create index orders_code_ccnew on orders (code); "
    "update pg_index set indisvalid = false where indexrelid = 'orders_code_ccnew'::regclass",
}


@pytest.mark.parametrize("damage", FAMILIES.values(), ids=FAMILIES)
def test_each_family_of_damage_is_repaired_and_then_nothing_differs(
    live: str, repairing: Repairing, damage: str
) -> None:
    execute(live, damage)

    done = repairing(live)

    assert _left(done) == {}
    assert done.remaining == ()
    assert done.exit_code is ExitCode.CLEAR


def test_after_a_repair_verify_is_clear(live: str, repairing: Repairing, guard: Guard, tmp_path: Path) -> None:
    make_project(tmp_path, {each: CHAIN[each] for each in ("r1", "r2")}, models="")
    execute(live, FAMILIES["lost"])
    assert guard("verify", live).record.verdict.signal is Signal.STOP

    repairing(live)

    assert guard("verify", live).record.verdict.signal is not Signal.STOP


def test_without_apply_nothing_is_touched(live: str, repairing: Repairing) -> None:
    execute(live, "drop index orders_state")

    planned = repairing(live, is_applied=False)

    assert [step.statements[0] for step in planned.steps] == [
        "CREATE INDEX CONCURRENTLY orders_state ON public.orders USING btree (state) WHERE (total > (0)::numeric)"
    ]
    assert planned.exit_code is ExitCode.STOP
    assert ask(live, "select to_regclass('orders_state')") == [(None,)]


def test_what_operators_granted_on_a_view_that_is_made_again_stays_granted(live: str, repairing: Repairing) -> None:
    execute(live, "grant select on open_orders to pg_monitor")
    execute(live, "create or replace view open_orders as select id, code, note from orders where state = 'open'")

    assert repairing(live).exit_code is ExitCode.CLEAR
    assert ask(live, "select has_table_privilege('pg_monitor', 'open_orders', 'select')") == [(True,)]


def test_where_nothing_differs_nothing_is_done(live: str, repairing: Repairing) -> None:
    done = repairing(live)

    assert done.steps == ()
    assert done.exit_code is ExitCode.CLEAR


def test_what_a_statement_locks_and_writes_anew_is_measured(live: str, repairing: Repairing) -> None:
    execute(live, "alter table parcels set unlogged")

    (effect,) = repairing(live, is_applied=False).effects

    assert effect.statement == 'ALTER TABLE "public"."parcels" SET LOGGED'
    assert effect.rewritten == ("public.parcels",)
    assert "Access Exclusive Lock on public.parcels" in effect.locks


def test_the_order_of_columns_is_all_that_stays_when_one_in_the_middle_comes_back(
    live: str, repairing: Repairing
) -> None:
    execute(live, "drop view open_orders; alter table orders drop column code cascade, disable row level security")

    done = repairing(live)

    assert "column order is" in "".join(map(str, done.remaining or ()))
    assert len(done.remaining or ()) == 1
    assert done.exit_code is ExitCode.CAUTION


UNASKED = {
    "an unexpected table": ("create table extra (id integer)", "public.extra"),
    "an unexpected column": ("alter table orders add extra text", "public.orders.extra"),
    "an unexpected constraint": ("alter table orders add constraint more check (total < 9)", "public.orders.more"),
    "a wider type": ("alter table customers alter email type text", "public.customers.email"),
    "a renamed column": ("alter table orders rename note to notes", "public.orders.note"),
    "a type of other values": (
        "alter table parcels drop constraint parcels_pkey; alter table parcels alter id type bigint",
        "public.parcels.id",
    ),
}


@pytest.mark.parametrize(("damage", "name"), UNASKED.values(), ids=UNASKED)
def test_what_could_lose_rows_is_left_for_a_person(live: str, repairing: Repairing, damage: str, name: str) -> None:
    execute(live, damage)

    done = repairing(live)

    assert name in _left(done)
    assert done.exit_code is not ExitCode.CLEAR


def test_the_values_of_a_wider_column_stay_unless_it_is_named(live: str, repairing: Repairing) -> None:
    execute(live, "alter table customers alter email type text")

    repairing(live)

    assert ask(
        live,
        "select format_type(atttypid, atttypmod) from pg_attribute "
        "where attname = 'email' and attrelid = 'customers'::regclass",
    ) == [("text",)]


def test_what_is_named_is_taken_away(live: str, repairing: Repairing) -> None:
    execute(live, "create table extra (id integer); alter table customers alter email type text")

    done = repairing(live, "public.extra", "column public.customers.email")

    assert done.exit_code is ExitCode.CLEAR
    assert ask(live, "select to_regclass('extra')") == [(None,)]


def test_a_name_that_no_difference_has_is_refused(live: str, repairing: Repairing) -> None:
    with pytest.raises(InvalidSetting, match=r"no difference is named public\.nothing"):
        repairing(live, "public.nothing")


def test_labels_that_rows_may_hold_stay_and_are_told(live: str, repairing: Repairing) -> None:
    execute(live, "alter type state add value 'lost'")

    done = repairing(live)

    assert _left(done) == {"public.state": "rows may hold 'lost', and no label can be taken out of a type"}


def test_a_lost_label_comes_back_although_a_default_needs_it(live: str, repairing: Repairing) -> None:
    execute(
        live,
        "alter table orders alter state drop default; drop view open_orders; drop statistics by_state; "
        "drop index orders_state; alter type state rename to old; create type state as enum ('paid', 'sent'); "
        "alter table orders alter state type state using 'paid'; drop type old",
    )

    assert repairing(live).exit_code is ExitCode.CLEAR


def test_a_new_column_that_rows_have_no_value_for_is_left(live: str, repairing: Repairing) -> None:
    execute(live, "alter table customers drop email")

    done = repairing(live)

    assert "nothing says what the new column holds" in _left(done)["public.customers.email"]


def test_rows_that_break_a_constraint_are_kept_and_nothing_is_changed(live: str, repairing: Repairing) -> None:
    execute(live, "alter table orders drop constraint orders_code_check, alter total drop default; "
                  "update orders set code = 'z'")  # fmt: skip

    with pytest.raises(Exception, match="is violated by some row; nothing was changed"):
        repairing(live)

    assert ask(live, "select code from orders") == [("z",)]
    assert ask(live, "select pg_get_expr(adbin, adrelid) from pg_attrdef where adrelid = 'orders'::regclass "
                     "and adnum = 5") == []  # fmt: skip


def test_an_identity_that_comes_back_counts_on(live: str, repairing: Repairing) -> None:
    execute(live, "alter table customers alter id drop identity; insert into customers values (41, 'c@d')")

    repairing(live)
    execute(live, "insert into customers (email) values ('e@f')")

    assert ask(live, "select max(id) from customers") == [(42,)]


def test_a_table_that_a_pending_revision_makes_in_the_same_way_is_adopted(live: str, repairing: Repairing) -> None:
    execute(live, "create table invoices (id integer primary key, order_id integer references orders); "
                  "create index invoices_order on invoices (order_id)")  # fmt: skip

    done = repairing(live)

    assert [str(each) for each in done.adopted] == ["table public.invoices: as revision r3 makes it"]
    assert (done.target, done.remaining, done.exit_code) == ("r3", (), ExitCode.STOP)
    assert ask(live, "select version_num from alembic_version") == [("r2",)]


def test_one_that_it_makes_in_another_way_is_refused_with_the_difference(live: str, repairing: Repairing) -> None:
    execute(live, "create table invoices (id bigint primary key)")

    done = repairing(live)

    assert "revision r3 wants to make it, and makes another one: " in _left(done)["public.invoices"]
    assert "type is bigint, declared integer" in _left(done)["public.invoices"]
    assert ask(live, "select count(*) from invoices") == [(0,)]


def test_where_the_claim_is_wrong_the_restamp_is_offered(live: str, repairing: Repairing) -> None:
    execute(live, "drop table parcels, events; drop statistics by_state")

    with pytest.raises(ClaimsAnotherRevision) as raised:
        repairing(live)

    assert "interlock restamp" in raised.value.remedy


def test_a_schema_that_cannot_be_copied_is_not_repaired(live: str, repairing: Repairing) -> None:
    execute(live, "drop index orders_state; set check_function_bodies = off; "
                  "update pg_proc set prosrc = 'no_such_function', prolang = 12 where proname = 'touch'")  # fmt: skip

    with pytest.raises(CannotBeRehearsed):
        repairing(live)

    assert ask(live, "select to_regclass('orders_state')") == [(None,)]


def test_an_extension_beside_the_chain_that_the_scratch_server_lacks_keeps_no_repair_back(
    live: str, repairing: Repairing
) -> None:
    # As if it were installed on the target: no two servers of the tests differ in what they have.
    execute(live, "insert into pg_extension values (99999, 'elsewhere', 10, 2200, false, '1'); drop index orders_state")

    done = repairing(live)

    assert done.remaining == ()
    assert "rehearsed without extension elsewhere, which the scratch server does not have" in done.notes


def test_a_lock_that_somebody_holds_for_a_moment_is_waited_for(live: str, repairing: Repairing) -> None:
    execute(live, "alter table orders alter total drop default")
    tries: list[str] = []
    with psycopg.connect(live) as somebody:
        somebody.execute("lock table orders in access share mode")

        def on_statement(statement: str) -> None:
            if not tries:
                Timer(3, somebody.rollback).start()
            tries.append(statement)

        done = repairing(live, on_statement=on_statement)

    assert done.exit_code is ExitCode.CLEAR
    assert len(tries) > 1


def test_a_detach_that_was_cut_off_is_left_with_the_statement_that_ends_it(live: str, repairing: Repairing):
    with psycopg.connect(live) as user, psycopg.connect(live, autocommit=True) as connection:
        user.execute("select from events")
        connection.execute("set lock_timeout = '50ms'")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            connection.execute("alter table events detach partition events_2024 concurrently")

    before = _left(repairing(live, is_applied=False))
    finalize = before["public.events_2024"].partition("cut off: ")[2].partition(";")[0]
    execute(live, finalize)
    done = repairing(live, "public.events_2024.events_2024_at_check")

    assert finalize == 'ALTER TABLE public.events DETACH PARTITION "public"."events_2024" FINALIZE'
    assert done.remaining == (), _left(done)
