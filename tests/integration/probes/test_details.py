"""Endpoints of one thing, asked for what the lists of a real application tell each identity."""

from typing import Any, Literal

from fastapi import Depends, FastAPI, HTTPException, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from tests.integration.control.conftest import serve_app

from interlock.probes.ask import ask
from interlock.probes.document import fetch_document
from interlock.probes.findings import findings
from interlock.probes.identity import GivenToken, Identity
from interlock.probes.openapi import probes_of
from interlock.probes.probe import Asked, Proof, Unprobed
from interlock.verdict.finding import Check, Signal

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
    @app.get("/orders/{order_id}/warranty")
    def warranty(order_id: int, who: str = WHO) -> dict[str, int]:
        own(who, order_id)
        raise HTTPException(404, "nobody has asked for one")

    @app.get("/letters")
    def letters(who: str = WHO) -> list[dict[str, int]]:
        return [{"id": 1}] if who == "ada" else []

    @app.get("/letters/{letter_id}")
    def letter(letter_id: int, _: str = WHO) -> dict[str, int]:
        return {"id": letter_id}

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


def round_of(app: FastAPI, **options: Any) -> Asked:
    identities = [Identity(name, GivenToken("TOKEN", name)) for name in OWN]
    with serve_app(app) as api:
        url = str(api.client.base_url)
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
    asked = round_of(an_application(), protected=["/orders*", "/letters*"])

    warranty = "GET /orders/{order_id}/warranty"
    assert asked.left_out == (
        Unprobed("GET /letters/{letter_id}", "no answer of GET /letters tells bob what to ask it for"),
        Unprobed("GET /drafts/{draft_id}", "no answer of GET /drafts tells what to ask it for"),
        Unprobed(warranty, "it answered 404 to ada for the first thing that a list tells"),
        Unprobed(warranty, "it answered 404 to bob for the first thing that a list tells"),
        Unprobed("GET /pages/{slug}", "it answered 404 to anonymous for the first thing that a list tells"),
    )
    # That its door is locked says nothing then, and is no reason for a finding.
    assert {warranty, "GET /pages/{slug}"}.isdisjoint(answer.probe for answer in asked.answers)
    assert warranty not in "".join(each.message for each in findings(asked, check=Check.PROBE_AFTER))


def test_a_value_that_is_only_allowed_proves_a_page_and_fails_none_that_does_not_take_it():
    app = FastAPI()

    @app.get("/reports/{kind}")
    def report(kind: Literal["daily", "weekly"], is_short: bool) -> dict[str, Any]:
        return {"kind": kind, "is_short": is_short}

    @app.get("/exports/{kind}")
    def export(kind: Literal["pdf", "csv"]) -> dict[str, str]:
        raise HTTPException(404, f"nobody has made a {kind}")

    @app.get("/totals/{kind}")
    def totals(kind: Literal["sum", "mean"]) -> dict[str, str]:
        raise HTTPException(500, f"{kind} is broken")

    asked = round_of(app)

    assert [(answer.probe, answer.proof) for answer in asked.answers] == [
        ("GET /reports/daily?is_short=false", Proof.PROVED),
        ("GET /totals/sum", Proof.FAILED),
    ]
    reason = "it answered 404 to anonymous for a value that the document allows"
    assert asked.left_out == (Unprobed("GET /exports/pdf", reason),)


def test_the_page_of_a_thing_that_its_list_tells_and_that_is_not_there_is_caution():
    """Its router failed to be imported, and the document is kept in a file: the list alone would look well."""
    app = FastAPI()

    @app.get("/orders")
    def orders(who: str = WHO) -> dict[str, list[dict[str, int]]]:
        return {"items": [{"id": OWN[who]["id"]}]}

    whole = probes_of(an_application().openapi(), list(OWN), protected=["/orders*"])
    details = [each for each in whole.details if each.probe.template == "/orders/{order_id}"]
    identities = [Identity(name, GivenToken("TOKEN", name)) for name in OWN]
    with serve_app(app) as api:
        lists = [probe for probe in whole.probes if probe.path == "/orders"]
        asked = ask(str(api.client.base_url), lists, identities, details=details)

    found = findings(asked, check=Check.PROBE_AFTER)
    strange = "GET /orders/{order_id} as ada is unproved: it answered 404 to ada for the first thing that a list tells"
    assert (Signal.CAUTION, strange) in {(each.signal, each.message) for each in found}
