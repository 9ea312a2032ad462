"""The synthetic project: a real chain of two revisions, whose models are reflected from an undamaged database."""

import os
import sys
from pathlib import Path

from alembic import command
from alembic.config import Config

CONFIG = Config()
CONFIG.set_main_option("script_location", str(Path(__file__).parents[1] / "synthetic" / "migrations"))
CONFIG.set_main_option("sqlalchemy.url", sys.argv[-1].replace("%", "%%"))


def upgrade() -> None:
    """Run the chain, as far as it is wanted."""
    command.upgrade(CONFIG, os.environ.get("SYNTHETIC_REVISION", "head"))


def check() -> None:
    """Run `alembic check`."""
    command.check(CONFIG)
