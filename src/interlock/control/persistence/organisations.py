"""Organisations in the database."""

from datetime import datetime

from sqlalchemy import Select, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from interlock.control.domain.organisations import NewOrganisation, Organisation, Plan
from interlock.control.domain.page import Page, Slice
from interlock.control.persistence.base import Base, Dated, Id, native_enum
from interlock.control.persistence.scoped import Scoped, holds


class OrganisationRow(Dated, Base):
    """A row of organisations."""

    __tablename__ = "organisations"

    id: Mapped[Id] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    sector_code: Mapped[str | None]
    plan: Mapped[Plan] = mapped_column(native_enum(Plan, "plan"))
    is_active: Mapped[bool]
    archived_at: Mapped[datetime | None] = mapped_column(sort_order=99)
    requests_per_minute: Mapped[int | None] = mapped_column(sort_order=99)


def organisation_of(row: OrganisationRow) -> Organisation:
    """The organisation that a row tells of."""
    return Organisation(
        id=row.id,
        key=row.key,
        name=row.name,
        sector_code=row.sector_code,
        plan=row.plan,
        is_active=row.is_active,
        created_at=row.created_at,
        updated_at=row.updated_at,
        archived_at=row.archived_at,
        requests_per_minute=row.requests_per_minute,
    )


class StoredOrganisations(Scoped):
    """The organisations that the scope lets one see."""

    async def page(self, wanted: Slice, search: str | None = None, *, is_archived: bool = False) -> Page[Organisation]:
        archived_at = OrganisationRow.archived_at
        found = self._visible().where(archived_at.is_not(None) if is_archived else archived_at.is_(None))
        if search:
            found = found.where(holds(search, OrganisationRow.key, OrganisationRow.name))
        return await self.fetch_page(found, OrganisationRow.key, wanted, organisation_of)

    async def find(self, key: str) -> Organisation | None:
        row = await self.session.scalar(self._visible().where(OrganisationRow.key == key))
        return organisation_of(row) if row else None

    async def hold(self, key: str) -> Organisation | None:
        # Not FOR UPDATE: whoever adds a row that points here would wait too, and two who did so before would deadlock.
        held = self._visible().where(OrganisationRow.key == key).with_for_update(key_share=True)
        row = await self.session.scalar(held)
        return organisation_of(row) if row else None

    async def add(self, new: NewOrganisation) -> Organisation | None:
        statement = insert(OrganisationRow).values(
            key=new.key,
            name=new.name,
            sector_code=new.sector_code,
            plan=new.plan,
            requests_per_minute=new.requests_per_minute,
            is_active=True,
        )
        row = await self.session.scalar(
            statement.on_conflict_do_nothing(index_elements=["key"]).returning(OrganisationRow)
        )
        return organisation_of(row) if row else None

    async def save(self, organisation: Organisation) -> Organisation:
        statement = update(OrganisationRow).where(
            OrganisationRow.id == organisation.id, self.is_in_scope(OrganisationRow.id)
        )
        rows = await self.session.scalars(
            statement.values(
                name=organisation.name,
                sector_code=organisation.sector_code,
                plan=organisation.plan,
                is_active=organisation.is_active,
                requests_per_minute=organisation.requests_per_minute,
            ).returning(OrganisationRow),
            execution_options={"populate_existing": True},
        )
        return organisation_of(rows.one())

    async def set_archived(self, organisation: Organisation, *, is_archived: bool) -> Organisation:
        statement = update(OrganisationRow).where(
            OrganisationRow.id == organisation.id, self.is_in_scope(OrganisationRow.id)
        )
        rows = await self.session.scalars(
            statement.values(archived_at=func.now() if is_archived else None, is_active=not is_archived).returning(
                OrganisationRow
            ),
            execution_options={"populate_existing": True},
        )
        return organisation_of(rows.one())

    def _visible(self) -> "Select[OrganisationRow]":
        return select(OrganisationRow).where(self.is_in_scope(OrganisationRow.id))
