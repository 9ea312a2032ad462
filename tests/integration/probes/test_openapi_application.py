"""A FastAPI application, asked what its own OpenAPI document declares."""

from collections.abc import Iterator

import pytest
from fastapi import Depends, FastAPI, HTTPException
from fastapi.responses import StreamingResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel
from tests.integration.control.conftest import serve_app

from interlock.probes.ask import ask
from interlock.probes.document import fetch_document
from interlock.probes.findings import findings
from interlock.probes.identity import GivenToken, Identity
from interlock.probes.openapi import UnusableDocument, probes_of
from interlock.probes.probe import Answer, Proof
from interlock.verdict.finding import Check, Signal

BEARER = Depends(HTTPBearer(auto_error=False))


class Folder(BaseModel):
    name: str
    parent: "Folder | None" = None


def someone(credentials: HTTPAuthorizationCredentials | None = BEARER) -> str:
    if credentials is None or credentials.credentials != "good":
        raise HTTPException(401)
    return "admin"


LOGIN = [Depends(someone)]


def an_application() -> FastAPI:
    app = FastAPI()

    @app.get("/health")
    def health() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/folders", dependencies=LOGIN)
    def folders() -> list[Folder]:
        return [Folder(name="a", parent=Folder(name="b"))]

    @app.get("/events", dependencies=LOGIN)
    def events() -> StreamingResponse:
        return StreamingResponse(iter(["data: 1\n\n"]), media_type="text/event-stream")

    @app.get("/export", dependencies=LOGIN)
    def export() -> StreamingResponse:
        def lines() -> Iterator[str]:
            raise LookupError("column folders.parent does not exist")
            yield "never reached, and what makes this a generator"

        return StreamingResponse(lines(), headers={"Content-Disposition": "attachment; filename=folders.csv"})

    @app.get("/folders/{name}", dependencies=LOGIN)
    def folder(name: str) -> Folder:
        return Folder(name=name)

    @app.post("/folders", dependencies=LOGIN)
    def make() -> None: ...

    @app.get("/modules", dependencies=LOGIN)
    def modules() -> list[Folder]:
        raise HTTPException(400, 'relation "analytics_modules" does not exist')

    return app


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serve_app(an_application()) as api:
        yield str(api.client.base_url)


def answers(url: str) -> dict[tuple[str, str], Answer]:
    declared = probes_of(fetch_document(url), ["admin"])
    admin = Identity("admin", GivenToken("TOKEN", "good"))
    return {(answer.probe, answer.identity): answer for answer in ask(url, declared.probes, [admin]).answers}


def test_every_answer_proves_what_it_should(url):
    assert {key: answer.proof for key, answer in answers(url).items()} == {
        ("GET /health", "anonymous"): Proof.PROVED,
        ("GET /folders", "anonymous"): Proof.LOCKED,
        ("GET /folders", "invalid"): Proof.LOCKED,
        ("GET /folders", "admin"): Proof.PROVED,
        ("GET /events", "anonymous"): Proof.LOCKED,
        ("GET /events", "invalid"): Proof.LOCKED,
        ("GET /events", "admin"): Proof.PROVED,
        ("GET /export", "anonymous"): Proof.LOCKED,
        ("GET /export", "invalid"): Proof.LOCKED,
        ("GET /export", "admin"): Proof.FAILED,
        ("GET /modules", "anonymous"): Proof.LOCKED,
        ("GET /modules", "invalid"): Proof.LOCKED,
        ("GET /modules", "admin"): Proof.FAILED,
    }


def test_a_download_whose_head_was_sent_before_its_query_failed_is_no_success(url):
    answer = answers(url)["GET /export", "admin"]

    assert (answer.status, answer.reason.startswith("answered 200, but ")) == (200, True)


def test_a_recursive_answer_is_held_against_its_schema(url):
    assert answers(url)["GET /folders", "admin"].reason == "answered 200 and the body fits the declared schema"


def test_what_cannot_be_asked_is_listed(url):
    unprobed = probes_of(fetch_document(url)).unprobed

    assert [one.operation for one in unprobed] == ["POST /folders"]


def test_asking_without_an_identity_is_never_clear(url):
    """The incident: four endpoints were asked without logging in, and the 401s were called a success."""
    probes = probes_of(fetch_document(url)).probes

    found = findings(ask(url, probes), check=Check.PROBE_AFTER)

    assert {finding.signal for finding in found} == {Signal.CAUTION}


@pytest.mark.parametrize("path", ["/absent.json", "/docs"])
def test_a_document_that_is_not_there_is_an_error_with_a_remedy(url, path):
    with pytest.raises(UnusableDocument) as unusable:
        fetch_document(url, path)

    assert unusable.value.remedy


def test_an_application_that_does_not_answer_gives_no_document(closed_port):
    with pytest.raises(UnusableDocument, match="the connection was refused"):
        fetch_document(f"http://127.0.0.1:{closed_port}")
