"""Sessions of the console can be seen, and ended for good."""

import sqlalchemy as sa
from alembic import op

from interlock.control.persistence.migrations.fence import put_behind_fence

revision = "0012_sessions"
down_revision = "0011_releases_and_health"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sessions",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.func.gen_random_uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("browser", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("organisation_id", "id", name="pk_sessions"),
        sa.ForeignKeyConstraint(
            ["organisation_id", "user_id"],
            ["users.organisation_id", "users.id"],
            name="fk_sessions_organisation_id_user_id",
            ondelete="CASCADE",
        ),
    )
    op.create_index("ix_sessions_organisation_id_user_id", "sessions", ["organisation_id", "user_id"])
    op.create_index("ix_sessions_began_at", "sessions", ["began_at"])
    put_behind_fence("sessions")


def downgrade() -> None:
    op.drop_table("sessions")
