"""Who is calling, found out before anything else of the request is looked at."""

from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request, Response, Security
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer
from fastapi.security.utils import get_authorization_scheme_param

from interlock.control.domain.audit import Origin
from interlock.control.domain.errors import NotSignedIn
from interlock.control.domain.scope import Scope, WholePlatform
from interlock.control.domain.users import Permission, User, platform_scope
from interlock.control.domain.work import OpenWork, UnitOfWork
from interlock.control.http.ports import ports_of

# It declares the scheme in the OpenAPI document; `identify` is what reads the header.
DECLARED_BEARER = HTTPBearer(auto_error=False, scheme_name="bearer", bearerFormat="JWT")


@dataclass(frozen=True, slots=True)
class Caller:
    """A signed-in user, and the work that the user can begin."""

    user: User
    origin: Origin
    open_work: OpenWork

    def work(self) -> AbstractAsyncContextManager[UnitOfWork[Scope]]:
        """Begin work on what the user may see."""
        return self.open_work(self.user.scope, self.origin)

    def platform_work(self) -> AbstractAsyncContextManager[UnitOfWork[WholePlatform]]:
        """Begin work on the whole platform."""
        return self.open_work(platform_scope(self.user), self.origin)


async def identify(request: Request) -> Caller:
    """Find the active user whose token the request carries. Asked at every request, so deactivation is at once."""
    ports = ports_of(request)
    scheme, token = get_authorization_scheme_param(request.headers.get("Authorization"))
    if scheme.lower() != "bearer":
        raise NotSignedIn
    bearer = ports.tokens.read(token)
    user = await ports.directory.find_active(bearer.organisation_id, bearer.user_id)
    if user is None:
        raise NotSignedIn
    origin = Origin(user.organisation_id, user.id, request.state.request_id, address_of(request))
    return Caller(user, origin, ports.open_work)


def address_of(request: Request) -> str | None:
    """The network address that the request came from. Behind a proxy, uvicorn's --proxy-headers tells it."""
    return request.client.host if request.client else None


class ProtectedRoute(APIRoute):
    """A route for signed-in users only. A stranger learns nothing about it, not even that a body is malformed."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_caller(request: Request) -> Response:
            request.state.caller = await identify(request)
            return await handle(request)

        return handle_caller


async def _caller_of(request: Request, _: Annotated[object, Security(DECLARED_BEARER)]) -> Caller:
    caller: Caller = request.state.caller
    return caller


AnyCaller = Annotated[Caller, Depends(_caller_of)]


def permitted(permission: Permission) -> Any:
    """The caller, who must have a permission."""

    async def check(caller: AnyCaller) -> Caller:
        caller.user.must_have(permission)
        return caller

    return Depends(check)
