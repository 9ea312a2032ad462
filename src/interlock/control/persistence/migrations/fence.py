"""What a revision does to put a table behind the fence. Revisions that were released use it: it does not change."""

from alembic import op

ROLE = "interlock_app"

# An unset setting is null, and one that an earlier transaction of the connection had set is ''. Neither is anybody.
# Each is asked once for a query, because it stands in a query of its own.
OF_THE_PLATFORM = "(SELECT current_setting('interlock.whole_platform', true) = 'yes')"
OF_OWN_ORGANISATION = "{column} = (SELECT nullif(current_setting('interlock.organisation_id', true), '')::uuid)"


def make_application_role() -> None:
    """Make the role that the application works as, where the server has none yet; roles are the whole server's."""
    op.execute(
        f"""
DO $$
BEGIN
    BEGIN
        IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = '{ROLE}') THEN
            CREATE ROLE {ROLE} NOLOGIN NOBYPASSRLS;
        END IF;
    EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
    END;
    IF NOT pg_has_role(current_user, '{ROLE}', 'member') THEN
        EXECUTE 'GRANT {ROLE} TO ' || quote_ident(current_user);
    END IF;
    IF NOT has_schema_privilege('{ROLE}', current_schema(), 'usage') THEN
        EXECUTE 'GRANT USAGE ON SCHEMA ' || quote_ident(current_schema()) || ' TO {ROLE}';
    END IF;
EXCEPTION WHEN insufficient_privilege THEN
    RAISE EXCEPTION 'this role may not make the role {ROLE}, which the application works as'
        USING HINT = 'as somebody who may: CREATE ROLE {ROLE} NOLOGIN; GRANT {ROLE} TO ' || quote_ident(current_user);
END
$$
"""
    )


def grant(table: str, privileges: str = "SELECT, INSERT, UPDATE, DELETE") -> None:
    """Let the application use a table."""
    op.execute(f"GRANT {privileges} ON {table} TO {ROLE}")


def take_back(table: str) -> None:
    """Let the application no longer use a table."""
    op.execute(f"REVOKE ALL ON {table} FROM {ROLE}")


def put_behind_fence(table: str, column: str = "organisation_id") -> None:
    """Show of a table only the rows of the transaction's organisation, to the application and to the owner."""
    _force(table)
    visible = _visible(column)
    op.execute(f"CREATE POLICY tenant ON {table} USING ({visible}) WITH CHECK ({visible})")
    grant(table)


def put_behind_fence_for_good(table: str, column: str = "organisation_id") -> None:
    """The same for a table whose rows are written once: there is no policy by which one could be changed."""
    _force(table)
    visible = _visible(column)
    op.execute(f"CREATE POLICY tenant_reads ON {table} FOR SELECT USING ({visible})")
    op.execute(f"CREATE POLICY tenant_adds ON {table} FOR INSERT WITH CHECK ({visible})")
    grant(table, "SELECT, INSERT")


def _force(table: str) -> None:
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")


def _visible(column: str) -> str:
    return f"{OF_THE_PLATFORM} OR {OF_OWN_ORGANISATION.format(column=column)}"
