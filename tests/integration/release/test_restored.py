"""The guard on a database that was dumped and restored: it prints its expressions in another way, and is the same."""

from pathlib import Path

from interlock.verdict.finding import Signal
from tests.acceptance.conftest import ask, execute
from tests.alembic_project import make_project
from tests.integration.release.conftest import Guard, claim, told

CHAIN = {
    "r1": """
        op.execute("create table orders (id int primary key, status varchar(9) check (status in ('new', 'paid')))")
        op.execute("create index orders_open on orders (id) where status in ('new', 'odd')")
    """
}
# What pg_dump writes for the chain's own; reading it gives another print than the chain's.
RESTORED = """
create table orders (id int primary key, status varchar(9), constraint orders_status_check check (
    ((status)::text = any ((array['new'::character varying, 'paid'::character varying])::text[]))));
create index orders_open on orders (id) where
    ((status)::text = any ((array['new'::character varying, 'odd'::character varying])::text[]))
"""


def test_a_restored_database_is_what_the_chain_declares(guard: Guard, database: str, tmp_path: Path) -> None:
    make_project(tmp_path, CHAIN, models="")
    execute(database, RESTORED)
    claim(database, "r1")

    outcome = guard("verify", database)

    (printed,) = ask(database, "select pg_get_constraintdef(oid) from pg_constraint where conname ~ 'status'")[0]
    assert "ARRAY[('new'" in printed
    assert outcome.record.after is not None
    assert outcome.record.after.drift == ()
    assert outcome.record.verdict.signal is not Signal.STOP


def test_what_somebody_changed_in_it_is_still_found(guard: Guard, database: str, tmp_path: Path) -> None:
    make_project(tmp_path, CHAIN, models="")
    execute(database, RESTORED.replace("'paid'", "'sent'"))
    claim(database, "r1")

    outcome = guard("verify", database)

    assert outcome.record.verdict.signal is Signal.STOP
    assert "Altered check constraint public.orders.orders_status_check" in told(outcome)
    assert "orders_open" not in told(outcome)
