"""/metrics: how many requests were answered, how, and how fast, for whoever collects that (OpenMetrics)."""

import os
from secrets import compare_digest

from fastapi import APIRouter, Request, Response
from fastapi.security.utils import get_authorization_scheme_param
from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.openmetrics.exposition import CONTENT_TYPE_LATEST, generate_latest
from starlette.types import Scope

from interlock.control.http import PREFIX
from interlock.control.http.ports import ThePorts
from interlock.control.http.problems import problem

MULTIPROCESS_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
"""Where several workers of one server leave their numbers for one another; `interlock serve` sets it."""

UNKNOWN = "unknown"
"""The route of what no route answers: addresses that strangers make up are no labels."""

REQUESTS = Counter("interlock_requests", "Requests that were answered.", ("method", "route", "status"))
SECONDS = Histogram("interlock_request_seconds", "How long answers took.", ("method", "route"))

# Not a part of the API: whoever may read it is a matter of the operator, not of a role.
router = APIRouter(include_in_schema=False)


def observe(scope: Scope, status: int, seconds: float) -> None:
    """Count one answer."""
    route = getattr(scope.get("route"), "path", None)
    method = scope["method"] if route else UNKNOWN
    if route is None:
        route = UNKNOWN
    elif scope["path"].startswith(f"{PREFIX}/"):
        route = PREFIX + route.removeprefix(PREFIX)  # a route does not know where it was included
    REQUESTS.labels(method, route, str(status)).inc()
    SECONDS.labels(method, route).observe(seconds)


@router.get("/metrics")
async def read_metrics(request: Request, ports: ThePorts) -> Response:
    """Tell the numbers to whoever has the token of the settings; without one there they are told to nobody."""
    if ports.metrics_token is None:
        return problem(404, "Not Found", request.state.request_id)
    scheme, token = get_authorization_scheme_param(request.headers.get("Authorization"))
    if scheme.lower() != "bearer" or not compare_digest(token.encode(), ports.metrics_token.encode()):
        headers = {"WWW-Authenticate": "Bearer"}
        return problem(401, "this needs the token for metrics", request.state.request_id, headers=headers)
    return Response(
        generate_latest(_registry()),  # type: ignore[no-untyped-call]
        media_type=CONTENT_TYPE_LATEST,
    )


def _registry() -> CollectorRegistry:
    if MULTIPROCESS_VARIABLE not in os.environ:
        return REGISTRY
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return registry
