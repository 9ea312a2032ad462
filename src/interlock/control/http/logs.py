"""Logs for machines: one JSON object a line, without secrets."""

import logging
import sys
import time
from collections.abc import Iterable

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.typing import EventDict, WrappedLogger

from interlock.control.http.metrics import observe
from interlock.errors import conceal

QUIET_PATHS = frozenset({"/livez", "/readyz", "/metrics"})
"""Asked every few seconds by machines: only what goes wrong there is logged."""

log = structlog.stdlib.get_logger("interlock.access")


def write_structured_logs(secrets: Iterable[str] = ()) -> None:
    """Write what this process logs, whoever logs it, to standard output as JSON; secrets are concealed."""
    known = frozenset(secrets)
    shared = (
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    )

    def without_secrets(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
        return {name: conceal(value, known) if isinstance(value, str) else value for name, value in event.items()}

    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.stdlib.PositionalArgumentsFormatter(),
            # As text: the structured form of a traceback holds the values of its variables.
            structlog.processors.format_exc_info,
            without_secrets,
            structlog.processors.JSONRenderer(),
        ],
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(formatter)
    logging.basicConfig(handlers=[handler], level=logging.INFO, force=True)


class AccessLog:
    """Counts and logs each answer: who asked for what, what came of it, how long it took.

    Never the query: it may hold secrets.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began = time.perf_counter()
        status = 500  # what is sent to whoever waits for an answer that never began

        async def send_watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, send_watched)
        finally:
            seconds = time.perf_counter() - began
            observe(scope, status, seconds)
            if status >= 400 or scope["path"] not in QUIET_PATHS:
                _log_answer(scope, status, seconds)


def _log_answer(scope: Scope, status: int, seconds: float) -> None:
    state = scope["state"]
    caller = state.get("caller")
    log.log(
        logging.ERROR if status >= 500 else logging.INFO,
        "answered",
        method=scope["method"],
        path=scope["path"],
        status=status,
        milliseconds=round(seconds * 1000, 1),
        request_id=state["request_id"],
        user_id=str(caller.user.id) if caller else None,
        address=scope["client"][0] if scope.get("client") else None,
    )
