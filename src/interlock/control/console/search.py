"""/search, and what forms suggest while one types"""

from collections.abc import Sequence
from html import escape
from typing import Annotated, NamedTuple

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import HTMLResponse

from interlock.control.console.pages import HEADERS, link, page
from interlock.control.console.session import PageRoute, Visitor
from interlock.control.domain import organisations
from interlock.control.domain.flags import FlagFilter
from interlock.control.domain.page import Slice
from interlock.control.domain.users import Permission

router = APIRouter(prefix="/search", include_in_schema=False, route_class=PageRoute)

FOUND = 8
FIRST = Slice(FOUND)


class Hit(NamedTuple):
    """One thing that was found: where it is, what it is called, and what tells it from its namesakes."""

    address: str
    name: str
    key: str


def _text(text: str) -> str:
    # PostgreSQL keeps no NUL in a text.
    return text.strip()[:100].replace("\0", "")


async def _wanted(search: str = "") -> str:
    return _text(search)


Wanted = Annotated[str, Depends(_wanted)]


@router.get("")
async def search(request: Request, visitor: Visitor, text: Wanted) -> Response:
    """Find organisations, modules, flags and users by a part of their name."""
    permissions = visitor.user.permissions
    found: list[tuple[str, list[Hit]]] = []
    if text:
        async with visitor.work() as work:
            if Permission.READ_ORGANISATIONS in permissions:
                tenants = (await work.organisations.page(FIRST, text)).items
                found.append(
                    ("Organisations", [Hit(f"/organisations/{each.key}", each.name, each.key) for each in tenants])
                )
            if Permission.READ_MODULES in permissions:
                modules = (await work.modules.page(FIRST, text)).items
                found.append(("Modules", [Hit(f"/modules/{each.key}", each.name, each.key) for each in modules]))
            if Permission.READ_FLAGS in permissions:
                flags = (await work.flags.page(FIRST, FlagFilter(text))).items
                found.append(
                    ("Feature flags", [Hit(f"/feature-flags/{each.key}", each.name, each.key) for each in flags])
                )
            if Permission.READ_USERS in permissions:
                people = await work.search.people(text, FOUND)
                found.append(
                    (
                        "Users",
                        [
                            Hit(
                                link("/users", organisation=each.organisation_key, search=each.email),
                                each.name,
                                each.email,
                            )
                            for each in people
                        ],
                    )
                )
    return page(request, "search.html", found=found, search=text, most=FOUND)


@router.get("/organisations")
async def suggest_organisations(visitor: Visitor, organisation: str = "") -> Response:
    """The keys of organisations that a form can be filled in with."""
    visitor.user.must_have(Permission.READ_ORGANISATIONS)
    async with visitor.work() as work:
        found = (await work.organisations.page(FIRST, _text(organisation))).items
    return _options([(each.key, each.name) for each in found])


@router.get("/users")
async def suggest_users(
    visitor: Visitor, organisation: str = "", user: Annotated[str, Query(max_length=10_000)] = ""
) -> Response:
    """The e-mail addresses of an organisation's users that a form can be filled in with."""
    visitor.user.must_have(Permission.READ_USERS)
    async with visitor.work() as work:
        of = await organisations.find(work, organisation)
        found = (await work.users.page(of.id, FIRST, _text(user))).items
    return _options([(each.email, each.name) for each in found])


def _options(offered: Sequence[tuple[str, str]]) -> Response:
    told = "".join(f'<option value="{escape(value)}">{escape(name)}</option>' for value, name in offered)
    return HTMLResponse(told, headers=HEADERS)
