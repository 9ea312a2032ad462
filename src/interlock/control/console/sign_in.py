"""/sign-in, /sign-out"""

from contextlib import suppress

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from interlock.control.console.lists import validated
from interlock.control.console.pages import page
from interlock.control.console.session import (
    COOKIE,
    KEPT,
    Form,
    PublicPageRoute,
    let_in,
    own_path,
    require_own_form,
)
from interlock.control.domain.audit import Origin
from interlock.control.domain.errors import InvalidChange, NotSignedIn, SignInRefused, TooManyAttempts
from interlock.control.domain.scope import OneOrganisation
from interlock.control.domain.sign_in import Login, sign_in
from interlock.control.http.caller import address_of
from interlock.control.http.ports import ports_of
from interlock.control.http.problems import STATUS
from interlock.control.http.sign_in import SignIn
from interlock.control.http.tokens import Audience, Bearer

router = APIRouter(include_in_schema=False, route_class=PublicPageRoute)


@router.get("/sign-in")
async def ask(request: Request, next: str = "/") -> Response:  # noqa: A002 - the name in the address
    """Ask for an e-mail address and a password."""
    return page(request, "sign_in.html", next=own_path(next), kept=[], error=None, email="")


@router.post("/sign-in")
async def let_somebody_in(request: Request, form: Form) -> Response:
    """Begin a session, and go on to where somebody wanted to go."""
    ports, path = ports_of(request), own_path(form.get("next", "/"))
    kept = [(name, value) for name, value in (await request.form()).multi_items() if name.startswith(KEPT)]
    email = form.get("email", "")
    require_own_form(request)
    try:
        body = validated(SignIn, email=email, password=form.get("password", ""))
        login = await sign_in(ports.desk, ports.passwords, body.email, body.password, address_of(request) or "unknown")
    except (InvalidChange, SignInRefused, TooManyAttempts) as error:
        return page(request, "sign_in.html", status=STATUS[type(error)], next=path, kept=kept, error=error, email=email)
    response: Response
    if kept:
        fields = [(name.removeprefix(KEPT), value) for name, value in kept]
        response = page(request, "resume.html", next=path, fields=fields)
    else:
        response = RedirectResponse(path, status_code=303)
    let_in(request, response, await _begin_session(request, login))
    return response


async def _begin_session(request: Request, login: Login) -> Bearer:
    address = address_of(request)
    origin = Origin(login.organisation_id, login.user_id, request.state.request_id, address)
    browser = request.headers.get("User-Agent", "").replace("\0", "")
    async with ports_of(request).open_work(OneOrganisation(login.organisation_id), origin) as work:
        session_id = await work.sessions.begin(login.user_id, address, browser)
    return Bearer(login.organisation_id, login.user_id, session_id=session_id)


@router.post("/sign-out")
async def sign_out(request: Request) -> Response:
    """End the session of this browser, for good: a copy of its cookie is worth nothing."""
    require_own_form(request)
    with suppress(NotSignedIn):  # it was over already
        await _end_session(request)
    response = RedirectResponse("/sign-in", status_code=303)
    response.delete_cookie(COOKIE)
    return response


async def _end_session(request: Request) -> None:
    ports = ports_of(request)
    bearer = ports.tokens.read(request.cookies.get(COOKIE, ""), Audience.CONSOLE)
    if bearer.session_id is None:
        return
    origin = Origin(bearer.organisation_id, bearer.user_id, request.state.request_id, address_of(request))
    async with ports.open_work(OneOrganisation(bearer.organisation_id), origin) as work:
        await work.sessions.end(bearer.user_id, bearer.session_id)
