"""The gate in front of an ASGI application."""

import asyncio
import json
from pathlib import Path
from typing import Any

import psycopg

from interlock.gate import ReadinessMiddleware, open_gate
from interlock.schema.file import SchemaFile, as_json
from tests.integration.gate.conftest import MakeGate


async def application(scope, _receive, send) -> None:
    """An application that says hello to everybody."""
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"hello"})
    else:
        await send({"type": f"{scope['type']} reached the application"})


def asked(middleware: ReadinessMiddleware, path: str = "/readyz", type_: str = "http", method: str = "GET") -> Any:
    """What the middleware sends to one connection."""
    sent: list[Any] = []

    async def send(message) -> None:
        sent.append(message)

    async def receive() -> Any:
        raise AssertionError

    asyncio.run(middleware({"type": type_, "path": path, "method": method}, receive, send))
    return sent


def test_one_path_tells_whether_it_is_ready_and_the_others_go_to_the_application(
    make_gate: MakeGate, live: psycopg.Connection
):
    middleware = ReadinessMiddleware(application, make_gate())
    ready = asked(middleware)
    live.execute("drop table lines")
    start, body = asked(middleware)

    assert ready[0]["status"] == 200
    assert start["status"] == 503
    assert (b"retry-after", b"5") in start["headers"]
    assert json.loads(body["body"]) == {"status": "not ready"}
    assert asked(middleware, "/orders")[1]["body"] == b"hello"


def test_strangers_are_told_no_name_of_any_object_and_operators_may_be(make_gate: MakeGate, live: psycopg.Connection):
    live.execute("drop index orders_by_state")
    gate = make_gate()

    silent = asked(ReadinessMiddleware(application, gate))
    telling = asked(
        ReadinessMiddleware(application, gate, path="/internal/ready", tells_reasons=True), "/internal/ready"
    )

    assert b"orders_by_state" not in silent[1]["body"]
    assert json.loads(telling[1]["body"])["reasons"] == ["Missing index public.orders.orders_by_state"]


def test_nobody_gets_through_before_it_was_ready_once(make_gate: MakeGate, live: psycopg.Connection):
    live.execute("delete from alembic_version")
    middleware = ReadinessMiddleware(application, make_gate(), holds_back=True)

    assert asked(middleware, "/orders")[0]["status"] == 503
    assert asked(middleware, "/socket", "websocket") == [{"type": "websocket.close", "code": 1013}]

    live.execute("insert into alembic_version values ('r3')")
    assert asked(middleware, "/orders")[0]["status"] == 200

    live.execute("delete from alembic_version")
    assert asked(middleware, "/orders")[0]["status"] == 200
    assert asked(middleware)[0]["status"] == 503


def test_what_is_no_request_goes_to_the_application(make_gate: MakeGate):
    middleware = ReadinessMiddleware(application, make_gate(), holds_back=True)

    assert asked(middleware, type_="lifespan") == [{"type": "lifespan reached the application"}]


def test_a_head_request_gets_no_body(make_gate: MakeGate):
    assert asked(ReadinessMiddleware(application, make_gate()), method="HEAD")[1]["body"] == b""


def test_a_gate_is_opened_by_the_address_of_a_database_and_the_name_of_a_file(
    database: str, needs: SchemaFile, live: psycopg.Connection, tmp_path: Path
):
    file = tmp_path / "schema.json"
    file.write_text(as_json(needs))
    gate = open_gate(database, file)
    middleware = ReadinessMiddleware(application, gate)

    (ready, _) = asked(middleware)
    gate.close()

    assert ready["status"] == 200
    assert live.execute("select count(*) from orders").fetchone() == (0,)
