"""Users, their logins, and the count of attempts to sign in.

A user is a tenant's row, so nothing about users can be unique across tenants. An e-mail address must be:
it is what people sign in with before anybody knows their organisation. So logins are a table of their own.

Attempts to sign in are counted in the database, because a limit that each worker counts by itself is no limit.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002_users_and_logins"
down_revision = "0001_organisations"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "users",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.func.gen_random_uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "role",
            postgresql.ENUM("super_admin", "admin", "analyst", "viewer", name="user_role"),
            nullable=False,
        ),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.PrimaryKeyConstraint("organisation_id", "id", name="pk_users"),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name="fk_users_organisation_id"),
    )
    op.create_table(
        "logins",
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("last_address", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("email", name="pk_logins"),
        sa.UniqueConstraint("organisation_id", "user_id", name="uq_logins_organisation_id_user_id"),
        sa.ForeignKeyConstraint(
            ["organisation_id", "user_id"],
            ["users.organisation_id", "users.id"],
            name="fk_logins_organisation_id_user_id",
            ondelete="CASCADE",
        ),
        sa.CheckConstraint("email = lower(email)", name=op.f("ck_logins_email_is_lower_case")),
    )
    op.create_table(
        "sign_in_attempts",
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("window_began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("subject", name="pk_sign_in_attempts"),
    )
    op.create_index("ix_sign_in_attempts_window_began_at", "sign_in_attempts", ["window_began_at"])


def downgrade() -> None:
    op.drop_table("sign_in_attempts")
    op.drop_table("logins")
    op.drop_table("users")
    op.execute("DROP TYPE user_role")
