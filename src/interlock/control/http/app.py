"""The API as one application."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from fastapi import APIRouter, FastAPI

from interlock.control.http import (
    PREFIX,
    audit,
    dashboard,
    flag_history,
    flags,
    health,
    invitations,
    members,
    metrics,
    modules,
    organisations,
    releases,
    sessions,
    sign_in,
    users,
)
from interlock.control.http.envelope import Envelope
from interlock.control.http.head import HeadAsGet
from interlock.control.http.logs import AccessLog
from interlock.control.http.ports import Ports
from interlock.control.http.problems import Problem, answer_errors, problems

LARGER_BODIES = {f"{PREFIX}{releases.PATH}": releases.LARGEST_RECORD_BYTES}


def create_app(ports: Ports, close: Callable[[], Awaitable[None]]) -> FastAPI:
    """Make the application. `close` frees what the ports hold, when the server stops."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await close()

    app = FastAPI(
        title="Interlock control plane",
        version=ports.build,
        openapi_url=f"{PREFIX}/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=lambda route: route.name,
        lifespan=lifespan,
    )
    app.state.ports = ports
    app.include_router(health.router)
    app.include_router(metrics.router)
    app.include_router(_api())
    app.add_middleware(HeadAsGet)
    app.add_middleware(AccessLog)
    app.add_middleware(Envelope, larger_bodies=LARGER_BODIES)  # the outermost: what the log says has its request id
    answer_errors(app)
    _declare_problems(app)
    return app


def _api() -> APIRouter:
    api = APIRouter(prefix=PREFIX)
    of_people = (sign_in, users, sessions, organisations, members, invitations)
    for noun in (*of_people, modules, flags, flag_history, dashboard, audit, releases):
        api.include_router(noun.router)
    api.include_router(modules.of_organisation)
    api.include_router(invitations.public)
    api.include_router(organisations.other_spelling)
    return api


def _declare_problems(app: FastAPI) -> None:
    """Put the schema that `problems()` points at into the OpenAPI document."""
    draw = app.openapi

    def draw_with_problems() -> dict[str, Any]:
        document = draw()
        schemas = document["components"]["schemas"]
        problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas.update(problem.pop("$defs"))
        schemas["Problem"] = problem
        _declare_limits(document)
        return document

    app.openapi = draw_with_problems  # type: ignore[method-assign]


def _declare_limits(document: dict[str, Any]) -> None:
    """Say of every operation for which one has to be somebody that it can be asked too often."""
    for path in document["paths"].values():
        for operation in path.values():
            if operation.get("security"):
                operation["responses"].update({"429": problems(429)[429]})
