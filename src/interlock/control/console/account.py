"""/account"""

from uuid import UUID

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from interlock.control.console.pages import page
from interlock.control.console.session import PageRoute, Visitor, session_of
from interlock.control.domain import sessions

router = APIRouter(prefix="/account", include_in_schema=False, route_class=PageRoute)


@router.get("")
async def read(request: Request, visitor: Visitor) -> Response:
    """Who one is, and in which browsers one is signed in."""
    async with visitor.work() as work:
        found = await work.sessions.of_user(visitor.user.id)
    return page(request, "account.html", sessions=found, this=session_of(request))


@router.post("/sessions/end-others")
async def end_others(request: Request, visitor: Visitor) -> Response:
    """Stay signed in here, and nowhere else."""
    async with visitor.work() as work:
        await sessions.end_others(work, visitor.user, kept=session_of(request))
    return RedirectResponse("/account", status_code=303)


@router.post("/sessions/{session_id}/end")
async def end(visitor: Visitor, session_id: UUID) -> Response:
    """End one session."""
    async with visitor.work() as work:
        await sessions.end(work, visitor.user, session_id)
    return RedirectResponse("/account", status_code=303)
