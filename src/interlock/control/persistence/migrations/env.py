"""How Alembic runs the control plane's chain."""

import os

from alembic import context
from sqlalchemy import create_engine, pool

from interlock.control.persistence.database import as_psycopg_url
from interlock.control.persistence.models import METADATA
from interlock.errors import InvalidSetting


def database_url() -> str:
    """The database that the caller configured, else the one that the environment names."""
    url = context.config.get_main_option("sqlalchemy.url") or os.environ.get("DATABASE_URL")
    if not url:
        raise InvalidSetting(
            problem="no database is named",
            remedy="set DATABASE_URL, such as postgresql://user@host:5432/name",
        )
    return url


def run_on_the_server() -> None:
    """Run the revisions that are asked for, each in a transaction of its own."""
    engine = create_engine(as_psycopg_url(database_url()), poolclass=pool.NullPool)
    with engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=METADATA,
            compare_server_default=True,
            transaction_per_migration=True,
        )
        with context.begin_transaction():
            context.run_migrations()


def print_statements() -> None:
    """Print the statements instead of running them (`alembic upgrade --sql`)."""
    context.configure(dialect_name="postgresql", target_metadata=METADATA, literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()


if context.is_offline_mode():
    print_statements()
else:
    run_on_the_server()
