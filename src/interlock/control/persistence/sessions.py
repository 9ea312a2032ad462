"""Sessions of the console in the database."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, ForeignKeyConstraint, Index, delete, func, insert, select
from sqlalchemy.orm import Mapped, mapped_column

from interlock.control.domain.sessions import LONGEST_BROWSER, SIGNED_IN_FOR_SECONDS, Session
from interlock.control.persistence.base import Base, Id
from interlock.control.persistence.scoped import Scoped


class SessionRow(Base):
    """A row of sessions: it is there as long as the session is."""

    __tablename__ = "sessions"
    __table_args__ = (
        ForeignKeyConstraint(["organisation_id", "user_id"], ["users.organisation_id", "users.id"], ondelete="CASCADE"),
        Index(None, "organisation_id", "user_id"),
        Index(None, "began_at"),
    )

    organisation_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[Id] = mapped_column(primary_key=True)
    user_id: Mapped[UUID]
    began_at: Mapped[datetime] = mapped_column(server_default=func.now())
    last_seen_at: Mapped[datetime] = mapped_column(server_default=func.now())
    address: Mapped[str | None]
    browser: Mapped[str]


def is_over() -> ColumnElement[bool]:
    """The condition that a session has lasted as long as one may."""
    return SessionRow.began_at < func.now() - timedelta(seconds=SIGNED_IN_FOR_SECONDS)


class StoredSessions(Scoped):
    """The sessions that the scope lets one see."""

    async def begin(self, user_id: UUID, address: str | None, browser: str) -> UUID:
        # Whoever comes takes away what is over: the table does not grow.
        await self.session.execute(delete(SessionRow).where(is_over()))
        values = {
            "organisation_id": self.scope.organisation_id,
            "user_id": user_id,
            "address": address,
            "browser": browser[:LONGEST_BROWSER],
        }
        begun = await self.session.execute(insert(SessionRow).values(values).returning(SessionRow.id))
        return begun.scalar_one()

    async def of_user(self, user_id: UUID) -> tuple[Session, ...]:
        own = select(SessionRow).where(
            self.is_in_scope(SessionRow.organisation_id), SessionRow.user_id == user_id, ~is_over()
        )
        return tuple(map(_session_of, await self.session.scalars(own.order_by(SessionRow.last_seen_at.desc()))))

    async def end(self, user_id: UUID, session_id: UUID) -> Session | None:
        own = delete(SessionRow).where(
            self.is_in_scope(SessionRow.organisation_id), SessionRow.user_id == user_id, SessionRow.id == session_id
        )
        row = await self.session.scalar(own.returning(SessionRow))
        return _session_of(row) if row else None

    async def end_all(self, organisation_id: UUID, user_id: UUID) -> None:
        is_of_user = (SessionRow.organisation_id == organisation_id) & (SessionRow.user_id == user_id)
        await self.session.execute(delete(SessionRow).where(self.is_in_scope(SessionRow.organisation_id), is_of_user))


def _session_of(row: SessionRow) -> Session:
    return Session(
        row.organisation_id, row.id, row.user_id, row.began_at, row.last_seen_at, row.address, row.browser
    )  # fmt: skip
