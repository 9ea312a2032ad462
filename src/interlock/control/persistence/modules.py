"""Modules, and which organisation has which, in the database."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, ForeignKey, Index, Select, exists, func, select, text, true, update
from sqlalchemy.dialects.postgresql import aggregate_order_by, insert
from sqlalchemy.orm import Mapped, mapped_column

from interlock.control.domain.module_holders import NAMED, Concerned, Configured
from interlock.control.domain.module_use import Usage, Use, UseOfDay
from interlock.control.domain.modules import Holder, Module, ModuleStatus, ModuleType, NewModule, OrganisationModule
from interlock.control.domain.organisations import Plan
from interlock.control.domain.page import Page, Slice
from interlock.control.domain.scope import WholePlatform
from interlock.control.persistence.base import EMPTY, Base, Dated, native_enum
from interlock.control.persistence.days import last_days, today
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
    dependencies: Mapped[list[str]] = mapped_column(server_default=EMPTY, sort_order=100)
    minimum_plan: Mapped[Plan] = mapped_column(
        native_enum(Plan, "plan"), server_default=Plan.BASIC.value, sort_order=101
    )
    configuration_schema: Mapped[dict[str, Any] | None] = mapped_column(sort_order=102)
    default_configuration: Mapped[dict[str, Any]] = mapped_column(server_default=EMPTY, sort_order=103)


class OrganisationModuleRow(Dated, Base):
    """A row of organisation_modules."""

    __tablename__ = "organisation_modules"

    organisation_id: Mapped[UUID] = mapped_column(ForeignKey(OrganisationRow.id), primary_key=True)
    module_key: Mapped[str] = mapped_column(ForeignKey(ModuleRow.key), primary_key=True)
    is_enabled: Mapped[bool]
    configuration: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))
    allowed_users: Mapped[list[UUID]] = mapped_column(server_default=EMPTY, sort_order=100)
    denied_users: Mapped[list[UUID]] = mapped_column(server_default=EMPTY, sort_order=101)
    first_enabled_at: Mapped[datetime | None] = mapped_column(sort_order=102)
    last_used_at: Mapped[datetime | None] = mapped_column(sort_order=103)


class ModuleUseRow(Base):
    """A row of module_uses: how much an organisation used a module on a day."""

    __tablename__ = "module_uses"
    __table_args__ = (Index(None, "day", postgresql_include=["organisation_id", "uses"]),)

    organisation_id: Mapped[UUID] = mapped_column(ForeignKey(OrganisationRow.id), primary_key=True)
    module_key: Mapped[str] = mapped_column(ForeignKey(ModuleRow.key), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    uses: Mapped[int] = mapped_column(BigInteger)
    failures: Mapped[int] = mapped_column(BigInteger)
    milliseconds: Mapped[int] = mapped_column(BigInteger)


_NAMED_AND_COUNTED = (
    func.array_agg(aggregate_order_by(OrganisationRow.key, OrganisationRow.key))[1:NAMED],
    func.count(),
)


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
        dependencies=tuple(row.dependencies),
        minimum_plan=row.minimum_plan,
        configuration_schema=row.configuration_schema,
        default_configuration=row.default_configuration,
    )


def assignment_of(row: OrganisationModuleRow) -> OrganisationModule:
    """How an organisation has a module, as a row tells it."""
    return OrganisationModule(
        organisation_id=row.organisation_id,
        module_key=row.module_key,
        is_enabled=row.is_enabled,
        configuration=row.configuration,
        allowed_users=tuple(row.allowed_users),
        denied_users=tuple(row.denied_users),
        first_enabled_at=row.first_enabled_at,
    )


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
            dependencies=list(new.dependencies),
            minimum_plan=new.minimum_plan,
            configuration_schema=new.configuration_schema,
            default_configuration=new.default_configuration,
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
                dependencies=list(module.dependencies),
                minimum_plan=module.minimum_plan,
                configuration_schema=module.configuration_schema,
                default_configuration=module.default_configuration,
            ).returning(ModuleRow),
            execution_options={"populate_existing": True},
        )
        return module_of(rows.one())

    async def hold_assignment(self, organisation_id: UUID, key: str) -> OrganisationModule | None:
        row = await self.session.scalar(self._assignment(organisation_id, key).with_for_update())
        return assignment_of(row) if row else None

    async def find_assignment(self, organisation_id: UUID, key: str) -> OrganisationModule | None:
        row = await self.session.scalar(self._assignment(organisation_id, key))
        return assignment_of(row) if row else None

    async def page_of_assignments(self, organisation_id: UUID, wanted: Slice) -> Page[OrganisationModule]:
        of_organisation = self._assignments(organisation_id)
        return await self.fetch_page(of_organisation, OrganisationModuleRow.module_key, wanted, assignment_of)

    async def save_assignment(self, assignment: OrganisationModule) -> OrganisationModule:
        values = {
            "is_enabled": assignment.is_enabled,
            "configuration": assignment.configuration,
            "allowed_users": list(assignment.allowed_users),
            "denied_users": list(assignment.denied_users),
        }
        first_enabled_at = func.now() if assignment.is_enabled else None
        statement = insert(OrganisationModuleRow).values(
            organisation_id=assignment.organisation_id,
            module_key=assignment.module_key,
            first_enabled_at=first_enabled_at,
            **values,
        )
        rows = await self.session.scalars(
            statement.on_conflict_do_update(
                index_elements=["organisation_id", "module_key"],
                set_=values
                | {
                    "updated_at": func.now(),
                    "first_enabled_at": func.coalesce(OrganisationModuleRow.first_enabled_at, first_enabled_at),
                },
                where=self.is_in_scope(OrganisationModuleRow.organisation_id),
            ).returning(OrganisationModuleRow),
            execution_options={"populate_existing": True},
        )
        return assignment_of(rows.one())

    async def holders(self, key: str, wanted: Slice) -> Page[Holder]:
        having = OrganisationModuleRow
        statement = (
            select(OrganisationRow.key, OrganisationRow.name, having.is_enabled, having.last_used_at)
            .join(having, having.organisation_id == OrganisationRow.id)
            .where(having.module_key == key, self.is_in_scope(having.organisation_id))
        )
        if wanted.after is not None:
            statement = statement.where(OrganisationRow.key > wanted.after)
        rows = (await self.session.execute(statement.order_by(OrganisationRow.key).limit(wanted.limit + 1))).all()
        shown = tuple(Holder(*row) for row in rows[: wanted.limit])
        return Page(shown, shown[-1].organisation_key if len(rows) > wanted.limit else None)

    async def catalogue(self) -> Sequence[Module]:
        return [module_of(row) for row in await self.session.scalars(select(ModuleRow).order_by(ModuleRow.key))]

    async def enabled_keys(self, organisation_id: UUID) -> frozenset[str]:
        enabled = select(OrganisationModuleRow.module_key).where(
            OrganisationModuleRow.organisation_id == organisation_id,
            OrganisationModuleRow.is_enabled,
            self.is_in_scope(OrganisationModuleRow.organisation_id),
        )
        return frozenset(await self.session.scalars(enabled))

    async def lacking(self, needed: str, having: Collection[str]) -> Concerned | None:
        is_had = exists().where(
            OrganisationModuleRow.organisation_id == OrganisationRow.id,
            OrganisationModuleRow.module_key == needed,
            OrganisationModuleRow.is_enabled,
        )
        has_one = OrganisationRow.id.in_(
            select(OrganisationModuleRow.organisation_id).where(
                OrganisationModuleRow.module_key.in_(having), OrganisationModuleRow.is_enabled
            )
        )
        return await self._concerned(has_one & ~is_had)

    async def with_plan(self, key: str, plans: Collection[Plan]) -> Concerned | None:
        has_it = OrganisationRow.id.in_(
            select(OrganisationModuleRow.organisation_id).where(
                OrganisationModuleRow.module_key == key, OrganisationModuleRow.is_enabled
            )
        )
        return await self._concerned(has_it & OrganisationRow.plan.in_(plans))

    async def configurations(self, key: str, *, even_off: bool) -> Sequence[Configured]:
        having = OrganisationModuleRow
        statement = (
            select(having.configuration, *_NAMED_AND_COUNTED)
            .join(OrganisationRow, OrganisationRow.id == having.organisation_id)
            .where(having.module_key == key, having.is_enabled | even_off, self._is_concerned())
            .group_by(having.configuration)
        )
        rows = (await self.session.execute(statement)).all()
        return [Configured(configuration, Concerned(first, count)) for configuration, first, count in rows]

    async def _concerned(self, condition: ColumnElement[bool]) -> Concerned | None:
        first, count = (
            await self.session.execute(select(*_NAMED_AND_COUNTED).where(condition, self._is_concerned()))
        ).one()
        return Concerned(first, count) if count else None

    def _is_concerned(self) -> ColumnElement[bool]:
        return OrganisationRow.archived_at.is_(None) & self.is_in_scope(OrganisationRow.id)

    async def count_use(self, organisation_id: UUID, key: str, use: Use) -> None:
        counted = {"uses": 1, "failures": int(not use.is_success), "milliseconds": use.milliseconds}
        statement = insert(ModuleUseRow).values(organisation_id=organisation_id, module_key=key, day=today(), **counted)
        await self.session.execute(
            statement.on_conflict_do_update(
                index_elements=["organisation_id", "module_key", "day"],
                set_={name: getattr(ModuleUseRow, name) + number for name, number in counted.items()},
            )
        )
        await self.session.execute(
            update(OrganisationModuleRow)
            .where(OrganisationModuleRow.organisation_id == organisation_id, OrganisationModuleRow.module_key == key)
            # That somebody used it is no change of the assignment.
            .values(last_used_at=func.now(), updated_at=OrganisationModuleRow.updated_at)
        )

    async def usage(self, organisation_id: UUID, key: str) -> Usage:
        days = last_days()
        is_own = (
            (ModuleUseRow.organisation_id == organisation_id)
            & (ModuleUseRow.module_key == key)
            & self.is_in_scope(ModuleUseRow.organisation_id)
        )
        last_used_at = select(OrganisationModuleRow.last_used_at).where(
            OrganisationModuleRow.organisation_id == organisation_id, OrganisationModuleRow.module_key == key
        )
        statement = (
            select(
                days.c.day,
                func.coalesce(ModuleUseRow.uses, 0).label("uses"),
                func.coalesce(ModuleUseRow.failures, 0).label("failures"),
                func.coalesce(ModuleUseRow.milliseconds, 0).label("milliseconds"),
                last_used_at.scalar_subquery().label("last_used_at"),
            )
            .select_from(days)
            .join(ModuleUseRow, (ModuleUseRow.day == days.c.day) & is_own, isouter=True)
            .order_by(days.c.day)
        )
        rows = (await self.session.execute(statement)).all()
        used = [UseOfDay(row.day, row.uses, row.failures, row.milliseconds) for row in rows]
        return Usage(rows[0].last_used_at, used)

    def _assignment(self, organisation_id: UUID, key: str) -> "Select[OrganisationModuleRow]":
        return self._assignments(organisation_id).where(OrganisationModuleRow.module_key == key)

    def _assignments(self, organisation_id: UUID) -> "Select[OrganisationModuleRow]":
        return select(OrganisationModuleRow).where(
            OrganisationModuleRow.organisation_id == organisation_id,
            self.is_in_scope(OrganisationModuleRow.organisation_id),
        )

    async def assignments(self, organisation_id: UUID) -> tuple[OrganisationModule, ...]:
        return tuple(map(assignment_of, await self.session.scalars(self._assignments(organisation_id))))

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
