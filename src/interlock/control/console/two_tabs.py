"""A form that was filled in over what somebody else has changed meanwhile."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fastapi import Request, Response

from interlock.control.console.pages import page
from interlock.control.domain.versions import ABSENT, version_of

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


async def lost_update(request: Request, current: "DataclassInstance | None", wanted: Mapping[str, Any]) -> Response:
    """Show both values, and let somebody choose; the form is kept as it was sent. Nothing was saved."""
    rows = [(name, getattr(current, name, None), value) for name, value in wanted.items()]
    differing = [(name, now, yours) for name, now, yours in rows if now != yours]
    version = version_of(current) if current else ABSENT
    sent = (await request.form()).multi_items()
    fields = [(name, value) for name, value in sent if name != "version"] + [("version", version)]
    address = request.url.path
    return page(request, "lost_update.html", status=412, address=address, rows=differing, fields=fields)
