"""/admin/dashboard"""

from datetime import date
from typing import Annotated

from fastapi import APIRouter
from pydantic import Field

from interlock.control.domain.dashboard import DayOfActivity, Stats
from interlock.control.domain.users import Permission
from interlock.control.http.caller import Caller, ProtectedRoute, permitted
from interlock.control.http.fields import View
from interlock.control.http.problems import problems

router = APIRouter(
    prefix="/admin/dashboard",
    tags=["dashboard"],
    route_class=ProtectedRoute,
    responses=problems(401, 403, 500),
)


class FlagCountsView(View):
    """How many flags there are."""

    total: int
    enabled: int
    disabled: int


class ModuleCountsView(View):
    """How many modules there are, and how many of them some organisation has switched on."""

    total: int
    active: int
    enabled_for_organisations: int


class ActivityView(View):
    """How many changes the audit trail tells of."""

    last_24_hours: int


class MemberCountsView(View):
    """How many there are, and how many of them are active."""

    total: int
    active: int


class StatsView(View):
    """Counts of everything that the caller may see."""

    flags: FlagCountsView
    modules: ModuleCountsView
    activity: ActivityView
    sectors: int
    organisations: MemberCountsView
    users: MemberCountsView


@router.get("/stats", response_model=StatsView)
async def read_stats(caller: Annotated[Caller, permitted(Permission.READ_DASHBOARD)]) -> Stats:
    """Count what the caller may see."""
    async with caller.work() as work:
        return await work.dashboard.count()


class DayView(View):
    """What was done on one day, by UTC."""

    day: date
    changes: int = Field(description="What the audit trail tells of.")
    evaluations: int = Field(description="How often a flag answered.")
    module_uses: int


class SeriesView(View):
    """Each of the last 30 days, the oldest first."""

    days: list[DayView]


@router.get("/series", response_model=SeriesView)
async def read_series(
    caller: Annotated[Caller, permitted(Permission.READ_DASHBOARD)],
) -> dict[str, tuple[DayOfActivity, ...]]:
    """Count, for each of the last 30 days, what was done in what the caller may see."""
    async with caller.work() as work:
        return {"days": await work.dashboard.activity()}
