"""Users and their logins in the database."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Select,
    UniqueConstraint,
    exists,
    select,
    update,
)
from sqlalchemy.orm import Mapped, mapped_column

from interlock.control.domain.page import Page, Slice
from interlock.control.domain.users import Member, Role
from interlock.control.persistence.base import Base, Dated, Id, native_enum
from interlock.control.persistence.organisations import OrganisationRow
from interlock.control.persistence.scoped import Scoped, holds


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


def member_of(row: UserRow, email: str) -> Member:
    """The user that a row tells of."""
    return Member(
        organisation_id=row.organisation_id,
        id=row.id,
        email=email,
        name=row.name,
        role=row.role,
        is_active=row.is_active,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


class StoredUsers(Scoped):
    """The users that the scope lets one see."""

    async def page(self, organisation_id: UUID, wanted: Slice, search: str | None = None) -> Page[Member]:
        found = self._members(organisation_id)
        if search:
            found = found.where(holds(search, LoginRow.email, UserRow.name))
        if wanted.after is not None:
            found = found.where(LoginRow.email > wanted.after)
        rows = (await self.session.execute(found.order_by(LoginRow.email).limit(wanted.limit + 1))).all()
        shown = tuple(member_of(user, email) for user, email in rows[: wanted.limit])
        return Page(shown, shown[-1].email if len(rows) > wanted.limit else None)

    async def find(self, organisation_id: UUID, user_id: UUID) -> Member | None:
        found = self._members(organisation_id).where(UserRow.id == user_id)
        row = (await self.session.execute(found)).one_or_none()
        return member_of(row[0], row[1]) if row else None

    async def hold(self, organisation_id: UUID, user_id: UUID) -> Member | None:
        held = self._members(organisation_id).where(UserRow.id == user_id).with_for_update(of=UserRow)
        row = (await self.session.execute(held)).one_or_none()
        return member_of(row[0], row[1]) if row else None

    async def save(self, member: Member) -> Member:
        rows = await self.session.scalars(
            update(UserRow)
            .where(
                UserRow.organisation_id == member.organisation_id,
                UserRow.id == member.id,
                self.is_in_scope(UserRow.organisation_id),
            )
            .values(name=member.name, role=member.role, is_active=member.is_active)
            .returning(UserRow),
            execution_options={"populate_existing": True},
        )
        return member_of(rows.one(), member.email)

    async def has_login(self, email: str) -> bool:
        found = exists().where(LoginRow.email == email, self.is_in_scope(LoginRow.organisation_id))
        return bool(await self.session.scalar(select(found)))

    async def is_member(self, organisation_id: UUID, user_id: UUID) -> bool:
        found = exists().where(
            UserRow.organisation_id == organisation_id,
            UserRow.id == user_id,
            self.is_in_scope(UserRow.organisation_id),
        )
        return bool(await self.session.scalar(select(found)))

    async def has_active_beside(self, member: Member, roles: Collection[Role]) -> bool:
        found = exists().where(
            UserRow.organisation_id == member.organisation_id,
            UserRow.id != member.id,
            UserRow.is_active,
            UserRow.role.in_(roles),
            self.is_in_scope(UserRow.organisation_id),
        )
        return bool(await self.session.scalar(select(found)))

    def _members(self, organisation_id: UUID) -> "Select[UserRow, str]":
        return (
            select(UserRow, LoginRow.email)
            .join(
                LoginRow,
                (LoginRow.organisation_id == UserRow.organisation_id) & (LoginRow.user_id == UserRow.id),
            )
            .where(UserRow.organisation_id == organisation_id, self.is_in_scope(UserRow.organisation_id))
        )
