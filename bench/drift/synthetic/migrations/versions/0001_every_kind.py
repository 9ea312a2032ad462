"""Every kind of object that PostgreSQL 14 has."""

from pathlib import Path

from alembic import op

revision = "0001_every_kind"
down_revision = None

TESTS = Path(__file__).parents[5] / "tests"
# @pgkit/migra fails on a table of two parents and on a constraint of a foreign table, and SQLAlchemy, so
# `alembic check`, on a foreign key to a column with a dot in its name, whatever else there is.
FOR_THE_PEERS = (
    "alter table child no inherit second_parent",
    "alter foreign table far_users drop constraint id_positive",
    'alter table "Sales dept"."Order ""lines""" rename column "order.no" to "order no"',
)


def upgrade() -> None:
    """Make them."""
    run((TESTS / "every_kind.sql").read_text())
    for statement in FOR_THE_PEERS:
        run(statement)


def run(statements: str) -> None:
    """Send statements as they are: no parameters, nothing escaped."""
    op.get_bind().connection.cursor().execute(statements)
