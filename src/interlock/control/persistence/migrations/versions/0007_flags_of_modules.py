"""A flag may belong to a module.

Nullable, because most flags do not, and so that code of the revision before goes on writing flags.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007_flags_of_modules"
down_revision = "0006_analytics_modules"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("feature_flags", sa.Column("module_key", sa.Text(), nullable=True))
    op.create_foreign_key("fk_feature_flags_module_key", "feature_flags", "analytics_modules", ["module_key"], ["key"])


def downgrade() -> None:
    op.drop_column("feature_flags", "module_key")
