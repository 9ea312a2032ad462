"""Optuna: a chain that its wheel brings with an ini file."""

import sys
from pathlib import Path

import optuna.storages._rdb
from alembic import command
from alembic.config import Config

FOLDER = Path(optuna.storages._rdb.__file__).parent
CONFIG = Config(FOLDER / "alembic.ini")
CONFIG.set_main_option("script_location", str(FOLDER / "alembic"))
CONFIG.set_main_option("sqlalchemy.url", sys.argv[-1])


def upgrade() -> None:
    """Run the chain."""
    command.upgrade(CONFIG, "head")


def check() -> None:
    """Run `alembic check`."""
    command.check(CONFIG)
