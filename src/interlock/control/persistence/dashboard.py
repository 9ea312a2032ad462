"""The dashboard's counts in the database."""

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import ColumnElement, Date, DateTime, FromClause, Subquery, cast, distinct, func, select, true

from interlock.control.domain.dashboard import (
    ActivityCounts,
    DayOfActivity,
    FlagCounts,
    MemberCounts,
    ModuleCounts,
    Stats,
)
from interlock.control.domain.modules import ModuleStatus
from interlock.control.persistence.audit import AuditEventRow
from interlock.control.persistence.days import LENGTH, last_days, today
from interlock.control.persistence.flags import FlagRow, FlagUseRow
from interlock.control.persistence.modules import ModuleRow, ModuleUseRow, OrganisationModuleRow, StoredModules
from interlock.control.persistence.organisations import OrganisationRow
from interlock.control.persistence.scoped import Scoped
from interlock.control.persistence.users import UserRow

if TYPE_CHECKING:
    from sqlalchemy.orm import InstrumentedAttribute

ACTIVITY_WINDOW = timedelta(hours=24)


class StoredDashboard(Scoped):
    """Counts of what the scope lets one see, all taken in one query."""

    async def count(self) -> Stats:
        # Each part is one row, so joining them all on true is one row too.
        parts: FromClause = self._flags()
        for part in (
            self._modules(),
            self._enabled_modules(),
            self._activity(),
            self._organisations(),
            self._users(),
        ):
            parts = parts.join(part, true())
        counted = await self.session.execute(select(parts))
        row = counted.one()
        return Stats(
            flags=FlagCounts(row.flags, row.enabled_flags, row.flags - row.enabled_flags),
            modules=ModuleCounts(row.modules, row.active_modules, row.enabled_modules),
            activity=ActivityCounts(row.activity),
            sectors=row.sectors,
            organisations=MemberCounts(row.organisations, row.active_organisations),
            users=MemberCounts(row.users, row.active_users),
        )

    async def activity(self, of: UUID | None = None) -> tuple[DayOfActivity, ...]:
        days = last_days()
        changed_on = cast(func.timezone("UTC", AuditEventRow.occurred_at), Date)
        changes = (
            select(changed_on.label("day"), func.count().label("number"))
            .where(
                self._is_of(AuditEventRow.organisation_id, of),
                AuditEventRow.occurred_at >= func.timezone("UTC", cast(today() - (LENGTH - 1), DateTime)),
            )
            .group_by(changed_on)
            .subquery()
        )
        evaluations, uses = self._used(FlagUseRow, of), self._used(ModuleUseRow, of)
        statement = select(days.c.day, *(func.coalesce(each.c.number, 0) for each in (changes, evaluations, uses)))
        joined: FromClause = days
        for counted in (changes, evaluations, uses):
            joined = joined.outerjoin(counted, counted.c.day == days.c.day)
        rows = await self.session.execute(statement.select_from(joined).order_by(days.c.day))
        return tuple(DayOfActivity(row[0], *map(int, row[1:])) for row in rows)

    def _used(self, row: type[FlagUseRow] | type[ModuleUseRow], of: UUID | None) -> Subquery:
        return (
            select(row.day, func.sum(row.uses).label("number"))
            .where(self._is_of(row.organisation_id, of), row.day > today() - LENGTH)
            .group_by(row.day)
            .subquery()
        )

    def _is_of(self, organisation_id: "InstrumentedAttribute[UUID]", of: UUID | None) -> ColumnElement[bool]:
        in_scope = self.is_in_scope(organisation_id)
        return in_scope if of is None else in_scope & (organisation_id == of)

    def _flags(self) -> Subquery:
        return (
            select(
                func.count().label("flags"),
                func.count().filter(FlagRow.is_enabled).label("enabled_flags"),
            )
            .select_from(FlagRow)
            .subquery()
        )

    def _modules(self) -> Subquery:
        is_active = ModuleRow.status == ModuleStatus.ACTIVE
        return (
            select(
                func.count().label("modules"),
                func.count().filter(is_active).label("active_modules"),
            )
            .select_from(ModuleRow)
            .where(StoredModules(self.session, self.scope).is_visible())
            .subquery()
        )

    def _enabled_modules(self) -> Subquery:
        is_enabled = OrganisationModuleRow.is_enabled & self.is_in_scope(OrganisationModuleRow.organisation_id)
        return (
            select(func.count(distinct(OrganisationModuleRow.module_key)).label("enabled_modules"))
            .where(is_enabled)
            .subquery()
        )

    def _activity(self) -> Subquery:
        is_recent = AuditEventRow.occurred_at > func.now() - ACTIVITY_WINDOW
        return (
            select(func.count().label("activity"))
            .where(is_recent, self.is_in_scope(AuditEventRow.organisation_id))
            .subquery()
        )

    def _organisations(self) -> Subquery:
        return (
            select(
                func.count().label("organisations"),
                func.count().filter(OrganisationRow.is_active).label("active_organisations"),
                func.count(distinct(OrganisationRow.sector_code)).label("sectors"),
            )
            .where(self.is_in_scope(OrganisationRow.id))
            .select_from(OrganisationRow)
            .subquery()
        )

    def _users(self) -> Subquery:
        return (
            select(
                func.count().label("users"),
                func.count().filter(UserRow.is_active).label("active_users"),
            )
            .where(self.is_in_scope(UserRow.organisation_id))
            .select_from(UserRow)
            .subquery()
        )
