"""Counting attempts to sign in, and finding logins. Nothing here needs a table of a later revision."""

from datetime import datetime, timedelta

from sqlalchemy import case, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from sqlalchemy.orm import Mapped, mapped_column

from interlock.control.domain.sign_in import WINDOW_SECONDS, Attempts, Count, Login, Subjects
from interlock.control.persistence.base import Base
from interlock.control.persistence.organisations import OrganisationRow
from interlock.control.persistence.tenancy import enter_everything
from interlock.control.persistence.users import LoginRow, UserRow

WINDOW = timedelta(seconds=WINDOW_SECONDS)


class SignInAttemptsRow(Base):
    """A row of sign_in_attempts. In the database, so that every worker counts the same attempts."""

    __tablename__ = "sign_in_attempts"

    subject: Mapped[str] = mapped_column(primary_key=True)
    window_began_at: Mapped[datetime] = mapped_column(index=True)
    attempts: Mapped[int]


class StoredDesk:
    """Where attempts are counted and logins are kept."""

    def __init__(self, sessions: async_sessionmaker[AsyncSession]) -> None:
        self.sessions = sessions

    async def count(self, subjects: Subjects) -> Attempts:
        # One order for all, so that two attempts that share a subject wait instead of deadlocking.
        names = sorted((subjects.email, subjects.address))
        new = insert(SignInAttemptsRow).values(
            [{"subject": name, "window_began_at": func.now(), "attempts": 1} for name in names]
        )
        is_over = SignInAttemptsRow.window_began_at <= func.now() - WINDOW
        statement = new.on_conflict_do_update(
            index_elements=["subject"],
            set_={
                "attempts": case((is_over, 1), else_=SignInAttemptsRow.attempts + 1),
                "window_began_at": case((is_over, func.now()), else_=SignInAttemptsRow.window_began_at),
            },
        ).returning(
            SignInAttemptsRow.subject,
            SignInAttemptsRow.attempts,
            func.extract("epoch", SignInAttemptsRow.window_began_at + WINDOW - func.now()).label("left"),
        )
        async with self.sessions.begin() as session:
            await enter_everything(session)
            counted = {
                row.subject: Count(row.attempts, max(1, round(row.left))) for row in await session.execute(statement)
            }
        return Attempts(counted[subjects.email], counted[subjects.address])

    async def find(self, email: str) -> Login | None:
        statement = (
            select(LoginRow, (UserRow.is_active & OrganisationRow.is_active).label("is_active"))
            .join(
                UserRow,
                (UserRow.organisation_id == LoginRow.organisation_id) & (UserRow.id == LoginRow.user_id),
            )
            .join(OrganisationRow, OrganisationRow.id == UserRow.organisation_id)
            .where(LoginRow.email == email)
        )
        async with self.sessions.begin() as session:
            await enter_everything(session)
            found = (await session.execute(statement)).one_or_none()
        if found is None:
            return None
        row, is_active = found
        return Login(
            email=row.email,
            organisation_id=row.organisation_id,
            user_id=row.user_id,
            password_hash=row.password_hash,
            is_active=is_active,
            last_address=row.last_address,
        )

    async def welcome(self, login: Login, subjects: Subjects, address: str) -> None:
        names = sorted((subjects.email, subjects.address))
        async with self.sessions.begin() as session:
            await enter_everything(session)
            await session.execute(
                update(SignInAttemptsRow)
                .where(SignInAttemptsRow.subject.in_(names), SignInAttemptsRow.attempts > 0)
                .values(attempts=SignInAttemptsRow.attempts - 1)
            )
            # What is over is of no use to anybody: strangers' guesses must not fill the disk.
            is_over = SignInAttemptsRow.window_began_at <= func.now() - WINDOW
            await session.execute(delete(SignInAttemptsRow).where(is_over))
            await session.execute(update(LoginRow).where(LoginRow.email == login.email).values(last_address=address))
