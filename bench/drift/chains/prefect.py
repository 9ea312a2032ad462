"""Prefect: an asynchronous application, whose env.py runs only in a worker thread of an event loop."""

import os
import sys

os.environ["PREFECT_API_DATABASE_CONNECTION_URL"] = sys.argv[-1].replace("+psycopg2", "+asyncpg")

import anyio
from alembic import command
from anyio import to_thread
from prefect.server.database.alembic_commands import alembic_config


def upgrade() -> None:
    """Run the chain."""
    anyio.run(to_thread.run_sync, lambda: command.upgrade(alembic_config(), "head"))


def check() -> None:
    """Run `alembic check`."""
    anyio.run(to_thread.run_sync, lambda: command.check(alembic_config()))
