"""The audit trail in the database."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from interlock.control.domain.audit import Action, AuditEvent, Entry, Origin, Resource, Subject
from interlock.control.domain.page import Page, Slice
from interlock.control.domain.scope import Scope
from interlock.control.persistence.base import Base, Id
from interlock.control.persistence.organisations import OrganisationRow
from interlock.control.persistence.scoped import Scoped


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
        "organisation_id": entry.organisation_id,
        "actor_organisation_id": origin.actor_organisation_id,
        "actor_id": origin.actor_id,
        "action": entry.action.value,
        "resource_type": entry.resource_type.value,
        "resource_id": entry.resource_id,
        "before": entry.before,
        "after": entry.after,
        "request_id": origin.request_id,
        "address": origin.address,
    }


def event_of(row: AuditEventRow) -> AuditEvent:
    """The event that a row tells of."""
    return AuditEvent(
        id=row.id,
        entry=Entry(
            organisation_id=row.organisation_id,
            action=Action(row.action),
            resource_type=Resource(row.resource_type),
            resource_id=row.resource_id,
            before=row.before,
            after=row.after,
        ),
        origin=Origin(row.actor_organisation_id, row.actor_id, row.request_id, row.address),
        occurred_at=row.occurred_at,
    )


class StoredAudit(Scoped):
    """The trail of the organisations that the scope lets one see."""

    def __init__(self, session: AsyncSession, scope: Scope, origin: Origin) -> None:
        super().__init__(session, scope)
        self.origin = origin

    async def record(self, entry: Entry) -> None:
        await self.session.execute(insert(AuditEventRow).values(**row_values(entry, self.origin)))

    async def page(self, wanted: Slice, of: Subject | None = None) -> Page[AuditEvent]:
        statement = select(AuditEventRow).where(self.is_in_scope(AuditEventRow.organisation_id))
        if of and of.resource is not None:
            statement = statement.where(AuditEventRow.resource_type == of.resource.value)
        if of and of.resource_id is not None:
            statement = statement.where(AuditEventRow.resource_id == of.resource_id)
        if of and of.organisation_id is not None:
            statement = statement.where(AuditEventRow.organisation_id == of.organisation_id)
        return await self.fetch_newest(statement, AuditEventRow.occurred_at, AuditEventRow.id, wanted, event_of)
