"""Who looks at a page: a session in a cookie, and what happens without one."""

import logging
from collections.abc import Callable, Coroutine, Mapping
from types import MappingProxyType
from typing import Annotated, Any, TypeAlias
from urllib.parse import quote, urlsplit
from uuid import UUID

from fastapi import Depends, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from interlock.control.console.pages import page
from interlock.control.domain.audit import Origin
from interlock.control.domain.errors import NotSignedIn
from interlock.control.http.caller import Caller, address_of
from interlock.control.http.ports import ports_of
from interlock.control.http.problems import STATUS
from interlock.control.http.tokens import LIFETIME_SECONDS, Audience, Bearer
from interlock.errors import InterlockError

log = logging.getLogger(__name__)

COOKIE = "interlock_session"
KEPT = "kept."
"""What a form's fields are called while somebody signs in again."""


class CameFromElsewhere(InterlockError):
    """A form that another site has sent."""

    def __init__(self) -> None:
        super().__init__(
            problem="this form was not sent by a page of this console",
            remedy="open the page here, and send it again",
        )


class NotTaken(InterlockError):
    """A form that no page takes, whichever it was sent to: one that is too large, or is none."""

    def __init__(self, refusal: HTTPException) -> None:
        super().__init__(
            problem=f"what was sent is not taken: {refusal.detail}",
            remedy="nothing was changed; go back, and send it again, shorter if it was long",
        )


Handler: TypeAlias = Callable[[Request], Coroutine[Any, Any, Response]]


class PublicPageRoute(APIRoute):
    """A page for everybody. Errors are told in words."""

    def get_route_handler(self) -> Handler:
        return _in_words(super().get_route_handler())


class PageRoute(APIRoute):
    """A page for signed-in users: strangers are asked to sign in, errors are told in words."""

    def get_route_handler(self) -> Handler:
        handle = _in_words(super().get_route_handler())

        async def handle_visitor(request: Request) -> Response:
            require_own_form(request)
            try:
                bearer = ports_of(request).tokens.read(request.cookies.get(COOKIE, ""), Audience.CONSOLE)
                request.state.caller = await identify(request, bearer)
            except NotSignedIn:
                return await _ask_to_sign_in(request)
            response = await handle(request)
            # Whoever works stays signed in, as long as that may last at all.
            let_in(request, response, bearer)
            return response

        return _in_words(handle_visitor)


def _in_words(handle: Handler) -> Handler:
    async def answer(request: Request) -> Response:
        try:
            return await handle(request)
        except CameFromElsewhere as error:
            return error_page(request, error, 403)
        except InterlockError as error:
            return error_page(request, error, STATUS.get(type(error), 422))
        except RequestValidationError:
            return page(request, "not_found.html", status=404)
        except HTTPException as error:
            return error_page(request, NotTaken(error), error.status_code)
        except Exception:
            # The edge of the pages: whoever looks at one gets words, and we the rest.
            request_id = request.state.request_id
            log.exception("request %s failed: %s %r", request_id, request.method, request.url.path)
            return page(request, "broken.html", status=500, request_id=request_id)

    return answer


def require_own_form(request: Request) -> None:
    """Raise CameFromElsewhere for a form that another site has made a browser send.

    Every browser of the last years says where a request comes from; one that does not says it by `Origin`.
    """
    if request.method == "GET":
        return
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        is_own = site == "same-origin"
    else:
        origin = request.headers.get("Origin")
        is_own = origin is not None and urlsplit(origin).netloc == request.headers.get("Host")
    if not is_own:
        raise CameFromElsewhere


async def identify(request: Request, bearer: Bearer) -> Caller:
    """Find the active user of an open session. Raises NotSignedIn."""
    ports = ports_of(request)
    if bearer.session_id is None:
        raise NotSignedIn
    user = await ports.directory.find_in_session(bearer.organisation_id, bearer.user_id, bearer.session_id)
    if user is None:
        raise NotSignedIn
    request.state.session_id = bearer.session_id
    origin = Origin(user.organisation_id, user.id, request.state.request_id, address_of(request))
    return Caller(user, origin, ports.open_work)


def let_in(request: Request, response: Response, bearer: Bearer) -> None:
    """Begin a session, or make it last longer."""
    response.set_cookie(
        COOKIE,
        ports_of(request).tokens.issue(bearer, Audience.CONSOLE),
        max_age=LIFETIME_SECONDS,
        httponly=True,
        secure=request.url.scheme == "https",
        samesite="lax",
    )


def session_of(request: Request) -> UUID:
    """The session that a page is asked for in."""
    session_id: UUID = request.state.session_id
    return session_id


def error_page(request: Request, error: InterlockError, status: int) -> Response:
    """What went wrong, and what to do next."""
    return page(request, "error.html", status=status, error=error, code=status)


async def _ask_to_sign_in(request: Request) -> Response:
    if request.method == "GET":
        if request.url.path.startswith("/search/"):
            # What a form is offered while somebody fills it in: without an offer it is sent, and kept, all the same.
            return Response(status_code=401)
        path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        address = f"/sign-in?next={quote(path)}"
        if "HX-Request" in request.headers:
            # htmx would follow a redirect unseen, and find no list on the page for signing in: the browser has to go.
            return Response(status_code=401, headers={"HX-Redirect": address})
        return RedirectResponse(address, status_code=303)
    # Nothing of what was typed is lost: it waits in the sign-in form.
    form = await request.form()
    kept = [(f"{KEPT}{name}", value) for name, value in form.multi_items() if isinstance(value, str)]
    return page(request, "sign_in.html", status=401, next=request.url.path, kept=kept, error=None, email="")


async def form_of(request: Request) -> Mapping[str, str]:
    """The fields of a form, as text."""
    form = await request.form()
    return {name: value for name, value in form.items() if isinstance(value, str)}


NOTHING: Mapping[str, str] = MappingProxyType({})
"""The fields of a form that was not sent."""


def own_path(text: str) -> str:
    """A path of ours to go on to; nobody is led to another site."""
    return text if text.startswith("/") and not text.startswith(("//", "/\\")) else "/"


async def _caller_of(request: Request) -> Caller:
    caller: Caller = request.state.caller
    return caller


Visitor = Annotated[Caller, Depends(_caller_of)]
Form = Annotated[Mapping[str, str], Depends(form_of)]


async def _chosen_of(request: Request) -> tuple[str, ...]:
    form = await request.form()
    return tuple(value for value in form.getlist("chosen") if isinstance(value, str))


Chosen = Annotated[tuple[str, ...], Depends(_chosen_of)]
"""What was ticked in a list."""
