"""Which revision the live database claims, and which one this build is written for."""

import logging
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

log = logging.getLogger(__name__)

CONFIG_PATH = Path(__file__).with_name("alembic.ini")
VERSIONS = Path(__file__).parent / "migrations" / "versions"


def expected_revision() -> str:
    """The head of the chain in this build: each file is named by its revision, and they are numbered.

    Alembic would say the same (a test holds it to that), but a server that answers requests has no other use for it,
    and each of its workers would load it.
    """
    return max(path.stem for path in VERSIONS.glob("[0-9]*.py"))


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
