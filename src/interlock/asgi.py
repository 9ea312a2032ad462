"""Where the control plane is put together: `uvicorn --factory interlock.asgi:create`."""

import os
import signal
import sys
import threading
from collections.abc import Mapping
from typing import NoReturn

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from sqlalchemy.ext.asyncio import async_sessionmaker
from starlette.concurrency import run_in_threadpool

from interlock import __version__
from interlock.control.console.app import mount_console
from interlock.control.http.app import create_app
from interlock.control.http.logs import write_structured_logs
from interlock.control.http.passwords import Argon2Passwords
from interlock.control.http.ports import Ports
from interlock.control.http.tokens import Tokens
from interlock.control.persistence.database import open_engine
from interlock.control.persistence.directory import StoredDirectory
from interlock.control.persistence.models import METADATA, MODELS, TENANT_TABLES
from interlock.control.persistence.revisions import expected_revision, live_revision
from interlock.control.persistence.sign_in import StoredDesk
from interlock.control.persistence.tenancy import find_reason_against_fence
from interlock.control.persistence.work import Transactions
from interlock.errors import InterlockError
from interlock.gate.readiness import find_reason_against, needs_of
from interlock.postgres.url import parse_url
from interlock.settings import required_variable

CORS_REQUEST_HEADERS = ("Authorization", "Content-Type", "Idempotency-Key", "If-Match", "X-Request-Id")
CORS_ANSWER_HEADERS = ("ETag", "Retry-After", "X-Request-Id")


def create() -> FastAPI:
    """Make the application from the environment, or stop with one sentence about what is missing in it."""
    try:
        return assemble(os.environ)
    except InterlockError as error:
        _stop(error)


def create_for_service() -> FastAPI:
    """Make the application for `interlock serve`, and write its logs for machines."""
    url = os.environ.get("DATABASE_URL", "")
    keys = (os.environ.get(name, "") for name in ("INTERLOCK_TOKEN_KEY", "INTERLOCK_METRICS_TOKEN"))
    try:
        write_structured_logs({url, *keys, *parse_url(url).secrets} - {""})
        return assemble(os.environ)
    except InterlockError as error:
        _stop(error)


def create_for_parent() -> FastAPI:
    """Make the application for the process that started this one, and end with it: standard input tells when."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    return create()


def _end_with_parent() -> None:
    # Not sys.stdin: a thread that waits in it would disturb the interpreter's own end.
    while os.read(0, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def assemble(environment: Mapping[str, str]) -> FastAPI:
    """Join the API to a database. The database need not be there yet: /readyz tells when it is."""
    tokens = Tokens(required_variable(environment, "INTERLOCK_TOKEN_KEY"))
    database_url = required_variable(environment, "DATABASE_URL")
    engine = open_engine(database_url)
    sessions = async_sessionmaker(engine, expire_on_commit=False)
    expected = expected_revision()
    target = parse_url(database_url)
    needs = needs_of(expected, METADATA, (model.__mapper__ for model in MODELS))

    async def is_ready() -> str | None:
        # The gate waits for the database, so it does that in a thread.
        reason = await run_in_threadpool(find_reason_against, target, needs)
        return reason or await find_reason_against_fence(sessions, TENANT_TABLES)

    ports = Ports(
        open_work=Transactions(sessions),
        directory=StoredDirectory(sessions),
        desk=StoredDesk(sessions),
        passwords=Argon2Passwords(),
        tokens=tokens,
        is_ready=is_ready,
        live_revision=lambda: live_revision(engine),
        expected_revision=expected,
        build=environment.get("INTERLOCK_BUILD") or __version__,
        metrics_token=environment.get("INTERLOCK_METRICS_TOKEN") or None,
    )
    app = create_app(ports, close=engine.dispose)
    mount_console(app)
    _open_to_origins(app, environment.get("INTERLOCK_CORS_ORIGINS", "").split())
    return app


def _open_to_origins(app: FastAPI, origins: list[str]) -> None:
    """Let pages of these origins use the API, with a token; the pages of no other do, and none with cookies."""
    if origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=origins,
            allow_methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
            allow_headers=CORS_REQUEST_HEADERS,
            expose_headers=CORS_ANSWER_HEADERS,
        )


def _stop(error: InterlockError) -> NoReturn:
    print(f"interlock: {error.problem}\n  {error.remedy}", file=sys.stderr)  # noqa: T201 - no logging yet
    # uvicorn would print a traceback of any error; of this one it prints nothing.
    sys.exit(error.exit_code)
