"""The database itself keeps organisations apart.

Until now only the queries did. From here on each tenant table shows a transaction the rows of the organisation that it
names by a setting, also to the owner of the table, and the application works as a role that owns nothing. Audit events
can be added and read, and nothing else.
"""

from alembic import op

from interlock.control.persistence.migrations.fence import (
    grant,
    make_application_role,
    put_behind_fence,
    put_behind_fence_for_good,
    take_back,
)

revision = "0008_row_level_security"
down_revision = "0007_flags_of_modules"
branch_labels = None
depends_on = None

OF_TENANTS = ("users", "logins", "flag_overrides", "organisation_modules")
OF_ALL = ("feature_flags", "analytics_modules", "sign_in_attempts")


def upgrade() -> None:
    make_application_role()
    put_behind_fence("organisations", column="id")
    for table in OF_TENANTS:
        put_behind_fence(table)
    put_behind_fence_for_good("audit_events")
    for table in OF_ALL:
        grant(table)


def downgrade() -> None:
    # The role stays: other databases of the server may use it.
    op.execute("DROP POLICY tenant_adds ON audit_events")
    op.execute("DROP POLICY tenant_reads ON audit_events")
    for table in ("organisations", *OF_TENANTS):
        op.execute(f"DROP POLICY tenant ON {table}")
    for table in ("organisations", *OF_TENANTS, "audit_events"):
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
    for table in ("organisations", *OF_TENANTS, *OF_ALL, "audit_events"):
        take_back(table)
