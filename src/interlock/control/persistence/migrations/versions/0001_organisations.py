"""Organisations: the tenants.

Everything else belongs to one of them, so they come first. The platform will be a row here too: then no
table needs an organisation that may be null, and the tenant can stand first in every primary key.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001_organisations"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "organisations",
        sa.Column("id", sa.Uuid(), server_default=sa.func.gen_random_uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("sector_code", sa.Text(), nullable=True),
        sa.Column("plan", postgresql.ENUM("basic", "professional", "enterprise", name="plan"), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_organisations"),
        sa.UniqueConstraint("key", name="uq_organisations_key"),
    )


def downgrade() -> None:
    op.drop_table("organisations")
    op.execute("DROP TYPE plan")
