"""/livez, /readyz, /version: what a load balancer, an orchestrator and the release guard ask."""

import logging

from fastapi import APIRouter, Request, Response
from pydantic import Field

from interlock.control.http.fields import View
from interlock.control.http.ports import ThePorts
from interlock.control.http.problems import problem, problems

log = logging.getLogger(__name__)

router = APIRouter(tags=["health"], responses=problems(500))


class Health(View):
    """That all is well."""

    status: str = Field(examples=["ok"])


class Version(View):
    """Which build this is, and which schema it has and needs."""

    build: str
    revision: str | None = Field(description="What the live database claims; null if it claims nothing.")
    expected_revision: str = Field(description="The head of the chain in this build.")


@router.get("/livez")
async def read_liveness() -> Health:
    """Answer as long as the process lives, whatever the database does."""
    return Health(status="ok")


@router.get("/readyz", response_model=Health, responses=problems(503))
async def read_readiness(request: Request, ports: ThePorts) -> Health | Response:
    """Tell whether the live database can serve this build. The reason why it cannot is in the log."""
    reason = await ports.is_ready()
    if reason is None:
        return Health(status="ready")
    log.warning("request %s: not ready: %s", request.state.request_id, reason)
    return problem(503, "the application is not ready", request.state.request_id)


@router.get("/version")
async def read_version(ports: ThePorts) -> Version:
    """Tell which build this is."""
    return Version(build=ports.build, revision=await ports.live_revision(), expected_revision=ports.expected_revision)
