"""Receipts of creations in the database."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from interlock.control.domain.audit import Origin
from interlock.control.domain.receipts import Creation, Receipt
from interlock.control.domain.scope import Scope
from interlock.control.persistence.base import Base
from interlock.control.persistence.organisations import OrganisationRow
from interlock.control.persistence.scoped import Scoped

KEPT_FOR = timedelta(days=1)


class ReceiptRow(Base):
    """A row of creation_receipts. It is there before its answer is, within one transaction."""

    __tablename__ = "creation_receipts"

    organisation_id: Mapped[UUID] = mapped_column(ForeignKey(OrganisationRow.id), primary_key=True)
    actor_id: Mapped[UUID] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[str]
    answer: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class StoredReceipts(Scoped):
    """The receipts of whoever asks."""

    def __init__(self, session: AsyncSession, scope: Scope, origin: Origin) -> None:
        super().__init__(session, scope)
        self.origin = origin

    async def claim(self, creation: Creation) -> Receipt | None:
        is_own = (
            ReceiptRow.organisation_id == self.origin.actor_organisation_id,
            ReceiptRow.actor_id == self.origin.actor_id,
        )
        await self.session.execute(delete(ReceiptRow).where(*is_own, ReceiptRow.created_at < func.now() - KEPT_FOR))
        # Where other work has just inserted it, this waits for that to end.
        claimed = await self.session.scalar(
            insert(ReceiptRow)
            .values(**self._own(creation), fingerprint=creation.fingerprint)
            .on_conflict_do_nothing()
            .returning(ReceiptRow.key)
        )
        if claimed is not None:
            return None
        row = (await self.session.scalars(select(ReceiptRow).where(*is_own, ReceiptRow.key == creation.key))).one()
        return Receipt(row.fingerprint, row.answer or {})

    async def keep(self, creation: Creation, answer: Mapping[str, Any]) -> None:
        await self.session.execute(update(ReceiptRow).filter_by(**self._own(creation)).values(answer=answer))

    def _own(self, creation: Creation) -> dict[str, Any]:
        return {
            "organisation_id": self.origin.actor_organisation_id,
            "actor_id": self.origin.actor_id,
            "key": creation.key,
        }
