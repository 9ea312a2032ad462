"""Templates, and what every page is sent with."""

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from typing import Any
from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from interlock.control.console.browsers import browser_name
from interlock.control.domain.errors import ChangedMeanwhile
from interlock.control.domain.scope import WholePlatform
from interlock.control.domain.users import Permission, User
from interlock.control.http.ports import ports_of
from interlock.errors import InterlockError

# Nothing from elsewhere, nothing inline; pictures in the style sheet are data.
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
}

NAVIGATION = (
    ("/", "Overview", "home", None),
    ("/organisations", "Organisations", "building", Permission.READ_ORGANISATIONS),
    ("/modules", "Modules", "puzzle", Permission.READ_MODULES),
    ("/feature-flags", "Feature flags", "flag", Permission.READ_FLAGS),
    ("/releases", "Releases", "rocket", Permission.READ_RELEASES),
    ("/health", "Health", "heartbeat", Permission.READ_RELEASES),
    ("/users", "Users", "users", Permission.READ_USERS),
    ("/audit", "Audit", "history", Permission.READ_AUDIT),
)


def page(request: Request, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    """Render a page for whoever asks; `caller` is None for a stranger."""
    caller = getattr(request.state, "caller", None)
    user = caller.user if caller else None
    text = (
        _environment()
        .get_template(template)
        .render(
            path=request.url.path,
            query=request.query_params,
            user=user,
            section=_section(request.url.path),
            navigation=list(_navigation(user)) if user else [],
            may={permission.name: bool(user and permission in user.permissions) for permission in Permission},
            sees_platform=bool(user and isinstance(user.scope, WholePlatform)),
            build=ports_of(request).build,
            **values,
        )
    )
    return HTMLResponse(text, status, headers=HEADERS)


def status_of(error: InterlockError | None) -> int:
    """The status of a page that is drawn again where something was refused."""
    match error:
        case None:
            return 200
        case ChangedMeanwhile():
            return 412
        case _:
            return 422


def _navigation(user: User) -> Iterator[tuple[str, str, str]]:
    for address, label, icon, permission in NAVIGATION:
        if permission is not None and permission not in user.permissions:
            continue
        if address == "/organisations" and not isinstance(user.scope, WholePlatform):
            # A list of one is a detour.
            yield f"{address}/{user.organisation_key}", "Organisation", icon
        else:
            yield address, label, icon


def _section(path: str) -> str:
    """Where a page stands in the navigation: what is done to users has an address below their organisation."""
    match path.split("/"):
        case ["", "organisations", _, "users" | "invitations", *_]:
            return "/users"
    return path


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader(__package__ or "", "templates"),
        autoescape=select_autoescape(),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "moment": moment,
        "ago": _ago,
        "words": words,
        "value": _value,
        "browser_name": browser_name,
    }
    environment.globals["link"] = link
    return environment


def link(path: str, **query: Any) -> str:
    """An address with what is asked for there, as far as it is given."""
    given = {name: value for name, value in query.items() if value not in (None, "")}
    return f"{path}?{urlencode(given)}" if given else path


def moment(time: datetime) -> str:
    """A moment as people read it."""
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _ago(time: datetime) -> str:
    seconds = (datetime.now(UTC) - time).total_seconds()
    for length, noun in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= length:
            number = int(seconds // length)
            return f"{number} {noun}{'' if number == 1 else 's'} ago"
    return "just now"


def words(value: object) -> str:
    """A name of the API as people read it."""
    return str(value).replace("_", " ")


def _value(value: object) -> str:
    """A value of JSON as people write it, and as the guard's findings do."""
    match value:
        case None | "" | [] | ():
            return "none"
        case bool():
            return "yes" if value else "no"
        case list() | tuple():
            return "(" + ", ".join(map(str, value)) + ")"
        case _:
            return str(value)
