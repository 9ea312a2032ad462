"""Invitations in the database."""

from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import ColumnElement, ForeignKey, Index, Select, delete, func, select, text, update
from sqlalchemy import insert as plain_insert
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from interlock.control.domain.invitations import LIFETIME, Invitation, InvitationStatus, NewInvitation
from interlock.control.domain.page import Page, Slice
from interlock.control.domain.users import Member, Role
from interlock.control.persistence.base import Base, Dated, Id, native_enum
from interlock.control.persistence.organisations import OrganisationRow
from interlock.control.persistence.scoped import Scoped
from interlock.control.persistence.users import LoginRow, UserRow, member_of

OPEN = text("accepted_at IS NULL")


class InvitationRow(Dated, Base):
    """A row of invitations."""

    __tablename__ = "invitations"
    __table_args__ = (Index("uq_invitations_open", "organisation_id", "email", unique=True, postgresql_where=OPEN),)

    organisation_id: Mapped[UUID] = mapped_column(ForeignKey(OrganisationRow.id), primary_key=True)
    id: Mapped[Id] = mapped_column(primary_key=True)
    email: Mapped[str]
    name: Mapped[str]
    role: Mapped[Role] = mapped_column(native_enum(Role, "user_role"))
    secret_hash: Mapped[str]
    expires_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]


def invitation_of(row: InvitationRow) -> Invitation:
    """The invitation that a row tells of."""
    return Invitation(
        organisation_id=row.organisation_id,
        id=row.id,
        email=row.email,
        name=row.name,
        role=row.role,
        status=_status_of(row),
        expires_at=row.expires_at,
        accepted_at=row.accepted_at,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def _status_of(row: InvitationRow) -> InvitationStatus:
    if row.accepted_at is not None:
        return InvitationStatus.ACCEPTED
    return InvitationStatus.PENDING if datetime.now(UTC) < row.expires_at else InvitationStatus.EXPIRED


class StoredInvitations(Scoped):
    """The invitations that the scope lets one see."""

    async def page(self, organisation_id: UUID, wanted: Slice) -> Page[Invitation]:
        of_organisation = self._visible().where(InvitationRow.organisation_id == organisation_id)
        return await self.fetch_page(of_organisation, InvitationRow.id, wanted, invitation_of)

    async def hold(self, organisation_id: UUID, invitation_id: UUID) -> Invitation | None:
        row = await self.session.scalar(
            self._visible()
            .where(InvitationRow.organisation_id == organisation_id, InvitationRow.id == invitation_id)
            .where(OrganisationRow.id == InvitationRow.organisation_id)
            .where(OrganisationRow.is_active)
            .with_for_update(of=InvitationRow)
        )
        return invitation_of(row) if row else None

    async def add(self, organisation_id: UUID, new: NewInvitation, secret_hash: str) -> Invitation | None:
        statement = insert(InvitationRow).values(
            organisation_id=organisation_id,
            email=new.email,
            name=new.name,
            role=new.role,
            secret_hash=secret_hash,
            expires_at=func.now() + LIFETIME,
        )
        added = statement.on_conflict_do_nothing(index_elements=["organisation_id", "email"], index_where=OPEN)
        row = await self.session.scalar(added.returning(InvitationRow))
        return invitation_of(row) if row else None

    async def renew(self, invitation: Invitation, secret_hash: str) -> Invitation:
        rows = await self.session.scalars(
            update(InvitationRow)
            .where(*self._is(invitation))
            .values(secret_hash=secret_hash, expires_at=func.now() + LIFETIME)
            .returning(InvitationRow),
            execution_options={"populate_existing": True},
        )
        return invitation_of(rows.one())

    async def secret_hash(self, invitation: Invitation) -> str:
        found = await self.session.scalars(select(InvitationRow.secret_hash).where(*self._is(invitation)))
        return found.one()

    async def accept(self, invitation: Invitation, password_hash: str) -> Member | None:
        user = (
            await self.session.scalars(
                plain_insert(UserRow)
                .values(
                    organisation_id=invitation.organisation_id,
                    name=invitation.name,
                    role=invitation.role,
                    is_active=True,
                )
                .returning(UserRow)
            )
        ).one()
        login = insert(LoginRow).values(
            email=invitation.email,
            organisation_id=invitation.organisation_id,
            user_id=user.id,
            password_hash=password_hash,
        )
        added = login.on_conflict_do_nothing(index_elements=["email"]).returning(LoginRow.email)
        if await self.session.scalar(added) is None:
            return None
        await self.session.execute(update(InvitationRow).where(*self._is(invitation)).values(accepted_at=func.now()))
        return member_of(user, invitation.email)

    async def delete(self, invitation: Invitation) -> None:
        await self.session.execute(delete(InvitationRow).where(*self._is(invitation)))

    def _is(self, invitation: Invitation) -> tuple[ColumnElement[bool], ...]:
        return (
            InvitationRow.organisation_id == invitation.organisation_id,
            InvitationRow.id == invitation.id,
            self.is_in_scope(InvitationRow.organisation_id),
        )

    def _visible(self) -> "Select[InvitationRow]":
        return select(InvitationRow).where(self.is_in_scope(InvitationRow.organisation_id))
