"""Flags and their overrides in the database."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Select,
    delete,
    func,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, column_property, mapped_column

from interlock.control.domain.audit import Origin
from interlock.control.domain.evaluation import FlagUse
from interlock.control.domain.flags import Flag, FlagFilter, FlagScope, FlagStatus, NewFlag, NewOverride, Override
from interlock.control.domain.page import Page, Slice
from interlock.control.domain.scope import Scope
from interlock.control.persistence.base import EMPTY, Base, Dated, Id, native_enum
from interlock.control.persistence.days import last_days, today
from interlock.control.persistence.modules import ModuleRow
from interlock.control.persistence.organisations import OrganisationRow
from interlock.control.persistence.scoped import Scoped, holds
from interlock.control.persistence.users import UserRow


class FlagRow(Dated, Base):
    """A row of feature_flags: the catalogue."""

    __tablename__ = "feature_flags"
    __table_args__ = (CheckConstraint("rollout >= 0 AND rollout <= 100", name="rollout_is_a_share"),)

    key: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    description: Mapped[str]
    is_enabled: Mapped[bool]
    rollout: Mapped[int]
    scope: Mapped[FlagScope] = mapped_column(native_enum(FlagScope, "flag_scope"))
    status: Mapped[FlagStatus] = mapped_column(native_enum(FlagStatus, "flag_status"))
    module_key: Mapped[str | None] = mapped_column(ForeignKey(ModuleRow.key), sort_order=99)
    allowed_sectors: Mapped[list[str]] = mapped_column(server_default=EMPTY, sort_order=100)
    blocked_sectors: Mapped[list[str]] = mapped_column(server_default=EMPTY, sort_order=101)


FOR_AN_ORGANISATION = text("user_id IS NULL")
FOR_A_USER = text("user_id IS NOT NULL")


class OverrideRow(Dated, Base):
    """A row of flag_overrides."""

    __tablename__ = "flag_overrides"
    # Two partial indexes, because NULLS NOT DISTINCT came with PostgreSQL 15 (CREATE TABLE, UNIQUE).
    __table_args__ = (
        ForeignKeyConstraint(["organisation_id", "user_id"], [UserRow.organisation_id, UserRow.id], ondelete="CASCADE"),
        Index(
            "uq_flag_overrides_of_organisation",
            "organisation_id",
            "flag_key",
            unique=True,
            postgresql_where=FOR_AN_ORGANISATION,
        ),
        Index(
            "uq_flag_overrides_of_user",
            "organisation_id",
            "flag_key",
            "user_id",
            unique=True,
            postgresql_where=FOR_A_USER,
        ),
    )

    organisation_id: Mapped[UUID] = mapped_column(ForeignKey(OrganisationRow.id), primary_key=True)
    id: Mapped[Id] = mapped_column(primary_key=True)
    flag_key: Mapped[str] = mapped_column(ForeignKey(FlagRow.key))
    user_id: Mapped[UUID | None]
    is_enabled: Mapped[bool]
    reason: Mapped[str]
    expires_at: Mapped[datetime | None]
    # No foreign key: the author is of the platform, and a row may only point into its own organisation.
    author_id: Mapped[UUID | None]
    organisation_key: Mapped[str] = column_property(
        select(OrganisationRow.key)
        .where(OrganisationRow.id == organisation_id)
        .correlate_except(OrganisationRow)
        .scalar_subquery()
    )


class FlagUseRow(Base):
    """A row of flag_uses: how often a flag answered an organisation so on a day."""

    __tablename__ = "flag_uses"
    __table_args__ = (
        Index(None, "day", postgresql_include=["organisation_id", "uses"]),
        Index(None, "flag_key", "day", postgresql_include=["organisation_id", "is_on", "uses"]),
    )

    organisation_id: Mapped[UUID] = mapped_column(ForeignKey(OrganisationRow.id), primary_key=True)
    flag_key: Mapped[str] = mapped_column(ForeignKey(FlagRow.key), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    is_on: Mapped[bool] = mapped_column(primary_key=True)
    uses: Mapped[int] = mapped_column(BigInteger)


def flag_of(row: FlagRow) -> Flag:
    """The flag that a row tells of."""
    return Flag(
        key=row.key,
        name=row.name,
        description=row.description,
        is_enabled=row.is_enabled,
        rollout=row.rollout,
        scope=row.scope,
        status=row.status,
        module_key=row.module_key,
        created_at=row.created_at,
        updated_at=row.updated_at,
        allowed_sectors=tuple(row.allowed_sectors),
        blocked_sectors=tuple(row.blocked_sectors),
    )


def override_of(row: OverrideRow) -> Override:
    """The override that a row tells of."""
    return Override(
        organisation_id=row.organisation_id,
        id=row.id,
        flag_key=row.flag_key,
        organisation_key=row.organisation_key,
        user_id=row.user_id,
        is_enabled=row.is_enabled,
        reason=row.reason,
        expires_at=row.expires_at,
        author_id=row.author_id,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


class StoredFlags(Scoped):
    """The flags, which everybody may see, and the overrides that the scope lets one see."""

    def __init__(self, session: AsyncSession, scope: Scope, origin: Origin) -> None:
        super().__init__(session, scope)
        self.origin = origin

    async def page(self, wanted: Slice, of: FlagFilter | None = None) -> Page[Flag]:
        found = select(FlagRow)
        if of and of.search:
            found = found.where(holds(of.search, FlagRow.key, FlagRow.name))
        if of and of.status is not None:
            found = found.where(FlagRow.status == of.status)
        if of and of.is_enabled is not None:
            found = found.where(FlagRow.is_enabled == of.is_enabled)
        return await self.fetch_page(found, FlagRow.key, wanted, flag_of)

    async def inactive_among(self, keys: Collection[str]) -> tuple[Flag, ...]:
        found = select(FlagRow).where(FlagRow.key.in_(keys), FlagRow.status == FlagStatus.INACTIVE)
        return tuple(map(flag_of, await self.session.scalars(found.order_by(FlagRow.key))))

    async def find(self, key: str) -> Flag | None:
        row = await self.session.scalar(select(FlagRow).where(FlagRow.key == key))
        return flag_of(row) if row else None

    async def hold(self, key: str) -> Flag | None:
        row = await self.session.scalar(select(FlagRow).where(FlagRow.key == key).with_for_update())
        return flag_of(row) if row else None

    async def add(self, new: NewFlag) -> Flag | None:
        statement = insert(FlagRow).values(
            key=new.key,
            name=new.name,
            description=new.description,
            is_enabled=new.is_enabled,
            rollout=new.rollout,
            scope=new.scope,
            status=new.status,
            module_key=new.module_key,
            allowed_sectors=list(new.allowed_sectors),
            blocked_sectors=list(new.blocked_sectors),
        )
        row = await self.session.scalar(statement.on_conflict_do_nothing(index_elements=["key"]).returning(FlagRow))
        return flag_of(row) if row else None

    async def save(self, flag: Flag) -> Flag:
        statement = update(FlagRow).where(FlagRow.key == flag.key)
        rows = await self.session.scalars(
            statement.values(
                name=flag.name,
                description=flag.description,
                is_enabled=flag.is_enabled,
                rollout=flag.rollout,
                scope=flag.scope,
                status=flag.status,
                module_key=flag.module_key,
                allowed_sectors=list(flag.allowed_sectors),
                blocked_sectors=list(flag.blocked_sectors),
            ).returning(FlagRow),
            execution_options={"populate_existing": True},
        )
        return flag_of(rows.one())

    async def page_of_overrides(self, key: str, wanted: Slice) -> Page[Override]:
        overrides = self._visible_overrides().where(OverrideRow.flag_key == key)
        return await self.fetch_page(overrides, OverrideRow.id, wanted, override_of)

    async def overrides_of(self, organisation_id: UUID) -> tuple[Override, ...]:
        statement = self._visible_overrides().where(OverrideRow.organisation_id == organisation_id)
        return tuple(map(override_of, await self.session.scalars(statement)))

    async def find_override(self, key: str, organisation_id: UUID, user_id: UUID | None) -> Override | None:
        row = await self.session.scalar(self._override(key, organisation_id, user_id))
        return override_of(row) if row else None

    async def put_override(self, key: str, organisation_id: UUID, user_id: UUID | None, new: NewOverride) -> Override:
        said = {
            "is_enabled": new.is_enabled,
            "reason": new.reason,
            "expires_at": new.expires_at,
            "author_id": self.origin.actor_id,
        }
        target = {"organisation_id": organisation_id, "flag_key": key}
        statement = insert(OverrideRow).values(**target, user_id=user_id, **said)
        await self.session.execute(
            statement.on_conflict_do_update(
                index_elements=[*target, "user_id"] if user_id else [*target],
                index_where=FOR_A_USER if user_id else FOR_AN_ORGANISATION,
                set_=said | {"updated_at": func.now()},
                where=self.is_in_scope(OverrideRow.organisation_id),
            )
        )
        rows = await self.session.scalars(
            self._override(key, organisation_id, user_id), execution_options={"populate_existing": True}
        )
        return override_of(rows.one())

    async def delete_override(self, override: Override) -> None:
        await self.session.execute(
            delete(OverrideRow).where(
                OverrideRow.organisation_id == override.organisation_id,
                OverrideRow.id == override.id,
                self.is_in_scope(OverrideRow.organisation_id),
            )
        )

    async def overrides_for(self, key: str, organisation_id: UUID, user_id: UUID | None) -> tuple[Override, ...]:
        rows = await self.session.scalars(
            self._visible_overrides().where(
                OverrideRow.flag_key == key,
                OverrideRow.organisation_id == organisation_id,
                OverrideRow.user_id.is_(None) | (OverrideRow.user_id == user_id),
            )
        )
        return tuple(map(override_of, rows))

    async def count_use(self, key: str, organisation_id: UUID, *, is_on: bool) -> None:
        statement = insert(FlagUseRow).values(
            organisation_id=organisation_id, flag_key=key, day=today(), is_on=is_on, uses=1
        )
        await self.session.execute(
            statement.on_conflict_do_update(
                index_elements=["organisation_id", "flag_key", "day", "is_on"], set_={"uses": FlagUseRow.uses + 1}
            )
        )

    async def usage(self, key: str) -> Sequence[FlagUse]:
        days = last_days()
        is_own = (FlagUseRow.flag_key == key) & self.is_in_scope(FlagUseRow.organisation_id)
        statement = (
            select(
                days.c.day,
                func.coalesce(func.sum(FlagUseRow.uses).filter(FlagUseRow.is_on), 0).label("on"),
                func.coalesce(func.sum(FlagUseRow.uses).filter(~FlagUseRow.is_on), 0).label("off"),
            )
            .select_from(days)
            .join(FlagUseRow, (FlagUseRow.day == days.c.day) & is_own, isouter=True)
            .group_by(days.c.day)
            .order_by(days.c.day)
        )
        return [FlagUse(row.day, int(row.on), int(row.off)) for row in await self.session.execute(statement)]

    def _override(self, key: str, organisation_id: UUID, user_id: UUID | None) -> "Select[OverrideRow]":
        return self._visible_overrides().where(
            OverrideRow.flag_key == key,
            OverrideRow.organisation_id == organisation_id,
            OverrideRow.user_id.is_not_distinct_from(user_id),
        )

    def _visible_overrides(self) -> "Select[OverrideRow]":
        return select(OverrideRow).where(self.is_in_scope(OverrideRow.organisation_id))
