"""The console as a part of the application."""

from pathlib import Path

from fastapi import FastAPI
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from interlock.control.console import flags, invitations, modules, organisations, overview, people, sign_in

ASSETS = Path(__file__).with_name("assets")


class _Assets(StaticFiles):
    """Files that a browser may keep for an hour; after that it asks whether they have changed."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = "public, max-age=3600"
        return response


def mount_console(app: FastAPI) -> None:
    """Let the application serve the pages beside its API."""
    for part in (sign_in, overview, organisations, invitations, modules, flags, people):
        app.include_router(part.router)
    app.include_router(invitations.public)
    app.mount("/assets", _Assets(directory=ASSETS), name="assets")
