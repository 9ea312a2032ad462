"""The guard's runs are on record, with what each endpoint last said; pipelines have a role that may do nothing else."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from interlock.control.persistence.migrations.fence import put_behind_fence, put_behind_fence_for_good

revision = "0011_releases_and_health"
down_revision = "0010_sectors_and_modules"
branch_labels = None
depends_on = None

SIGNAL = postgresql.ENUM("CLEAR", "CAUTION", "STOP", name="release_signal")
PROOF = postgresql.ENUM("proved", "locked", "unproved", "failed", name="endpoint_proof")


def upgrade() -> None:
    op.execute("ALTER TYPE user_role ADD VALUE 'recorder'")
    create_releases()
    create_endpoints()
    put_behind_fence_for_good("releases")
    put_behind_fence("endpoints")


def create_releases() -> None:
    op.create_table(
        "releases",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("command", sa.Text(), nullable=False),
        sa.Column("tool_version", sa.Text(), nullable=False),
        sa.Column("signal", SIGNAL, nullable=False),
        sa.Column("headline", sa.Text(), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("head", sa.Text(), nullable=True),
        sa.Column("revisions_done", sa.Integer(), nullable=False),
        sa.Column("findings", sa.Integer(), nullable=False),
        sa.Column("drift", sa.Integer(), nullable=False),
        sa.Column("document", postgresql.JSONB(), nullable=False),
        sa.Column("page", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.PrimaryKeyConstraint("organisation_id", "id", name="pk_releases"),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name="fk_releases_organisation_id"),
    )
    op.create_index("ix_releases_organisation_id_began_at", "releases", ["organisation_id", "began_at"])


def create_endpoints() -> None:
    op.create_table(
        "endpoints",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("probe", sa.Text(), nullable=False),
        sa.Column("identity", sa.Text(), nullable=False),
        sa.Column("proof", PROOF, nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("release_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("organisation_id", "project", "probe", "identity", name="pk_endpoints"),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name="fk_endpoints_organisation_id"),
    )


def downgrade() -> None:
    op.drop_table("endpoints")
    op.drop_table("releases")
    PROOF.drop(op.get_bind())
    SIGNAL.drop(op.get_bind())
    take_label_back()


def take_label_back() -> None:
    """PostgreSQL drops no label, so there is a new type; whoever has the role becomes a viewer, who may do less."""
    op.execute("ALTER TYPE user_role RENAME TO user_role_with_recorder")
    op.execute("CREATE TYPE user_role AS ENUM ('super_admin', 'admin', 'analyst', 'viewer')")
    for table in ("users", "invitations"):
        op.execute(
            f"ALTER TABLE {table} ALTER COLUMN role TYPE user_role"
            " USING (CASE role::text WHEN 'recorder' THEN 'viewer' ELSE role::text END)::user_role"
        )
    op.execute("DROP TYPE user_role_with_recorder")
