"""GET /admin/dashboard/stats"""

from typing import Annotated

from fastapi import APIRouter

from interlock.control.domain.dashboard import Stats
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
