"""/"""

from datetime import UTC, datetime

from fastapi import APIRouter, Request, Response

from interlock.control.console.history import told
from interlock.control.console.pages import page
from interlock.control.console.session import PageRoute, Visitor
from interlock.control.domain.page import Slice
from interlock.control.domain.releases import ReleaseFilter, Signal
from interlock.control.domain.users import Permission

router = APIRouter(include_in_schema=False, route_class=PageRoute)

RELEASES = 5


@router.get("/")
async def overview(request: Request, visitor: Visitor) -> Response:
    """Counts, activity, and what changed lately."""
    if Permission.READ_DASHBOARD not in visitor.user.permissions:
        return page(request, "no_access.html")
    async with visitor.work() as work:
        stats = await work.dashboard.count()
        days = await work.dashboard.activity()
        events = await told(work, await work.audit.page(Slice(10)))
        is_of_releases = Permission.READ_RELEASES in visitor.user.permissions
        health = await work.releases.count_health() if is_of_releases else None
        released = await work.releases.page(Slice(RELEASES), ReleaseFilter()) if is_of_releases else None
        newest = await work.releases.newest_of_each_project() if is_of_releases else ()
    is_long_ago = health is not None and health.is_long_ago(datetime.now(UTC))
    return page(
        request, "overview.html", stats=stats, days=days, events=events,
        health=health, is_long_ago=is_long_ago, released=released,
        not_clear=[run for run in newest if run.summary.signal is not Signal.CLEAR],
    )  # fmt: skip
