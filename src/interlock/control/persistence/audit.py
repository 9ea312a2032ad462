"""The audit trail in the database."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Select, func, insert, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from interlock.control.domain.audit import Action, AuditEvent, Entry, Origin, Subject
from interlock.control.domain.free_json import cut
from interlock.control.domain.page import Page, Slice
from interlock.control.domain.scope import Scope
from interlock.control.persistence.base import Base, Id
from interlock.control.persistence.organisations import OrganisationRow
from interlock.control.persistence.scoped import Scoped, holds
from interlock.control.persistence.users import LoginRow


class AuditEventRow(Base):
    """A row of audit_events. Nothing changes or deletes one."""

    __tablename__ = "audit_events"
    __table_args__ = (
        Index(None, "organisation_id", "occurred_at"),
        Index(None, "occurred_at"),
    )

    organisation_id: Mapped[UUID] = mapped_column(ForeignKey(OrganisationRow.id), primary_key=True)
    id: Mapped[Id] = mapped_column(primary_key=True)
    occurred_at: Mapped[datetime] = mapped_column(server_default=func.now())
    # No foreign key to the actor: an event outlives whoever caused it, who may be of the platform.
    actor_organisation_id: Mapped[UUID | None]
    actor_id: Mapped[UUID | None]
    action: Mapped[str]
    resource_type: Mapped[str]
    resource_id: Mapped[str]
    before: Mapped[dict[str, Any] | None]
    after: Mapped[dict[str, Any] | None]
    request_id: Mapped[str | None]
    address: Mapped[str | None]


def row_values(entry: Entry, origin: Origin) -> dict[str, Any]:
    """An audit event as a row holds it."""
    return {
        # Not when the transaction began, which is the default: what it did comes in the order in which it did it.
        "occurred_at": func.clock_timestamp(),
        "organisation_id": entry.organisation_id,
        "actor_organisation_id": origin.actor_organisation_id,
        "actor_id": origin.actor_id,
        "action": entry.action.value,
        "resource_type": str(entry.resource_type),
        "resource_id": entry.resource_id,
        "before": entry.before,
        "after": entry.after,
        "request_id": origin.request_id,
        "address": origin.address,
    }


def event_of(row: AuditEventRow, actor_email: str | None) -> AuditEvent:
    """The event that a row tells of."""
    return AuditEvent(
        id=row.id,
        entry=Entry(
            organisation_id=row.organisation_id,
            action=Action(row.action),
            resource_type=row.resource_type,
            resource_id=row.resource_id,
            before=cut(row.before),
            after=cut(row.after),
        ),
        origin=Origin(row.actor_organisation_id, row.actor_id, row.request_id, row.address),
        occurred_at=row.occurred_at,
        actor_email=actor_email,
    )


class StoredAudit(Scoped):
    """The trail of the organisations that the scope lets one see."""

    def __init__(self, session: AsyncSession, scope: Scope, origin: Origin) -> None:
        super().__init__(session, scope)
        self.origin = origin

    async def record(self, entry: Entry) -> UUID:
        added = insert(AuditEventRow).values(**row_values(entry, self.origin)).returning(AuditEventRow.id)
        return (await self.session.scalars(added)).one()

    async def find(self, organisation_id: UUID, event_ids: Collection[UUID]) -> Sequence[AuditEvent]:
        found = self._events(Subject(organisation_id=organisation_id)).where(AuditEventRow.id.in_(event_ids))
        return [event_of(row, actor_email) for row, actor_email in (await self.session.execute(found)).all()]

    async def page(self, wanted: Slice, of: Subject | None = None) -> Page[AuditEvent]:
        return await self.fetch_newest(
            self._events(of or Subject()),
            AuditEventRow.occurred_at,
            AuditEventRow.id,
            wanted,
            lambda row: event_of(row[0], row[1]),
        )

    async def read_on(self, of: Subject, after: AuditEvent | None, limit: int) -> Sequence[AuditEvent]:
        order = (AuditEventRow.occurred_at, AuditEventRow.id)
        part = self._events(of).order_by(*order).limit(limit)
        if after is not None:
            part = part.where(tuple_(*order) > tuple_(after.occurred_at, after.id))
        return [event_of(row, actor_email) for row, actor_email in (await self.session.execute(part)).all()]

    def _events(self, of: Subject) -> "Select[AuditEventRow, str | None]":
        row = AuditEventRow
        is_actor = (LoginRow.organisation_id == row.actor_organisation_id) & (LoginRow.user_id == row.actor_id)
        statement = (
            select(row, LoginRow.email).outerjoin(LoginRow, is_actor).where(self.is_in_scope(row.organisation_id))
        )
        wanted = {
            row.resource_type: of.resource and of.resource.value,
            row.resource_id: of.resource_id,
            row.organisation_id: of.organisation_id,
            row.action: of.action and of.action.value,
            row.actor_id: of.actor_id,
        }
        conditions = [column == value for column, value in wanted.items() if value is not None]
        if of.since is not None:
            conditions.append(row.occurred_at >= of.since)
        if of.until is not None:
            conditions.append(row.occurred_at < of.until)
        if of.search:
            is_whole = (row.request_id == of.search) | (row.address == of.search)
            conditions.append(holds(of.search, row.resource_id, LoginRow.email) | is_whole)
        return statement.where(*conditions)
