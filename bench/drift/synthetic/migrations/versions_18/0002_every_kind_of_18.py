"""What PostgreSQL 15 to 18 added."""

from pathlib import Path

from alembic import op

revision = "0002_every_kind_of_18"
down_revision = "0001_every_kind"

TESTS = Path(__file__).parents[5] / "tests"


def upgrade() -> None:
    """Make it."""
    op.get_bind().connection.cursor().execute((TESTS / "every_kind_18.sql").read_text())
