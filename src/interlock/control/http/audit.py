"""GET /admin/audit-events"""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter

from interlock.control.domain.audit import Action, AuditEvent, Resource
from interlock.control.domain.users import Permission
from interlock.control.http.caller import Caller, ProtectedRoute, permitted
from interlock.control.http.fields import Listing, ListView, View, WantedSlice, listing
from interlock.control.http.problems import problems

router = APIRouter(
    prefix="/admin/audit-events",
    tags=["audit"],
    route_class=ProtectedRoute,
    responses=problems(401, 403, 500),
)


class EntryView(View):
    """One change: made (no before), changed, or deleted (no after)."""

    organisation_id: UUID
    action: Action
    resource_type: Resource
    resource_id: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None


class OriginView(View):
    """Who asked for the change. The command line has no user and no request."""

    actor_organisation_id: UUID | None
    actor_id: UUID | None
    request_id: str | None
    address: str | None


class AuditEventView(View):
    """One change, who asked for it, and when."""

    id: UUID
    occurred_at: datetime
    entry: EntryView
    origin: OriginView


class AuditEventList(ListView):
    """One page of the audit trail."""

    items: list[AuditEventView]


@router.get("", response_model=AuditEventList, responses=problems(422))
async def list_audit_events(
    caller: Annotated[Caller, permitted(Permission.READ_AUDIT)], wanted: WantedSlice
) -> Listing[AuditEvent]:
    """List the changes that the caller may see, newest first."""
    async with caller.work() as work:
        return listing(await work.audit.page(wanted))
