"""Which revision the live database claims, and which one this build is written for."""

import logging
from pathlib import Path

from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from interlock.control.persistence.models import MODELS

log = logging.getLogger(__name__)

CONFIG_PATH = Path(__file__).with_name("alembic.ini")


def expected_revision() -> str:
    """The head of the chain in this build."""
    return str(ScriptDirectory.from_config(Config(CONFIG_PATH)).get_current_head())


async def live_revision(engine: AsyncEngine) -> str | None:
    """What alembic_version says, or None where there is no such table, no row, or no answer."""
    try:
        async with engine.connect() as connection:
            if await connection.scalar(text("select to_regclass('alembic_version')")) is None:
                return None
            claimed = await connection.scalars(text("select version_num from alembic_version order by 1"))
            return ", ".join(claimed) or None
    except SQLAlchemyError as error:
        log.warning("the revision of the database cannot be read: %s", error)
        return None


async def what_is_not_ready(engine: AsyncEngine, expected: str) -> str | None:
    """Say why the database cannot serve this build; None if it can.

    The claimed revision alone proves nothing, so every mapped column is selected too.
    """
    claimed = await live_revision(engine)
    if claimed != expected:
        return f"the database is at revision {claimed}, this build needs {expected}"
    try:
        async with engine.connect() as connection:
            for model in MODELS:
                await connection.execute(select(model.__table__).limit(0))
    except SQLAlchemyError as error:
        return f"a mapped table cannot be selected: {error}"
    return None
