"""Run the chain; the models are what reflecting an undamaged database would write down as models."""

import os

from alembic import context
from sqlalchemy import MetaData, create_engine

SCHEMAS = ("public", "Sales dept", "hidden")


def best_models() -> MetaData:
    """Declare all that SQLAlchemy can: nobody's models say more about this schema."""
    metadata = MetaData()
    if reference := os.environ.get("SYNTHETIC_REFERENCE"):
        with create_engine(reference).connect() as connection:
            for schema in SCHEMAS:
                metadata.reflect(connection, schema=None if schema == "public" else schema)
    return metadata


with create_engine(context.config.get_main_option("sqlalchemy.url")).connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=best_models(),
        compare_server_default=True,
        include_schemas=True,
        include_name=lambda name, kind, _: kind != "schema" or name is None or name in SCHEMAS,
    )
    with context.begin_transaction():
        context.run_migrations()
