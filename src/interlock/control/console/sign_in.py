"""/sign-in, /sign-out"""

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from interlock.control.console.pages import page
from interlock.control.console.session import (
    COOKIE,
    KEPT,
    CameFromElsewhere,
    Form,
    error_page,
    let_in,
    own_path,
    require_own_form,
)
from interlock.control.domain.errors import SignInRefused, TooManyAttempts
from interlock.control.domain.sign_in import sign_in
from interlock.control.http.caller import address_of
from interlock.control.http.ports import ports_of
from interlock.control.http.problems import STATUS
from interlock.control.http.tokens import Bearer

router = APIRouter(include_in_schema=False)


@router.get("/sign-in")
async def ask(request: Request, next: str = "/") -> Response:  # noqa: A002 - the name in the address
    """Ask for an e-mail address and a password."""
    return page(request, "sign_in.html", next=own_path(next), kept={}, error=None, email="")


@router.post("/sign-in")
async def let_somebody_in(request: Request, form: Form) -> Response:
    """Begin a session, and go on to where somebody wanted to go."""
    ports, path = ports_of(request), own_path(form.get("next", "/"))
    kept = {name: value for name, value in form.items() if name.startswith(KEPT)}
    email = form.get("email", "")
    try:
        require_own_form(request)
        login = await sign_in(
            ports.desk, ports.passwords, email, form.get("password", ""), address_of(request) or "unknown"
        )
    except CameFromElsewhere as error:
        return error_page(request, error, 403)
    except (SignInRefused, TooManyAttempts) as error:
        return page(request, "sign_in.html", status=STATUS[type(error)], next=path, kept=kept, error=error, email=email)
    response: Response
    if kept:
        fields = {name.removeprefix(KEPT): value for name, value in kept.items()}
        response = page(request, "resume.html", next=path, fields=fields)
    else:
        response = RedirectResponse(path, status_code=303)
    let_in(request, response, Bearer(login.organisation_id, login.user_id))
    return response


@router.post("/sign-out")
async def sign_out(request: Request) -> Response:
    """End the session in this browser."""
    try:
        require_own_form(request)
    except CameFromElsewhere as error:
        return error_page(request, error, 403)
    response = RedirectResponse("/sign-in", status_code=303)
    response.delete_cookie(COOKIE)
    return response
