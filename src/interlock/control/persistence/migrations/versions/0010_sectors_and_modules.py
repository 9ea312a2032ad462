"""Flags know sectors, modules know what they need and how they are configured, and the use of both is counted by day.

Each new column has a default, so that code of the revision before goes on writing.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from interlock.control.persistence.migrations.fence import put_behind_fence

revision = "0010_sectors_and_modules"
down_revision = "0009_invitations_and_archive"
branch_labels = None
depends_on = None

EMPTY = sa.text("'{}'")


def upgrade() -> None:
    for name in ("allowed_sectors", "blocked_sectors"):
        op.add_column("feature_flags", sa.Column(name, sa.ARRAY(sa.Text()), server_default=EMPTY, nullable=False))
    extend_modules()
    for name in ("allowed_users", "denied_users"):
        op.add_column(
            "organisation_modules", sa.Column(name, sa.ARRAY(sa.Uuid()), server_default=EMPTY, nullable=False)
        )
    for name in ("first_enabled_at", "last_used_at"):
        op.add_column("organisation_modules", sa.Column(name, sa.DateTime(timezone=True), nullable=True))
    create_uses("flag", "feature_flags", sa.Column("is_on", sa.Boolean(), nullable=False))
    create_uses("module", "analytics_modules")
    for name in ("failures", "milliseconds"):
        op.add_column("module_uses", sa.Column(name, sa.BigInteger(), nullable=False))


def extend_modules() -> None:
    table = "analytics_modules"
    op.add_column(table, sa.Column("dependencies", sa.ARRAY(sa.Text()), server_default=EMPTY, nullable=False))
    plan = postgresql.ENUM(name="plan", create_type=False)
    op.add_column(table, sa.Column("minimum_plan", plan, server_default="basic", nullable=False))
    op.add_column(table, sa.Column("configuration_schema", postgresql.JSONB(), nullable=True))
    op.add_column(table, sa.Column("default_configuration", postgresql.JSONB(), server_default=EMPTY, nullable=False))


def create_uses(of: str, catalogue: str, *more: sa.Column[bool]) -> None:
    table = f"{of}_uses"
    op.create_table(
        table,
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column(f"{of}_key", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        *more,
        sa.Column("uses", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "organisation_id", f"{of}_key", "day", *(column.name for column in more), name=f"pk_{table}"
        ),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=f"fk_{table}_organisation_id"),
        sa.ForeignKeyConstraint([f"{of}_key"], [f"{catalogue}.key"], name=f"fk_{table}_{of}_key"),
    )
    put_behind_fence(table)


def downgrade() -> None:
    op.drop_table("module_uses")
    op.drop_table("flag_uses")
    for name in ("last_used_at", "first_enabled_at", "denied_users", "allowed_users"):
        op.drop_column("organisation_modules", name)
    for name in ("default_configuration", "configuration_schema", "minimum_plan", "dependencies"):
        op.drop_column("analytics_modules", name)
    for name in ("blocked_sectors", "allowed_sectors"):
        op.drop_column("feature_flags", name)
