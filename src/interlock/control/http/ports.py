"""What the API needs from the rest of the program."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Request

from interlock.control.domain.sign_in import Desk, Passwords
from interlock.control.domain.users import Directory
from interlock.control.domain.work import OpenWork
from interlock.control.http.tokens import Tokens


@dataclass(frozen=True, slots=True)
class Ports:
    """Everything that a handler can reach, and what the build says of itself."""

    open_work: OpenWork
    directory: Directory
    desk: Desk
    passwords: Passwords
    tokens: Tokens
    is_ready: Callable[[], Awaitable[str | None]]
    """None if the application can serve, else the reason why it cannot."""
    live_revision: Callable[[], Awaitable[str | None]]
    expected_revision: str
    build: str
    metrics_token: str | None = field(default=None, repr=False)
    """With what /metrics is read; None where nobody reads it."""


def ports_of(request: Request) -> Ports:
    """The ports that the application was made with."""
    ports: Ports = request.app.state.ports
    return ports


async def _ports(request: Request) -> Ports:
    return ports_of(request)


ThePorts = Annotated[Ports, Depends(_ports)]
