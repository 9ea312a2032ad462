"""/me/sessions"""

from datetime import datetime
from uuid import UUID

from fastapi import APIRouter

from interlock.control.domain import sessions
from interlock.control.domain.sessions import Session
from interlock.control.http.caller import AnyCaller, ProtectedRoute
from interlock.control.http.fields import Listing, ListView, View
from interlock.control.http.problems import problems

router = APIRouter(prefix="/me/sessions", tags=["users"], route_class=ProtectedRoute, responses=problems(401, 500))


class SessionView(View):
    """A browser in which the caller is signed in to the console."""

    id: UUID
    began_at: datetime
    last_seen_at: datetime
    address: str | None
    browser: str


class SessionList(ListView):
    """All sessions of the caller: there is one page."""

    items: list[SessionView]


@router.get("", response_model=SessionList)
async def list_sessions(caller: AnyCaller) -> Listing[Session]:
    """List the browsers in which the caller is signed in to the console."""
    async with caller.work() as work:
        return Listing(await work.sessions.of_user(caller.user.id), None)


@router.delete("/{session_id}", status_code=204, responses=problems(404, 422))
async def end_session(caller: AnyCaller, session_id: UUID) -> None:
    """End a session: whoever holds its cookie is a stranger from now on."""
    async with caller.work() as work:
        await sessions.end(work, caller.user, session_id)
