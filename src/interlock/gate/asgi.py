"""The gate in front of an ASGI application, whatever its framework."""

import asyncio
import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from interlock.gate.check import Gate, Readiness

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

# What a websocket is told that is not let in yet: try again later (RFC 6455, 7.4.2).
_TRY_AGAIN_LATER = 1013


class ReadinessMiddleware:
    """Answers one path with 200 or 503 by itself. Wrap the application in it: `ReadinessMiddleware(app, gate)`.

    `holds_back` lets no request through before the gate was open once; afterwards only the one path tells.
    `tells_reasons` puts the reasons into the answer: for a path that strangers cannot reach.
    """

    def __init__(
        self,
        application: Application,
        gate: Gate,
        *,
        path: str = "/readyz",
        holds_back: bool = False,
        tells_reasons: bool = False,
        retry_after_seconds: int = 5,
    ) -> None:
        self._application, self._gate, self._path = application, gate, path
        self._holds_back, self._tells_reasons = holds_back, tells_reasons
        self._retry_after_seconds = retry_after_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take one connection, as ASGI has it."""
        if scope["type"] == "http" and scope["path"] == self._path:
            await self._answer(await self._ask(), scope, send)
        elif scope["type"] in ("http", "websocket") and self._holds_back:
            answer = await self._ask()
            if answer.is_ready:
                self._holds_back = False
                await self._application(scope, receive, send)
            elif scope["type"] == "http":
                await self._answer(answer, scope, send)
            else:
                await send({"type": "websocket.close", "code": _TRY_AGAIN_LATER})
        else:
            await self._application(scope, receive, send)

    async def _ask(self) -> Readiness:
        # The gate waits for the database: in a thread, so that the event loop does not.
        fresh = self._gate.fresh_answer
        return fresh if fresh is not None else await asyncio.to_thread(self._gate.check)

    async def _answer(self, answer: Readiness, scope: Scope, send: Send) -> None:
        body: dict[str, Any] = {"status": "ready" if answer.is_ready else "not ready"}
        if self._tells_reasons and not answer.is_ready:
            body["reasons"] = list(answer.reasons)
        content = json.dumps(body).encode()
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(content)).encode()),
            (b"cache-control", b"no-store"),
        ]
        if not answer.is_ready:
            headers.append((b"retry-after", str(self._retry_after_seconds).encode()))
        status = 200 if answer.is_ready else 503
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else content})
