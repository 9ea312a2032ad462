"""The first administrator of a new platform."""

from collections.abc import Iterator
from contextlib import contextmanager
from secrets import token_urlsafe
from uuid import UUID

from pwdlib import PasswordHash
from sqlalchemy import Connection, create_engine, exists, func, insert, pool, select
from sqlalchemy.dialects.postgresql import insert as insert_or_skip

from interlock.control.domain.audit import Action, Entry, Origin, Resource
from interlock.control.domain.errors import Conflict
from interlock.control.domain.organisations import PLATFORM_KEY, Plan
from interlock.control.domain.sign_in import normalised
from interlock.control.domain.users import Role
from interlock.control.persistence.audit import AuditEventRow, row_values
from interlock.control.persistence.database import as_psycopg_url
from interlock.control.persistence.organisations import OrganisationRow
from interlock.control.persistence.tenancy import enter_as_operator
from interlock.control.persistence.users import LoginRow, UserRow

IS_SUPER_ADMIN = UserRow.role == Role.SUPER_ADMIN


def provision_first_administrator(database_url: str, email: str, password: str | None = None) -> str | None:
    """Make the platform and its first administrator; give the password, or None if there is one already.

    Without a password one is generated. Of two callers at once one makes the administrator.
    """
    password = password or token_urlsafe(24)
    password_hash = PasswordHash.recommended().hash(password)
    with connect(database_url) as connection:
        platform_id = hold_platform(connection)
        if connection.scalar(select(exists().where(IS_SUPER_ADMIN))):
            return None
        add_super_admin(connection, platform_id, normalised(email), password_hash)
    return password


def has_administrator(database_url: str) -> bool:
    """Whether somebody administers the platform; nobody does where its tables are not there yet."""
    with connect(database_url) as connection:
        if connection.scalar(select(func.to_regclass(UserRow.__tablename__))) is None:
            return False
        return bool(connection.scalar(select(exists().where(IS_SUPER_ADMIN))))


@contextmanager
def connect(database_url: str) -> Iterator[Connection]:
    """Open one transaction for an operator, who is nobody that signs in."""
    engine = create_engine(as_psycopg_url(database_url), poolclass=pool.NullPool, hide_parameters=True)
    with engine.begin() as connection:
        enter_as_operator(connection)
        yield connection


def hold_platform(connection: Connection) -> UUID:
    """Find or make the platform's row, and lock it: of two that provision at once, one waits here."""
    connection.execute(
        insert_or_skip(OrganisationRow)
        .values(key=PLATFORM_KEY, name="Platform", plan=Plan.ENTERPRISE, is_active=True)
        .on_conflict_do_nothing(index_elements=["key"])
    )
    statement = select(OrganisationRow.id).where(OrganisationRow.key == PLATFORM_KEY).with_for_update()
    return connection.execute(statement).scalar_one()


def add_super_admin(connection: Connection, platform_id: UUID, email: str, password_hash: str) -> None:
    """Add somebody who administers the platform. Raises Conflict where the e-mail address is taken."""
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
