"""A form that was filled in over what somebody else has changed meanwhile."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from fastapi import Request, Response

from interlock.control.console.history import differences
from interlock.control.console.pages import page
from interlock.control.domain.audit import described
from interlock.control.domain.errors import ChangedMeanwhile
from interlock.control.domain.versions import version_of
from interlock.control.http.caller import Caller


async def lost_update(
    request: Request, visitor: Caller, error: ChangedMeanwhile, wanted: Mapping[str, Any]
) -> Response:
    """Show both values, and let somebody choose; the form is kept as it was sent. Nothing was saved."""
    current = error.current
    if current is None:
        raise error
    now, yours = described(current) or {}, described(replace(current, **wanted)) or {}
    async with visitor.work() as work:
        of = getattr(current, "organisation_id", visitor.user.organisation_id)
        rows = await differences(work, of, now, yours)
    sent = (await request.form()).multi_items()
    fields = [(name, value) for name, value in sent if name != "version"] + [("version", version_of(current))]
    return page(request, "lost_update.html", status=412, address=request.url.path, rows=rows, fields=fields)
