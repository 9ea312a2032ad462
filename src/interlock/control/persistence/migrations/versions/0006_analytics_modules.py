"""The catalogue of analytics modules.

Until now a module was only a key that organisations had. Keys in use enter the catalogue first, as active
modules under their own name, so that the foreign key holds for the rows that are there.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006_analytics_modules"
down_revision = "0005_organisation_modules"
branch_labels = None
depends_on = None

FOREIGN_KEY = "fk_organisation_modules_module_key"


def upgrade() -> None:
    op.create_table(
        "analytics_modules",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column(
            "type",
            postgresql.ENUM(
                "core", "analytics", "integration", "visualization", "reporting", "ai_ml", name="module_type"
            ),
            nullable=False,
        ),
        sa.Column(
            "status",
            postgresql.ENUM("development", "testing", "active", "deprecated", "retired", name="module_status"),
            nullable=False,
        ),
        sa.Column("is_core", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_analytics_modules"),
    )
    # Nobody may enter a key between this copy and the constraint; readers go on.
    op.execute("LOCK TABLE organisation_modules IN SHARE ROW EXCLUSIVE MODE")
    op.execute(
        "INSERT INTO analytics_modules (key, name, description, version, type, status, is_core)"
        " SELECT DISTINCT module_key, module_key, '', '1.0.0',"
        " 'analytics'::module_type, 'active'::module_status, false FROM organisation_modules"
    )
    op.create_foreign_key(FOREIGN_KEY, "organisation_modules", "analytics_modules", ["module_key"], ["key"])


def downgrade() -> None:
    op.drop_constraint(FOREIGN_KEY, "organisation_modules", type_="foreignkey")
    op.drop_table("analytics_modules")
    op.execute("DROP TYPE module_status")
    op.execute("DROP TYPE module_type")
