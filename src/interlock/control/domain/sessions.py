"""Sessions of the console: where somebody is signed in, and how that is ended."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

from interlock.control.domain.audit import Resource, record_change
from interlock.control.domain.errors import NotFound

if TYPE_CHECKING:
    from interlock.control.domain.scope import Scope
    from interlock.control.domain.users import User
    from interlock.control.domain.work import UnitOfWork

SIGNED_IN_FOR_SECONDS = 12 * 3600
"""However often a session is made to last longer: after so long somebody gives the password again."""

LONGEST_BROWSER = 200


@dataclass(frozen=True, slots=True)
class Session:
    """A browser in which somebody is signed in. One that has ended is not there any more."""

    organisation_id: UUID
    id: UUID
    user_id: UUID
    began_at: datetime
    last_seen_at: datetime
    address: str | None
    browser: str


class Sessions(Protocol):
    """The sessions that the scope lets one see."""

    async def begin(self, user_id: UUID, address: str | None, browser: str) -> UUID: ...
    async def of_user(self, user_id: UUID) -> tuple[Session, ...]:
        """Those that are open, the one that was used last before all others."""

    async def end(self, user_id: UUID, session_id: UUID) -> Session | None:
        """End one, and give it; None where there is none."""

    async def end_all(self, organisation_id: UUID, user_id: UUID) -> None: ...


async def end(work: "UnitOfWork[Scope]", user: "User", session_id: UUID) -> None:
    """End one of the user's own sessions: whoever holds its cookie is a stranger from now on."""
    ended = await work.sessions.end(user.id, session_id)
    if ended is None:
        raise NotFound("session", session_id)
    await record_change(work, user.organisation_id, Resource.SESSION, str(session_id), before=ended)


async def end_others(work: "UnitOfWork[Scope]", user: "User", kept: UUID | None) -> None:
    """End all of the user's sessions but one."""
    for session in await work.sessions.of_user(user.id):
        if session.id != kept:
            await end(work, user, session.id)
