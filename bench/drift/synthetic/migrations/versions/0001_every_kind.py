"""Every kind of object that PostgreSQL 14 has."""

from pathlib import Path

from alembic import op

revision = "0001_every_kind"
down_revision = None

TESTS = Path(__file__).parents[5] / "tests"
# One of the peers (@pgkit/migra) fails on a table of two parents, whatever else there is.
ONE_PARENT = "alter table child no inherit second_parent"


def upgrade() -> None:
    """Make them."""
    run((TESTS / "every_kind.sql").read_text())
    run(ONE_PARENT)


def run(statements: str) -> None:
    """Send statements as they are: no parameters, nothing escaped."""
    op.get_bind().connection.cursor().execute(statements)
