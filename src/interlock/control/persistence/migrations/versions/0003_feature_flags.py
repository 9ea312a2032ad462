"""Feature flags, and the overrides that organisations and single users have.

The flags are one catalogue for all; an override is a tenant's row. An organisation has at most one override
of a flag for itself and one for each of its users: two partial indexes say so on every supported server.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003_feature_flags"
down_revision = "0002_users_and_logins"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "feature_flags",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("is_enabled", sa.Boolean(), nullable=False),
        sa.Column("rollout", sa.Integer(), nullable=False),
        sa.Column(
            "scope",
            postgresql.ENUM("global", "organisation", "sector", "user", name="flag_scope"),
            nullable=False,
        ),
        sa.Column(
            "status",
            postgresql.ENUM("active", "inactive", "deprecated", name="flag_status"),
            nullable=False,
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_feature_flags"),
        sa.CheckConstraint("rollout >= 0 AND rollout <= 100", name=op.f("ck_feature_flags_rollout_is_a_share")),
    )
    create_overrides()


def create_overrides() -> None:
    op.create_table(
        "flag_overrides",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.func.gen_random_uuid(), nullable=False),
        sa.Column("flag_key", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("is_enabled", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("author_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.PrimaryKeyConstraint("organisation_id", "id", name="pk_flag_overrides"),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name="fk_flag_overrides_organisation_id"),
        sa.ForeignKeyConstraint(["flag_key"], ["feature_flags.key"], name="fk_flag_overrides_flag_key"),
        sa.ForeignKeyConstraint(
            ["organisation_id", "user_id"],
            ["users.organisation_id", "users.id"],
            name="fk_flag_overrides_organisation_id_user_id",
            ondelete="CASCADE",
        ),
    )
    op.create_index(
        "uq_flag_overrides_of_organisation",
        "flag_overrides",
        ["organisation_id", "flag_key"],
        unique=True,
        postgresql_where=sa.text("user_id IS NULL"),
    )
    op.create_index(
        "uq_flag_overrides_of_user",
        "flag_overrides",
        ["organisation_id", "flag_key", "user_id"],
        unique=True,
        postgresql_where=sa.text("user_id IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_table("flag_overrides")
    op.drop_table("feature_flags")
    op.execute("DROP TYPE flag_status")
    op.execute("DROP TYPE flag_scope")
