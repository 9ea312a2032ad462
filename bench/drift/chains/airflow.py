"""Airflow: `airflow db migrate` makes an empty database by create_all, so its chain is run by Alembic itself."""

import os
import sys

os.environ["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] = sys.argv[-1]

from airflow.utils.db import _get_alembic_config
from alembic import command
from sqlalchemy import create_engine, text


def upgrade() -> None:
    """Run the chain, and leave no extension behind that the newest server does not have."""
    command.upgrade(_get_alembic_config(), "heads")
    # One revision installs it where it can be had, for what it does itself, and goes on without it where not.
    with create_engine(sys.argv[-1]).begin() as connection:
        connection.execute(text("drop extension if exists pgcrypto"))


def check() -> None:
    """Run `alembic check`."""
    command.check(_get_alembic_config())
