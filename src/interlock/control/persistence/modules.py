"""Modules, and which organisation has which, in the database."""

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, ForeignKey, Select, exists, func, select, text, true, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from interlock.control.domain.modules import Module, ModuleStatus, ModuleType, NewModule, OrganisationModule
from interlock.control.domain.page import Page, Slice
from interlock.control.domain.scope import WholePlatform
from interlock.control.persistence.base import Base, Dated, native_enum
from interlock.control.persistence.organisations import OrganisationRow
from interlock.control.persistence.scoped import Scoped, holds


class ModuleRow(Dated, Base):
    """A row of analytics_modules: the catalogue."""

    __tablename__ = "analytics_modules"

    key: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    description: Mapped[str]
    version: Mapped[str]
    type: Mapped[ModuleType] = mapped_column(native_enum(ModuleType, "module_type"))
    status: Mapped[ModuleStatus] = mapped_column(native_enum(ModuleStatus, "module_status"))
    is_core: Mapped[bool]


class OrganisationModuleRow(Dated, Base):
    """A row of organisation_modules."""

    __tablename__ = "organisation_modules"

    organisation_id: Mapped[UUID] = mapped_column(ForeignKey(OrganisationRow.id), primary_key=True)
    module_key: Mapped[str] = mapped_column(ForeignKey(ModuleRow.key), primary_key=True)
    is_enabled: Mapped[bool]
    configuration: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))


def module_of(row: ModuleRow) -> Module:
    """The module that a row tells of."""
    return Module(
        key=row.key,
        name=row.name,
        description=row.description,
        version=row.version,
        type=row.type,
        status=row.status,
        is_core=row.is_core,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def assignment_of(row: OrganisationModuleRow) -> OrganisationModule:
    """What an organisation has of a module, as a row tells it."""
    return OrganisationModule(row.organisation_id, row.module_key, row.is_enabled, row.configuration)


class StoredModules(Scoped):
    """The modules that the scope lets one see: an organisation sees the core ones and its own."""

    async def page(self, wanted: Slice, search: str | None = None) -> Page[Module]:
        found = self._visible()
        if search:
            found = found.where(holds(search, ModuleRow.key, ModuleRow.name))
        return await self.fetch_page(found, ModuleRow.key, wanted, module_of)

    async def find(self, key: str) -> Module | None:
        row = await self.session.scalar(self._visible().where(ModuleRow.key == key))
        return module_of(row) if row else None

    async def hold(self, key: str) -> Module | None:
        row = await self.session.scalar(self._visible().where(ModuleRow.key == key).with_for_update())
        return module_of(row) if row else None

    async def add(self, new: NewModule) -> Module | None:
        statement = insert(ModuleRow).values(
            key=new.key,
            name=new.name,
            description=new.description,
            version=new.version,
            type=new.type,
            status=ModuleStatus.DEVELOPMENT,
            is_core=new.is_core,
        )
        row = await self.session.scalar(statement.on_conflict_do_nothing(index_elements=["key"]).returning(ModuleRow))
        return module_of(row) if row else None

    async def save(self, module: Module) -> Module:
        statement = update(ModuleRow).where(ModuleRow.key == module.key)
        rows = await self.session.scalars(
            statement.values(
                name=module.name,
                description=module.description,
                version=module.version,
                type=module.type,
                status=module.status,
                is_core=module.is_core,
            ).returning(ModuleRow),
            execution_options={"populate_existing": True},
        )
        return module_of(rows.one())

    async def hold_assignment(self, organisation_id: UUID, key: str) -> OrganisationModule | None:
        statement = select(OrganisationModuleRow).where(
            OrganisationModuleRow.organisation_id == organisation_id,
            OrganisationModuleRow.module_key == key,
            self.is_in_scope(OrganisationModuleRow.organisation_id),
        )
        row = await self.session.scalar(statement.with_for_update())
        return assignment_of(row) if row else None

    async def save_assignment(self, assignment: OrganisationModule) -> None:
        values = {"is_enabled": assignment.is_enabled, "configuration": assignment.configuration}
        statement = insert(OrganisationModuleRow).values(
            organisation_id=assignment.organisation_id, module_key=assignment.module_key, **values
        )
        await self.session.execute(
            statement.on_conflict_do_update(
                index_elements=["organisation_id", "module_key"],
                set_=values | {"updated_at": func.now()},
                where=self.is_in_scope(OrganisationModuleRow.organisation_id),
            )
        )

    async def assignments(self, organisation_id: UUID) -> tuple[OrganisationModule, ...]:
        statement = select(OrganisationModuleRow).where(
            OrganisationModuleRow.organisation_id == organisation_id,
            self.is_in_scope(OrganisationModuleRow.organisation_id),
        )
        return tuple(map(assignment_of, await self.session.scalars(statement)))

    def is_visible(self) -> ColumnElement[bool]:
        """The condition that a module of the catalogue meets which the scope lets one see."""
        if isinstance(self.scope, WholePlatform):
            return true()
        is_had = exists().where(
            OrganisationModuleRow.module_key == ModuleRow.key,
            self.is_in_scope(OrganisationModuleRow.organisation_id),
        )
        return ModuleRow.is_core | is_had

    def _visible(self) -> "Select[ModuleRow]":
        return select(ModuleRow).where(self.is_visible())
