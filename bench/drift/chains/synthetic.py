"""The synthetic project: a real chain of two revisions, whose models are reflected from an undamaged database."""

import os
import sys
from pathlib import Path

from alembic import command
from alembic.config import Config

MIGRATIONS = Path(__file__).parents[1] / "synthetic" / "migrations"
# What runs on every major, and what needs the newest.
VERSIONS = ["versions"] if os.environ.get("SYNTHETIC_OLDER") else ["versions", "versions_18"]
CONFIG = Config()
CONFIG.set_main_option("script_location", str(MIGRATIONS))
CONFIG.set_main_option("path_separator", "newline")
CONFIG.set_main_option("version_locations", "\n".join(str(MIGRATIONS / each) for each in VERSIONS))
CONFIG.set_main_option("sqlalchemy.url", sys.argv[-1].replace("%", "%%"))


def upgrade() -> None:
    """Run the chain."""
    command.upgrade(CONFIG, "head")


def check() -> None:
    """Run `alembic check`."""
    command.check(CONFIG)
