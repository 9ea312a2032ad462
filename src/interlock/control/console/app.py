"""The console as a part of the application."""

from pathlib import Path

from fastapi import FastAPI, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from interlock.control.console import (
    account,
    audit,
    configure,
    flags,
    invitations,
    modules,
    organisations,
    overview,
    people,
    releases,
    search,
    sign_in,
)
from interlock.control.console.pages import page

ASSETS = Path(__file__).with_name("assets")


class _Assets(StaticFiles):
    """Files that a browser may keep for an hour; after that it asks whether they have changed."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = "public, max-age=3600"
        return response


def mount_console(app: FastAPI) -> None:
    """Let the application serve the pages beside its API. Who looks for a page that there is not gets one."""
    answer = app.exception_handlers[HTTPException]

    @app.exception_handler(HTTPException)
    async def answer_people(request: Request, error: HTTPException) -> Response:
        is_for_people = "text/html" in request.headers.get("Accept", "") and not request.url.path.startswith("/api/")
        if error.status_code == 404 and is_for_people:
            return page(request, "not_found.html", status=404)
        return await answer(request, error)  # type: ignore[no-any-return, misc]

    for part in (
        sign_in,
        overview,
        organisations,
        configure,
        invitations,
        modules,
        flags,
        people,
        audit,
        releases,
        search,
        account,
    ):
        app.include_router(part.router)
    app.include_router(invitations.public)
    app.mount("/assets", _Assets(directory=ASSETS), name="assets")
