"""What every request is held to and every answer carries.

A request has an id and a largest size; an answer has security headers, and no internal text when something breaks.
"""

import logging
import re
from collections.abc import Mapping
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from interlock.control.http.problems import problem

log = logging.getLogger(__name__)

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
LARGEST_BODY_BYTES = 1_000_000
SECURITY_HEADERS = (
    ("Cache-Control", "no-store"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Content-Type-Options", "nosniff"),
)
# Said only over TLS (RFC 6797, 7.2): a browser that heard it asks for this host by https alone, for a year.
HTTPS_ONLY = ("Strict-Transport-Security", "max-age=31536000")


class Envelope:
    """Wraps the application. The client's own request id is taken if it cannot do harm in a log.

    `larger_bodies` names the paths that take more than others, and how many bytes.
    """

    def __init__(self, app: ASGIApp, larger_bodies: Mapping[str, int]) -> None:
        self.app, self.larger_bodies = app, larger_bodies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        sent_id = Headers(scope=scope).get("X-Request-Id", "")
        request_id = sent_id if REQUEST_ID.fullmatch(sent_id) else uuid4().hex
        scope.setdefault("state", {})["request_id"] = request_id
        has_started = False
        received_bytes, largest = 0, self.larger_bodies.get(scope["path"], LARGEST_BODY_BYTES)

        async def receive_limited() -> Message:
            nonlocal received_bytes
            message = await receive()
            received_bytes += len(message.get("body", b""))
            if received_bytes > largest:
                raise HTTPException(413)
            return message

        async def send_wrapped(message: Message) -> None:
            nonlocal has_started
            if message["type"] == "http.response.start":
                has_started = True
                headers = MutableHeaders(scope=message)
                headers["X-Request-Id"] = request_id
                for name, value in (*SECURITY_HEADERS, *([HTTPS_ONLY] if scope["scheme"] == "https" else [])):
                    headers.setdefault(name, value)
            await send(message)

        try:
            await self.app(scope, receive_limited, send_wrapped)
        except Exception:
            log.exception("request %s failed: %s %r", request_id, scope["method"], scope["path"])
            if has_started:
                raise
            answer = problem(500, "something broke on our side", request_id, remedy="tell us the request id")
            await answer(scope, receive, send_wrapped)
