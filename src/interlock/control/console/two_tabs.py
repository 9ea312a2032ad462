"""A form that was filled in over what somebody else has changed meanwhile."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

from fastapi import Request, Response

from interlock.control.console.pages import page


class Dated(Protocol):
    """What has a version: the moment of its last change."""

    @property
    def updated_at(self) -> datetime: ...


def is_stale(form: Mapping[str, str], current: Dated) -> bool:
    """Whether the thing is not any more as the form showed it."""
    return form.get("version") != str(current.updated_at)


def lost_update(
    request: Request, address: str, form: Mapping[str, str], current: Dated, wanted: Mapping[str, Any]
) -> Response:
    """Show both values, and let somebody choose. Nothing was saved."""
    rows = [(name, getattr(current, name), value) for name, value in wanted.items()]
    differing = [(name, now, yours) for name, now, yours in rows if now != yours]
    fields = {**form, "version": str(current.updated_at)}
    return page(request, "lost_update.html", status=412, address=address, rows=differing, fields=fields)
