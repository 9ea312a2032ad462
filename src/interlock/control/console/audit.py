"""/audit"""

from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from interlock.control.console.history import told
from interlock.control.console.lists import List, Wanted
from interlock.control.console.pages import page
from interlock.control.console.session import PageRoute, Visitor
from interlock.control.domain.audit import Action, Resource, Subject
from interlock.control.domain.errors import InvalidChange
from interlock.control.domain.users import Permission
from interlock.control.http.audit import ExportFormat, exported

router = APIRouter(prefix="/audit", include_in_schema=False, route_class=PageRoute)


async def _subject(wanted: Wanted, of: str = "", action: str = "", since: str = "", until: str = "") -> Subject:
    return Subject(
        resource=next((each for each in Resource if each == of), None),
        action=next((each for each in Action if each == action), None),
        since=_day(since),
        until=_day(until, later=1),
        search=wanted.search or None,
    )


def _day(text: str, *, later: int = 0) -> datetime | None:
    if not text:
        return None
    try:
        return datetime.combine(date.fromisoformat(text) + timedelta(days=later), time(), UTC)
    except (ValueError, OverflowError):
        raise InvalidChange(problem=f"{text!r} is no day", remedy="write it as 2026-11-27") from None


Of = Annotated[Subject, Depends(_subject)]


@router.get("")
async def list_events(request: Request, visitor: Visitor, wanted: Wanted, of: Of) -> Response:
    """What was changed, by whom, the newest first."""
    visitor.user.must_have(Permission.READ_AUDIT)
    async with visitor.work() as work:
        found = await told(work, await work.audit.page(wanted.slice, of))
    return page(
        request, "audit.html", found=found, wanted=wanted, resources=Resource, actions=Action,
        asked=_asked(request, wanted),
    )  # fmt: skip


@router.get("/export")
async def export(
    visitor: Visitor,
    of: Of,
    format: ExportFormat = ExportFormat.CSV,  # noqa: A002 - the name in the address
) -> Response:
    """The events that the page shows, all of them, as a file."""
    visitor.user.must_have(Permission.READ_AUDIT)
    return await exported(visitor, of, format)


def _asked(request: Request, wanted: List) -> dict[str, str]:
    """What the page was asked for, to be asked again by its links."""
    names = ("of", "action", "since", "until")
    return {name: request.query_params.get(name, "") for name in names} | {"search": wanted.search}
