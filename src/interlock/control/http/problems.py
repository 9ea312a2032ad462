"""Every error as problem details (RFC 9457), and the one table that says which error has which status."""

from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from interlock.control.domain.errors import (
    ChangedMeanwhile,
    Conflict,
    InvalidChange,
    InvalidConfiguration,
    InvalidCursor,
    InvitationRefused,
    NotFound,
    NotPermitted,
    NotSignedIn,
    RoleAboveOwn,
    SignInRefused,
    TooManyAttempts,
    TooManyRequests,
)
from interlock.errors import InterlockError

MEDIA_TYPE = "application/problem+json"

OF_A_BODY = (400, 413, 422)
"""What can be wrong with a body, before the domain sees it."""

STATUS: Mapping[type[InterlockError], int] = MappingProxyType(
    {
        NotSignedIn: 401,
        SignInRefused: 401,
        NotPermitted: 403,
        RoleAboveOwn: 403,
        NotFound: 404,
        Conflict: 409,
        InvitationRefused: 404,
        ChangedMeanwhile: 412,
        InvalidChange: 422,
        InvalidConfiguration: 422,
        InvalidCursor: 422,
        TooManyAttempts: 429,
        TooManyRequests: 429,
    }
)


class InvalidField(BaseModel):
    """One thing that is wrong with a request."""

    at: str = Field(description="Where it is, such as `body.rollout`.", examples=["body.rollout"])
    message: str


class Problem(BaseModel):
    """Problem details (RFC 9457). `remedy` says what to do next."""

    type: str = Field(examples=["about:blank"])
    title: str = Field(examples=["Not Found"])
    status: int = Field(examples=[404])
    detail: str = Field(examples=["there is no flag new-dashboard"])
    request_id: str = Field(description="Names the request in our log and in the audit trail.")
    remedy: str | None
    errors: list[InvalidField]


def problem(
    status: int,
    detail: str,
    request_id: str,
    *,
    remedy: str | None = None,
    errors: list[InvalidField] | None = None,
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """An error as it is sent."""
    body = Problem(
        type="about:blank",
        title=HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        request_id=request_id,
        remedy=remedy,
        errors=errors or [],
    )
    return JSONResponse(body.model_dump(), status, headers=headers, media_type=MEDIA_TYPE)


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Declare, for the OpenAPI document, with which errors a route may answer."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": HTTPStatus(status).phrase, "content": content} for status in statuses}


def answer_errors(app: FastAPI) -> None:
    """Turn every error that the application knows into problem details."""
    for error in STATUS:
        app.exception_handler(error)(_answer_domain_error)
    app.exception_handler(RequestValidationError)(_answer_invalid_request)
    app.exception_handler(HTTPException)(_answer_framework_error)


async def _answer_domain_error(request: Request, error: InterlockError) -> JSONResponse:
    headers = {}
    if isinstance(error, NotSignedIn | SignInRefused):
        headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, TooManyAttempts | TooManyRequests):
        headers["Retry-After"] = str(error.retry_after_seconds)
    errors = []
    if isinstance(error, InvalidConfiguration):
        errors = [InvalidField(at=f"body.{wrong.at}", message=wrong.message) for wrong in error.wrong]
    return problem(
        STATUS[type(error)],
        error.problem,
        request.state.request_id,
        remedy=error.remedy,
        errors=errors,
        headers=headers,
    )


async def _answer_invalid_request(request: Request, error: RequestValidationError) -> JSONResponse:
    # What was sent is not sent back: it may be a password.
    wrong = [InvalidField(at=".".join(map(str, found["loc"])), message=found["msg"]) for found in error.errors()]
    return problem(422, "the request is not what this route takes", request.state.request_id, errors=wrong)


async def _answer_framework_error(request: Request, error: HTTPException) -> JSONResponse:
    headers = dict(error.headers or {})
    if "GET" in headers.get("Allow", "").split(", "):
        headers["Allow"] += ", HEAD"
    return problem(error.status_code, error.detail, request.state.request_id, headers=headers)
