"""Where the user of a token is looked up, at every request."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, bindparam, func, literal_column, select, update
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from interlock.control.domain.errors import TooManyRequests
from interlock.control.domain.scope import OneOrganisation
from interlock.control.domain.users import User
from interlock.control.persistence.organisations import OrganisationRow
from interlock.control.persistence.requests import count_request
from interlock.control.persistence.sessions import SessionRow, is_over
from interlock.control.persistence.tenancy import enter
from interlock.control.persistence.users import LoginRow, UserRow

# Who somebody is has to be found on an older schema too: there is no limit where there is no column for it.
LIMIT: ColumnElement[int | None] = literal_column("(to_jsonb(organisations) ->> 'requests_per_minute')::int")
SEEN = timedelta(minutes=1)
"""A session that is used all the time is written once in so long."""


# Asked at every request, so they are made once, and read columns instead of entities: that halves what they cost.
_ACTIVE = (
    select(
        UserRow.organisation_id,
        UserRow.id,
        UserRow.name,
        UserRow.role,
        OrganisationRow.key.label("organisation_key"),
        LoginRow.email,
        LIMIT.label("requests_per_minute"),
    )
    .join(OrganisationRow, OrganisationRow.id == UserRow.organisation_id)
    .join(LoginRow, (LoginRow.organisation_id == UserRow.organisation_id) & (LoginRow.user_id == UserRow.id))
    .where(UserRow.organisation_id == bindparam("organisation_id"), UserRow.id == bindparam("user_id"))
    .where(UserRow.is_active, OrganisationRow.is_active)
)
_IN_SESSION = (
    _ACTIVE.join(
        SessionRow, (SessionRow.organisation_id == UserRow.organisation_id) & (SessionRow.user_id == UserRow.id)
    )
    .where(SessionRow.id == bindparam("session_id"), ~is_over())
    .add_columns((SessionRow.last_seen_at < func.now() - SEEN).label("is_seen_anew"))
)


class StoredDirectory:
    """Finds active users, by what a token or the cookie of a session says."""

    def __init__(self, sessions: async_sessionmaker[AsyncSession]) -> None:
        self.sessions = sessions

    async def find_active(self, organisation_id: UUID, user_id: UUID) -> User | None:
        async with self.sessions.begin() as session:
            await enter(session, OneOrganisation(organisation_id))
            asked = {"organisation_id": organisation_id, "user_id": user_id}
            found = (await session.execute(_ACTIVE, asked)).one_or_none()
        if found is None:
            return None
        if found.requests_per_minute is not None:
            # In a transaction of its own: what is refused is counted all the same.
            await self._count(organisation_id, found.requests_per_minute)
        return _user_of(found)

    async def _count(self, organisation_id: UUID, limit: int) -> None:
        error: TooManyRequests | None = None
        async with self.sessions.begin() as session:
            await enter(session, OneOrganisation(organisation_id))
            try:
                await count_request(session, organisation_id, limit)
            except TooManyRequests as refused:
                error = refused
        if error:
            raise error

    async def find_in_session(self, organisation_id: UUID, user_id: UUID, session_id: UUID) -> User | None:
        async with self.sessions.begin() as session:
            await enter(session, OneOrganisation(organisation_id))
            asked = {"organisation_id": organisation_id, "user_id": user_id, "session_id": session_id}
            found = (await session.execute(_IN_SESSION, asked)).one_or_none()
            if found and found.is_seen_anew:
                seen = update(SessionRow).where(
                    SessionRow.organisation_id == organisation_id, SessionRow.id == session_id
                )
                await session.execute(seen.values(last_seen_at=func.now()))
        return _user_of(found) if found else None


def _user_of(row: Row[*tuple[Any, ...]]) -> User:
    return User(row.organisation_id, row.id, row.organisation_key, row.email, row.name, row.role)
