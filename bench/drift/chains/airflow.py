"""Airflow: `airflow db migrate` makes an empty database by create_all, so its chain is run by Alembic itself."""

import os
import sys

os.environ["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] = sys.argv[-1]

from airflow.utils.db import _get_alembic_config
from alembic import command


def upgrade() -> None:
    """Run the chain."""
    command.upgrade(_get_alembic_config(), "heads")


def check() -> None:
    """Run `alembic check`."""
    command.check(_get_alembic_config())
