"""MLflow: its chain takes for granted the tables of its first release, which its own code makes by create_all."""

import sys

from alembic import command
from mlflow.store.db.utils import _get_alembic_config
from mlflow.store.tracking.dbmodels import initial_models, models  # noqa: F401  (its env.py sees what was imported)
from sqlalchemy import create_engine

URL = sys.argv[-1]


def upgrade() -> None:
    """Make what the chain takes for granted, and run the chain."""
    initial_models.Base.metadata.create_all(create_engine(URL))
    command.upgrade(_get_alembic_config(URL), "head")


def check() -> None:
    """Run `alembic check`."""
    command.check(_get_alembic_config(URL))
