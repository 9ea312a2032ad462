"""The first administrator of a new platform."""

from secrets import token_urlsafe
from uuid import UUID

from pwdlib import PasswordHash
from sqlalchemy import Connection, create_engine, exists, insert, pool, select
from sqlalchemy.dialects.postgresql import insert as insert_or_skip

from interlock.control.domain.audit import Action, Entry, Origin, Resource
from interlock.control.domain.errors import Conflict
from interlock.control.domain.organisations import PLATFORM_KEY, Plan
from interlock.control.domain.sign_in import normalised
from interlock.control.domain.users import Role
from interlock.control.persistence.audit import AuditEventRow, row_values
from interlock.control.persistence.database import as_psycopg_url
from interlock.control.persistence.organisations import OrganisationRow
from interlock.control.persistence.users import LoginRow, UserRow


def provision_first_administrator(database_url: str, email: str) -> str | None:
    """Make the platform and its first administrator, and give the password; None if there is one already."""
    engine = create_engine(as_psycopg_url(database_url), poolclass=pool.NullPool, hide_parameters=True)
    with engine.begin() as connection:
        platform_id = _hold_platform(connection)
        is_super_admin = (UserRow.organisation_id == platform_id) & (UserRow.role == Role.SUPER_ADMIN)
        if connection.scalar(select(exists().where(is_super_admin))):
            return None
        password = token_urlsafe(24)
        _add_super_admin(connection, platform_id, normalised(email), PasswordHash.recommended().hash(password))
    return password


def _hold_platform(connection: Connection) -> UUID:
    """Find or make the platform's row, and lock it: of two that provision at once, one waits here."""
    connection.execute(
        insert_or_skip(OrganisationRow)
        .values(key=PLATFORM_KEY, name="Platform", plan=Plan.ENTERPRISE, is_active=True)
        .on_conflict_do_nothing(index_elements=["key"])
    )
    statement = select(OrganisationRow.id).where(OrganisationRow.key == PLATFORM_KEY).with_for_update()
    return connection.execute(statement).scalar_one()


def _add_super_admin(connection: Connection, platform_id: UUID, email: str, password_hash: str) -> None:
    user_id = connection.execute(
        insert(UserRow)
        .values(organisation_id=platform_id, name="Administrator", role=Role.SUPER_ADMIN, is_active=True)
        .returning(UserRow.id)
    ).scalar_one()
    login = (
        insert_or_skip(LoginRow)
        .values(email=email, organisation_id=platform_id, user_id=user_id, password_hash=password_hash)
        .on_conflict_do_nothing(index_elements=["email"])
        .returning(LoginRow.email)
    )
    if connection.scalar(login) is None:
        raise Conflict("login", email)
    after = {"name": "Administrator", "role": Role.SUPER_ADMIN.value, "email": email}
    entry = Entry(platform_id, Action.CREATE, Resource.USER, str(user_id), before=None, after=after)
    connection.execute(insert(AuditEventRow).values(**row_values(entry, Origin())))
