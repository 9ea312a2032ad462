"""Which runs asked the application, so that one that got no answer leaves no older answer standing as today's."""

import sqlalchemy as sa
from alembic import op

revision = "0015_which_runs_probed"
down_revision = "0014_usage_by_day"
branch_labels = None
depends_on = None

HAS_PROBED = """jsonb_path_exists(document, '$.timeline[*].check ? (@ starts with "probe")')"""


def upgrade() -> None:
    op.add_column(
        "releases", sa.Column("has_probed", sa.Boolean(), sa.Computed(HAS_PROBED, persisted=True), nullable=False)
    )
    op.create_index(
        "ix_releases_organisation_id_project_ended_at",
        "releases",
        ["organisation_id", "project", "ended_at"],
        postgresql_where="has_probed",
    )


def downgrade() -> None:
    op.drop_index("ix_releases_organisation_id_project_ended_at", "releases")
    op.drop_column("releases", "has_probed")
