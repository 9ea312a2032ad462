"""Users and their logins in the database."""

from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, UniqueConstraint, exists, or_, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from sqlalchemy.orm import Mapped, mapped_column

from interlock.control.domain.page import Page, Slice
from interlock.control.domain.scope import OneOrganisation
from interlock.control.domain.users import Member, Role, User
from interlock.control.persistence.base import Base, Dated, Id, native_enum
from interlock.control.persistence.organisations import OrganisationRow
from interlock.control.persistence.scoped import Scoped, read_place
from interlock.control.persistence.tenancy import enter


class UserRow(Dated, Base):
    """A row of users."""

    __tablename__ = "users"

    organisation_id: Mapped[UUID] = mapped_column(ForeignKey(OrganisationRow.id), primary_key=True)
    id: Mapped[Id] = mapped_column(primary_key=True)
    name: Mapped[str]
    role: Mapped[Role] = mapped_column(native_enum(Role, "user_role"))
    is_active: Mapped[bool]


class LoginRow(Base):
    """A row of logins: the one place where an e-mail address is unique across all organisations."""

    __tablename__ = "logins"
    __table_args__ = (
        ForeignKeyConstraint(["organisation_id", "user_id"], [UserRow.organisation_id, UserRow.id], ondelete="CASCADE"),
        UniqueConstraint("organisation_id", "user_id"),
        CheckConstraint("email = lower(email)", name="email_is_lower_case"),
    )

    email: Mapped[str] = mapped_column(primary_key=True)
    organisation_id: Mapped[UUID]
    user_id: Mapped[UUID]
    password_hash: Mapped[str]
    last_address: Mapped[str | None]


def member_of(row: UserRow, organisation_key: str, email: str | None) -> Member:
    """The user that a row tells of."""
    return Member(row.id, organisation_key, email, row.name, row.role, row.is_active, row.created_at)


class StoredUsers(Scoped):
    """The users that the scope lets one see."""

    async def page(self, wanted: Slice, organisation_id: UUID | None = None) -> Page[Member]:
        of_login = (LoginRow.organisation_id == UserRow.organisation_id) & (LoginRow.user_id == UserRow.id)
        statement = (
            select(UserRow, OrganisationRow.key, LoginRow.email)
            .join(OrganisationRow, OrganisationRow.id == UserRow.organisation_id)
            .outerjoin(LoginRow, of_login)
            .where(self.is_in_scope(UserRow.organisation_id))
        )
        if organisation_id is not None:
            statement = statement.where(UserRow.organisation_id == organisation_id)
        if wanted.search:
            held = (column.icontains(wanted.search, autoescape=True) for column in (UserRow.name, LoginRow.email))
            statement = statement.where(or_(*held))
        if wanted.after is not None:
            statement = statement.where(UserRow.id > read_place(UserRow.id, wanted.after))
        rows = (await self.session.execute(statement.order_by(UserRow.id).limit(wanted.limit + 1))).all()
        shown = rows[: wanted.limit]
        last = str(shown[-1][0].id) if len(rows) > wanted.limit else None
        return Page(tuple(member_of(*row) for row in shown), last)

    async def is_member(self, organisation_id: UUID, user_id: UUID) -> bool:
        found = exists().where(
            UserRow.organisation_id == organisation_id,
            UserRow.id == user_id,
            self.is_in_scope(UserRow.organisation_id),
        )
        return bool(await self.session.scalar(select(found)))


class StoredDirectory:
    """Where the user of a token is looked up."""

    def __init__(self, sessions: async_sessionmaker[AsyncSession]) -> None:
        self.sessions = sessions

    async def find_active(self, organisation_id: UUID, user_id: UUID) -> User | None:
        statement = (
            select(UserRow, OrganisationRow.key, LoginRow.email)
            .join(OrganisationRow, OrganisationRow.id == UserRow.organisation_id)
            .join(
                LoginRow,
                (LoginRow.organisation_id == UserRow.organisation_id) & (LoginRow.user_id == UserRow.id),
            )
            .where(UserRow.organisation_id == organisation_id, UserRow.id == user_id)
            .where(UserRow.is_active, OrganisationRow.is_active)
        )
        async with self.sessions.begin() as session:
            await enter(session, OneOrganisation(organisation_id))
            found = (await session.execute(statement)).one_or_none()
        if found is None:
            return None
        user, organisation_key, email = found
        return User(user.organisation_id, user.id, organisation_key, email, user.name, user.role)
