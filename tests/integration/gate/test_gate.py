"""The gate of an application, on real databases that change, hang and go away."""

import logging
import os
import signal
import socket
import threading
import time
from dataclasses import replace

import psycopg
import pytest

from interlock.gate.waiting import wait_until_ready
from interlock.schema.file import SchemaFile
from tests.acceptance.conftest import ask, execute
from tests.integration.gate.conftest import MakeGate

GATES = "select pid from pg_stat_activity where application_name = 'interlock gate' and datname = current_database()"


def test_a_database_that_holds_what_the_build_declares_is_ready(make_gate: MakeGate):
    answer = make_gate().check()

    assert answer.is_ready, answer
    assert answer.reasons == ()


def test_what_a_later_release_added_is_no_reason_against_it(make_gate: MakeGate, live: psycopg.Connection):
    live.execute("create table later (id int); alter table orders add later int; alter type state add value 'sent'")
    live.execute("alter table orders alter state drop not null; update alembic_version set version_num = 'r4'")

    assert make_gate().check().is_ready


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("alter table orders drop note cascade", "Missing column public.orders.note"),
        ("drop table lines", "Missing table public.lines"),
        ("drop view open_orders", "Missing view public.open_orders"),
        ("alter table orders alter amount type numeric(8, 2)", "type is numeric(8,2), declared numeric(10,2)"),
        ("alter table orders alter note set not null", "nullable is no, declared yes"),
        ("alter table orders disable trigger changed", "enabled is disabled, declared origin"),
        ("alter table orders drop constraint orders_amount_check", "Missing check constraint"),
        ("drop policy own on orders", "Missing policy public.orders.own"),
        ("create or replace view open_orders as select id, note from orders", "Altered view public.open_orders"),
        ("update alembic_version set version_num = 'r1'", "revisions that did not run: r2, r3"),
        ("delete from alembic_version", "revisions that did not run: r1, r2, r3"),
        ("drop table alembic_version", "revisions that did not run: r1, r2, r3"),
    ],
)
def test_what_is_missing_is_seen_by_the_next_look_and_named(
    make_gate: MakeGate, live: psycopg.Connection, statement: str, reason: str
):
    gate = make_gate()
    assert gate.check().is_ready
    live.execute(statement.encode())

    answer = gate.check()

    assert not answer.is_ready
    assert reason in "; ".join(answer.reasons)


def test_it_is_ready_again_when_what_was_missing_is_there(make_gate: MakeGate, live: psycopg.Connection):
    live.execute("alter table orders drop constraint orders_amount_check")
    gate = make_gate()
    assert not gate.check().is_ready
    live.execute("alter table orders add constraint orders_amount_check check (amount > 0)")

    assert gate.check().is_ready


def test_a_constraint_that_was_never_validated_is_a_reason(make_gate: MakeGate, live: psycopg.Connection):
    live.execute("alter table orders drop constraint orders_amount_check")
    live.execute("alter table orders add constraint orders_amount_check check (amount > 0) not valid")

    assert "is_validated is no, declared yes" in make_gate().check().reasons[0]


def test_an_index_that_no_query_uses_is_a_reason(make_gate: MakeGate, live: psycopg.Connection):
    live.execute("update pg_index set indisvalid = false where indexrelid = 'orders_by_state'::regclass")

    assert "is_valid is no, declared yes" in make_gate().check().reasons[0]


def test_the_maker_of_what_is_missing_is_named(make_gate: MakeGate, live: psycopg.Connection, needs: SchemaFile):
    live.execute("alter table orders drop note cascade")
    makers = {name: "r2" for name in needs.snapshot.items if name.item == "note"}

    reasons = make_gate(needs={"makers": makers}).check().reasons

    assert "Missing column public.orders.note (revision r2 makes it)" in reasons


def test_an_answer_counts_for_a_while(make_gate: MakeGate, live: psycopg.Connection):
    gate = make_gate(every_seconds=60.0)
    assert gate.check().is_ready
    live.execute("drop table lines")

    assert gate.check().is_ready
    assert gate.fresh_answer == gate.check()


def test_it_keeps_one_connection_however_many_ask(make_gate: MakeGate, database: str):
    gate = make_gate()
    threads = [threading.Thread(target=gate.check) for _ in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(ask(database, GATES)) == 1


def test_a_lost_connection_is_opened_again(make_gate: MakeGate, database: str):
    gate = make_gate()
    assert gate.check().is_ready
    (before,) = ask(database, GATES)
    ask(database, GATES.replace("pid", "pg_terminate_backend(pid, 5000)", 1))

    assert gate.check().is_ready
    assert ask(database, GATES) != [before]


def test_a_database_that_is_gone_is_not_ready(make_gate: MakeGate):
    answer = make_gate("postgresql://nobody@127.0.0.1:1/nowhere").check()

    assert not answer.is_ready
    assert not answer.is_reachable
    assert answer.reasons[0].startswith("cannot open")


def test_a_server_that_never_answers_makes_nobody_wait(make_gate: MakeGate):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        gate = make_gate(f"postgresql://x@127.0.0.1:{silent.getsockname()[1]}/x", answers_within_seconds=0.3)
        began = time.monotonic()
        answers = [gate.check() for _ in range(3)]

        assert time.monotonic() - began < 2
        assert {answer.reasons for answer in answers} == {("the database did not answer in time",)}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may stop a process of the server")
def test_a_database_that_begins_to_hang_is_not_ready_until_it_answers_again(make_gate: MakeGate, database: str):
    gate = make_gate(answers_within_seconds=0.5)
    assert wait_until_ready(gate, 20).is_ready
    ((pid,),) = ask(database, GATES)
    os.kill(pid, signal.SIGSTOP)
    try:
        assert gate.check().reasons == ("the database did not answer in time",)
    finally:
        os.kill(pid, signal.SIGCONT)

    assert wait_until_ready(gate, 20).is_ready


def test_a_process_that_was_forked_off_looks_over_its_own_connection(make_gate: MakeGate):
    gate = make_gate()
    assert gate.check().is_ready
    child = os.fork()
    if not child:
        os._exit(0 if gate.check().is_ready else 1)
    _, status = os.waitpid(child, 0)

    assert status == 0
    assert gate.check().is_ready


def test_what_changes_is_logged_once(make_gate: MakeGate, live: psycopg.Connection, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.INFO, "interlock.gate")
    gate = make_gate()
    gate.check()
    gate.check()
    live.execute("drop index orders_by_state")
    gate.check()
    gate.check()

    assert [record.message for record in caplog.records] == [
        "ready",
        "not ready: Missing index public.orders.orders_by_state",
    ]


def test_a_branched_chain_is_not_taken_for_run_because_of_a_later_row(make_gate: MakeGate, live: psycopg.Connection):
    live.execute("update alembic_version set version_num = 'b2'")
    answer = make_gate(needs={"revisions": ("r1", "a2", "b2", "r3")}).check()

    assert answer.reasons == ("revisions that did not run: r3",)


def test_somebody_who_waits_hears_what_is_missing_and_when_that_changes(make_gate: MakeGate, database: str):
    execute(database, "alter table orders drop constraint orders_amount_check; delete from alembic_version")
    heard: list[tuple[str, ...]] = []

    def mend(answer) -> None:
        heard.append(answer.reasons)
        if len(heard) == 1:
            execute(database, "insert into alembic_version values ('r3')")
        if len(heard) == 2:
            execute(database, "alter table orders add constraint orders_amount_check check (amount > 0)")

    answer = wait_until_ready(make_gate(), 60, mend)

    assert answer.is_ready
    assert [len(reasons) for reasons in heard] == [2, 1, 0]


def test_another_print_of_the_same_expression_is_the_same(make_gate: MakeGate, needs: SchemaFile):
    name = next(name for name in needs.snapshot.items if name.item == "orders_amount_check")
    declared = replace(needs.snapshot.items[name], definition="CHECK (as another server prints it)")
    snapshot = needs.snapshot.with_items({**needs.snapshot.items, name: declared})
    forms = {name: (needs.snapshot.items[name],)}

    assert not make_gate(needs={"snapshot": snapshot}).check().is_ready
    assert make_gate(needs={"snapshot": snapshot, "forms": forms}).check().is_ready
