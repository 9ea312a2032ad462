"""/admin/feature-flags/archive, /admin/feature-flags/{key}/undo"""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import Field

from interlock.control.domain import flag_history
from interlock.control.domain.flags import Flag
from interlock.control.domain.page import LARGEST_PAGE
from interlock.control.domain.users import Permission
from interlock.control.http.caller import Caller, ProtectedRoute, permitted
from interlock.control.http.fields import Body, Key, KeyInPath, View
from interlock.control.http.flags import FlagView
from interlock.control.http.problems import OF_A_BODY, problems
from interlock.control.http.versions import Expected, tag

router = APIRouter(
    prefix="/admin/feature-flags",
    tags=["feature flags"],
    route_class=ProtectedRoute,
    responses=problems(401, 403, 404, 500, *OF_A_BODY),
)

Writer = Annotated[Caller, permitted(Permission.WRITE_FLAGS)]


class ArchiveFlags(Body):
    """Which flags are to be inactive."""

    keys: Annotated[list[Key], Field(min_length=1, max_length=LARGEST_PAGE)]


class ArchivedFlags(View):
    """The flags that are inactive now."""

    items: list[FlagView]


class UndoChange(Body):
    """Which change is to be taken back."""

    event_id: UUID


@router.post("/archive", response_model=ArchivedFlags)
async def archive_flags(caller: Writer, body: ArchiveFlags) -> dict[str, tuple[Flag, ...]]:
    """Make several flags inactive, all or none: each answers off from now on, and none is lost."""
    async with caller.platform_work() as work:
        return {"items": tuple(each.flag for each in await flag_history.archive(work, body.keys))}


@router.post("/{key}/undo", response_model=FlagView, responses=problems(412))
async def undo_change(caller: Writer, key: KeyInPath, body: UndoChange, expected: Expected, response: Response) -> Flag:
    """Take a change back that the audit trail tells of, unless the same fields were changed since."""
    async with caller.platform_work() as work:
        flag = await flag_history.undo(work, key, body.event_id, expected=expected)
    tag(response, flag)
    return flag
