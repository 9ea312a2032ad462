"""Which organisation has which analytics module.

A module is a key that the code knows; there is no catalogue of modules yet for the key to point at.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005_organisation_modules"
down_revision = "0004_audit_events"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "organisation_modules",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("module_key", sa.Text(), nullable=False),
        sa.Column("is_enabled", sa.Boolean(), nullable=False),
        sa.Column("configuration", postgresql.JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.PrimaryKeyConstraint("organisation_id", "module_key", name="pk_organisation_modules"),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name="fk_organisation_modules_organisation_id"
        ),
    )


def downgrade() -> None:
    op.drop_table("organisation_modules")
