"""Endpoints of one thing, asked for what the lists of a real application tell each identity."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from fastapi import Depends, FastAPI, HTTPException, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from interlock.probes.ask import ask
from interlock.probes.document import fetch_document
from interlock.probes.identity import GivenToken, Identity
from interlock.probes.openapi import probes_of
from interlock.probes.probe import Asked, Proof, Unprobed

BEARER = Depends(HTTPBearer(auto_error=False))
OWN = {"ada": {"id": 1, "lines": [{"number": "a/b"}]}, "bob": {"id": 2, "lines": [{"number": "c"}]}}


def someone(credentials: HTTPAuthorizationCredentials | None = BEARER) -> str:
    if credentials is None or credentials.credentials not in OWN:
        raise HTTPException(401)
    return credentials.credentials


WHO = Depends(someone)


def own(who: str, order_id: int) -> dict[str, Any]:
    if OWN[who]["id"] != order_id:
        raise HTTPException(404)
    return OWN[who]


def an_application() -> FastAPI:
    app = FastAPI()
    add_orders(app)
    add_what_breaks(app)
    add_what_is_not_told(app)
    return app


def add_orders(app: FastAPI) -> None:
    @app.get("/orders")
    def orders(who: str = WHO) -> dict[str, list[dict[str, int]]]:
        return {"items": [{"id": OWN[who]["id"]}]}

    @app.get("/orders/{order_id}")
    def order(order_id: int, who: str = WHO) -> dict[str, int]:
        return {"id": own(who, order_id)["id"]}

    @app.get("/orders/{order_id}/lines")
    def lines(order_id: int, who: str = WHO) -> list[dict[str, str]]:
        return own(who, order_id)["lines"]

    @app.get("/orders/{order_id}/lines/{number:path}")
    def line(order_id: int, number: str, who: str = WHO) -> dict[str, str]:
        own(who, order_id)
        return {"number": number}


def add_what_breaks(app: FastAPI) -> None:
    @app.get("/orders/{order_id}/invoice")
    def invoice(order_id: int, who: str = WHO) -> dict[str, int]:
        own(who, order_id)
        raise HTTPException(500, 'column "invoice_number" does not exist')

    @app.get("/orders/{order_id}/note")
    def note(order_id: int) -> dict[str, int]:
        return {"id": order_id}

    @app.get("/orders/{order_id}/refund")
    def refund(order_id: int, who: str = WHO) -> dict[str, int]:
        own(who, order_id)
        raise HTTPException(404, 'relation "refunds" does not exist')


def add_what_is_not_told(app: FastAPI) -> None:
    @app.get("/drafts")
    def drafts(_: str = WHO) -> list[dict[str, int]]:
        return []

    @app.get("/drafts/{draft_id}")
    def draft(draft_id: int, _: str = WHO) -> dict[str, int]:
        return {"id": draft_id}

    @app.get("/pages")
    def pages() -> list[dict[str, str]]:
        return [{"id": "1", "title": "Home"}]

    @app.get("/pages/{slug}")
    def page(slug: str) -> Response:  # noqa: ARG001 - the document names it
        raise HTTPException(404)

    @app.get("/notes/{slug}")
    def unlisted(slug: str) -> dict[str, str]:
        return {"slug": slug}


@contextmanager
def serving(app: FastAPI) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        thread.join()


def round_of(app: FastAPI, **options: Any) -> Asked:
    identities = [Identity(name, GivenToken("TOKEN", name)) for name in OWN]
    with serving(app) as url:
        declared = probes_of(fetch_document(url), list(OWN), **options)
        return ask(url, declared.probes, identities, details=declared.details)


def test_everybody_is_asked_for_what_their_own_lists_tell():
    asked = round_of(an_application(), protected=["/orders*"])

    proofs = {(answer.probe, answer.identity): answer.proof for answer in asked.answers}
    for path in ("/orders/{order_id}", "/orders/{order_id}/lines", "/orders/{order_id}/lines/{number}"):
        told = {name: proofs[f"GET {path}", name] for name in ("anonymous", "invalid", "ada", "bob")}
        assert told == {
            "anonymous": Proof.LOCKED,
            "invalid": Proof.LOCKED,
            "ada": Proof.PROVED,
            "bob": Proof.PROVED,
        }, path


def test_a_page_of_one_thing_that_breaks_is_found():
    """The incident's second day: the list worked again, and the page behind it lacked a column."""
    asked = round_of(an_application(), protected=["/orders*"])

    failed = {(answer.probe, answer.identity) for answer in asked.answers if answer.proof is Proof.FAILED}
    assert failed == {
        ("GET /orders/{order_id}/invoice", "ada"),
        ("GET /orders/{order_id}/invoice", "bob"),
        # Its door is open to everybody.
        ("GET /orders/{order_id}/note", "anonymous"),
        ("GET /orders/{order_id}/note", "invalid"),
        # A 404 that tells of a database error is no page that is not there.
        ("GET /orders/{order_id}/refund", "ada"),
        ("GET /orders/{order_id}/refund", "bob"),
    }


def test_what_no_list_tells_or_what_is_not_taken_is_left_out_and_told():
    asked = round_of(an_application())

    assert asked.left_out == (
        Unprobed("GET /drafts/{draft_id}", "no answer of GET /drafts tells what to ask it for"),
        Unprobed("GET /pages/{slug}", "it answered 404 to anonymous for what a list tells as its first"),
    )
    assert "GET /pages/{slug}" not in {answer.probe for answer in asked.answers}
