"""/ and /search"""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request, Response

from interlock.control.console.pages import page
from interlock.control.console.session import PageRoute, Visitor
from interlock.control.domain.flags import FlagFilter
from interlock.control.domain.page import Slice
from interlock.control.domain.releases import ReleaseFilter, Signal
from interlock.control.domain.users import Permission

if TYPE_CHECKING:
    from collections.abc import Sequence

    from interlock.control.domain.flags import Flag
    from interlock.control.domain.modules import Module
    from interlock.control.domain.organisations import Organisation

router = APIRouter(include_in_schema=False, route_class=PageRoute)

FOUND = 8
RELEASES = 5


@router.get("/")
async def overview(request: Request, visitor: Visitor) -> Response:
    """Counts, activity, and what changed lately."""
    if Permission.READ_DASHBOARD not in visitor.user.permissions:
        return page(request, "no_access.html")
    async with visitor.work() as work:
        stats = await work.dashboard.count()
        days = await work.dashboard.activity()
        events = await work.audit.page(Slice(10))
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


@router.get("/search")
async def search(request: Request, visitor: Visitor, search: str = "") -> Response:
    """Find organisations, modules, flags and users by a part of their name."""
    text, permissions = search.strip()[:100].replace("\0", ""), visitor.user.permissions
    found: list[tuple[str, str, Sequence[Organisation | Module | Flag]]] = []
    if text:
        first = Slice(FOUND)
        async with visitor.work() as work:
            if Permission.READ_ORGANISATIONS in permissions:
                found.append(("Organisations", "/organisations/", (await work.organisations.page(first, text)).items))
            if Permission.READ_MODULES in permissions:
                found.append(("Modules", "/modules/", (await work.modules.page(first, text)).items))
            if Permission.READ_FLAGS in permissions:
                found.append(
                    ("Feature flags", "/feature-flags/", (await work.flags.page(first, FlagFilter(text))).items)
                )
    return page(request, "search.html", found=found, search=text)
