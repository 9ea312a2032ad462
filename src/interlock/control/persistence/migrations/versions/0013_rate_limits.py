"""An organisation may have a limit of requests by minute.

What was counted is of no worth after a crash, so the table is not logged: it costs little to write.
"""

import sqlalchemy as sa
from alembic import op

from interlock.control.persistence.migrations.fence import put_behind_fence

revision = "0013_rate_limits"
down_revision = "0012_sessions"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("organisations", sa.Column("requests_per_minute", sa.Integer(), nullable=True))
    op.create_table(
        "request_counts",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("minute", sa.DateTime(timezone=True), nullable=False),
        sa.Column("requests", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("organisation_id", name="pk_request_counts"),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name="fk_request_counts_organisation_id"),
        prefixes=["UNLOGGED"],
    )
    put_behind_fence("request_counts")


def downgrade() -> None:
    op.drop_table("request_counts")
    op.drop_column("organisations", "requests_per_minute")
