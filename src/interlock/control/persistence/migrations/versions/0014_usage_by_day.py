"""Usage of everybody by day, and of one flag by day, is read from an index alone.

The indexes hold the organisation too: row-level security asks for it, and without it each row would be looked up.
"""

from alembic import op

revision = "0014_usage_by_day"
down_revision = "0013_rate_limits"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("flag_uses", "module_uses"):
        op.create_index(f"ix_{table}_day", table, ["day"], postgresql_include=["organisation_id", "uses"])
    op.create_index(
        "ix_flag_uses_flag_key_day",
        "flag_uses",
        ["flag_key", "day"],
        postgresql_include=["organisation_id", "is_on", "uses"],
    )


def downgrade() -> None:
    op.drop_index("ix_flag_uses_flag_key_day", "flag_uses")
    for table in ("module_uses", "flag_uses"):
        op.drop_index(f"ix_{table}_day", table)
