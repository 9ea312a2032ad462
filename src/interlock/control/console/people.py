"""/users and /audit"""

from fastapi import APIRouter, Request, Response

from interlock.control.console.lists import Wanted
from interlock.control.console.pages import page
from interlock.control.console.session import PageRoute, Visitor
from interlock.control.domain import organisations
from interlock.control.domain.audit import Resource, Subject
from interlock.control.domain.users import Permission

router = APIRouter(include_in_schema=False, route_class=PageRoute)


@router.get("/users")
async def list_users(request: Request, visitor: Visitor, wanted: Wanted, organisation: str = "") -> Response:
    """The users of one organisation: of the visitor's own, unless another one is named."""
    visitor.user.must_have(Permission.READ_USERS)
    async with visitor.work() as work:
        of = await organisations.find(work, organisation or visitor.user.organisation_key)
        found = await work.users.page(of.id, wanted.slice, wanted.search)
    return page(request, "users.html", found=found, wanted=wanted, organisation=of)


@router.get("/audit")
async def list_events(request: Request, visitor: Visitor, wanted: Wanted, of: str = "") -> Response:
    """What was changed, by whom, the newest first."""
    visitor.user.must_have(Permission.READ_AUDIT)
    resource = next((each for each in Resource if each == of), None)
    async with visitor.work() as work:
        found = await work.audit.page(wanted.slice, Subject(resource))
    return page(request, "audit.html", found=found, wanted=wanted, resources=Resource, of=of)
