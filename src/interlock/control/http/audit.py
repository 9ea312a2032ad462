"""/admin/audit-events"""

import csv
import io
import json
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from anyio import CancelScope
from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse
from pydantic import AwareDatetime, Field

from interlock.control.domain.audit import Action, AuditEvent, Resource, Subject
from interlock.control.domain.users import Permission
from interlock.control.http.caller import Caller, ProtectedRoute, permitted
from interlock.control.http.fields import TEXT_PATTERN, Listing, ListView, View, WantedSlice, listing
from interlock.control.http.problems import problems

READ_AT_ONCE = 1000

router = APIRouter(
    prefix="/admin/audit-events",
    tags=["audit"],
    route_class=ProtectedRoute,
    responses=problems(401, 403, 500),
)

Reader = Annotated[Caller, permitted(Permission.READ_AUDIT)]


class EntryView(View):
    """One change: made (no before), changed, or deleted (no after)."""

    organisation_id: UUID
    action: Action
    resource_type: str = Field(examples=[Resource.FLAG])
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
    actor_email: str | None
    entry: EntryView
    origin: OriginView


class AuditEventList(ListView):
    """One page of the audit trail."""

    items: list[AuditEventView]


class ExportFormat(StrEnum):
    """As what the trail is exported."""

    CSV = "csv"
    JSONL = "jsonl"


async def _subject(
    resource_type: Resource | None = None,
    resource_id: Annotated[str | None, Query(max_length=200, pattern=TEXT_PATTERN)] = None,
    organisation_id: UUID | None = None,
    action: Action | None = None,
    actor_id: UUID | None = None,
    since: Annotated[AwareDatetime | None, Query(description="From this moment on.")] = None,
    until: Annotated[AwareDatetime | None, Query(description="Before this moment.")] = None,
    search: Annotated[
        str | None,
        Query(
            min_length=1,
            max_length=200,
            pattern=TEXT_PATTERN,
            description="A part of the thing's id or of the actor's e-mail address, or a whole request id or address.",
        ),
    ] = None,
) -> Subject:
    return Subject(resource_type, resource_id, organisation_id, action, actor_id, since, until, search)


Wanted = Annotated[Subject, Depends(_subject)]


@router.get("", response_model=AuditEventList, responses=problems(422))
async def list_audit_events(caller: Reader, wanted: WantedSlice, of: Wanted) -> Listing[AuditEvent]:
    """List the changes that the caller may see, newest first."""
    async with caller.work() as work:
        return listing(await work.audit.page(wanted, of))


@router.get(
    "/export",
    response_class=StreamingResponse,
    responses=problems(422)
    | {
        200: {
            "description": "Every change that is wanted, the oldest first; one a line.",
            "content": {
                "text/csv": {"schema": {"type": "string"}},
                "application/jsonl": {"schema": {"type": "string"}},
            },
        }
    },
)
async def export_audit_events(
    caller: Reader,
    of: Wanted,
    format: ExportFormat = ExportFormat.JSONL,  # noqa: A002 - the name in the address
) -> StreamingResponse:
    """Export the changes that the caller may see, as JSON lines or as CSV."""
    return await exported(caller, of, format)


async def exported(caller: Caller, of: Subject, wanted: ExportFormat) -> StreamingResponse:
    """A file with every event that is wanted, written while it is read. It begins when the first were found."""
    kind, lines = {ExportFormat.CSV: ("text/csv", _as_csv), ExportFormat.JSONL: ("application/jsonl", _as_json_lines)}[
        wanted
    ]
    headers = {"Content-Disposition": f'attachment; filename="audit.{wanted}"'}
    first = await _part(caller, of, after=None)
    return StreamingResponse(lines(_read(caller, of, first)), media_type=kind, headers=headers)


async def _read(caller: Caller, of: Subject, part: Sequence[AuditEvent]) -> AsyncIterator[AuditEvent]:
    while part:
        for event in part:
            yield event
        part = await _part(caller, of, after=part[-1]) if len(part) == READ_AT_ONCE else ()


async def _part(caller: Caller, of: Subject, after: AuditEvent | None) -> Sequence[AuditEvent]:
    """Read a part in a transaction of its own: none is open while a slow client takes what was read."""
    # A client that goes away cancels what answers it: not in the middle of a transaction.
    with CancelScope(shield=True):
        async with caller.work() as work:
            part = await work.audit.read_on(of, after, READ_AT_ONCE)
    return part


async def _as_json_lines(events: AsyncIterator[AuditEvent]) -> AsyncIterator[str]:
    async for event in events:
        yield AuditEventView.model_validate(event).model_dump_json() + "\n"


COLUMNS = (
    "occurred_at", "id", "organisation_id", "action", "resource_type", "resource_id", "before", "after",
    "actor_email", "actor_id", "actor_organisation_id", "request_id", "address",
)  # fmt: skip


async def _as_csv(events: AsyncIterator[AuditEvent]) -> AsyncIterator[str]:
    yield _line(COLUMNS)
    async for event in events:
        told = AuditEventView.model_validate(event).model_dump(mode="json")
        cells = told | told["entry"] | told["origin"]
        yield _line([_cell(cells[name]) for name in COLUMNS])


def _cell(value: object) -> str:
    """A value as a cell that no spreadsheet takes for a formula (OWASP, CSV Injection)."""
    text = json.dumps(value) if isinstance(value, dict) else "" if value is None else str(value)
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def _line(cells: "tuple[str, ...] | list[str]") -> str:
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue()
