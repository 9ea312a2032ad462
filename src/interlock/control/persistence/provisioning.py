"""Who administers the platform, where nobody has signed in who could say so."""

from collections.abc import Iterator
from contextlib import contextmanager
from secrets import token_urlsafe
from uuid import UUID

from psycopg.errors import UndefinedColumn, UndefinedTable
from pwdlib import PasswordHash
from sqlalchemy import Connection, Row, create_engine, delete, exists, func, insert, pool, select, update
from sqlalchemy.dialects.postgresql import insert as insert_or_skip
from sqlalchemy.exc import ProgrammingError

from interlock.control.domain.audit import Action, Entry, Origin, Resource
from interlock.control.domain.errors import Conflict
from interlock.control.domain.organisations import PLATFORM_KEY, Plan
from interlock.control.domain.sign_in import normalised
from interlock.control.domain.users import Role
from interlock.control.persistence.audit import AuditEventRow, row_values
from interlock.control.persistence.database import as_psycopg_url
from interlock.control.persistence.organisations import OrganisationRow
from interlock.control.persistence.sessions import SessionRow
from interlock.control.persistence.tenancy import enter_as_operator
from interlock.control.persistence.users import LoginRow, UserRow
from interlock.errors import InterlockError


class NotReleased(InterlockError):
    """The tables of the control plane are not there, or not as this build knows them."""

    def __init__(self) -> None:
        super().__init__(
            problem="this database does not hold the control plane's tables as this build needs them",
            remedy="run interlock release first, with DATABASE_URL naming the database that is meant",
        )


_PLATFORM_ID = select(OrganisationRow.id).where(OrganisationRow.key == PLATFORM_KEY).scalar_subquery()
IS_SUPER_ADMIN = (UserRow.role == Role.SUPER_ADMIN) & (UserRow.organisation_id == _PLATFORM_ID)
ADMINISTERS = IS_SUPER_ADMIN & UserRow.is_active


def provision_first_administrator(database_url: str, email: str, password: str | None = None) -> str | None:
    """Make the platform and its first administrator; give the password, or None if an active one is there already.

    Without a password one is generated. Of two callers at once one makes the administrator.
    """
    password = password or token_urlsafe(24)
    password_hash = PasswordHash.recommended().hash(password)
    with connect(database_url) as connection:
        platform_id = hold_platform(connection)
        if connection.scalar(select(exists().where(ADMINISTERS))):
            return None
        let_administer(connection, platform_id, normalised(email), password_hash)
    return password


def has_administrator(database_url: str) -> bool:
    """Whether somebody administers the platform; nobody does where its tables are not there yet."""
    with connect(database_url) as connection:
        if connection.scalar(select(func.to_regclass(UserRow.__tablename__))) is None:
            return False
        return bool(connection.scalar(select(exists().where(ADMINISTERS))))


@contextmanager
def connect(database_url: str) -> Iterator[Connection]:
    """Open one transaction for an operator, who is nobody that signs in."""
    engine = create_engine(as_psycopg_url(database_url), poolclass=pool.NullPool, hide_parameters=True)
    try:
        with engine.begin() as connection:
            enter_as_operator(connection)
            yield connection
    except ProgrammingError as error:
        if isinstance(error.orig, UndefinedTable | UndefinedColumn):
            raise NotReleased from None
        raise


def hold_platform(connection: Connection) -> UUID:
    """Find or make the platform's row, and lock it: of two that provision at once, one waits here."""
    connection.execute(
        insert_or_skip(OrganisationRow)
        .values(key=PLATFORM_KEY, name="Platform", plan=Plan.ENTERPRISE, is_active=True)
        .on_conflict_do_nothing(index_elements=["key"])
    )
    statement = select(OrganisationRow.id).where(OrganisationRow.key == PLATFORM_KEY).with_for_update()
    return connection.execute(statement).scalar_one()


def let_administer(connection: Connection, platform_id: UUID, email: str, password_hash: str) -> None:
    """Add somebody who administers the platform, or let a user of it do so who does not, or not any more.

    Raises Conflict where the e-mail address is of somebody who does, or of another organisation.
    """
    is_user = (UserRow.organisation_id == LoginRow.organisation_id) & (UserRow.id == LoginRow.user_id)
    is_put_out = (LoginRow.email == email) & (UserRow.organisation_id == platform_id) & ~ADMINISTERS
    held = select(UserRow.id, UserRow.role, UserRow.is_active).join(LoginRow, is_user).where(is_put_out)
    user = connection.execute(held.with_for_update(of=UserRow)).one_or_none()
    if user is None:
        _add_super_admin(connection, platform_id, email, password_hash)
    else:
        _restore_super_admin(connection, platform_id, user, email, password_hash)


def replace_password(connection: Connection, email: str, password_hash: str) -> Row[UUID, UUID] | None:
    """Give a login another password, and put out whoever knew the former one; None where there is no such login."""
    changed = update(LoginRow).where(LoginRow.email == email).values(password_hash=password_hash, last_address=None)
    user = connection.execute(changed.returning(LoginRow.organisation_id, LoginRow.user_id)).one_or_none()
    if user is not None:
        is_theirs = (SessionRow.organisation_id == user.organisation_id) & (SessionRow.user_id == user.user_id)
        connection.execute(delete(SessionRow).where(is_theirs))
    return user


def _restore_super_admin(
    connection: Connection, platform_id: UUID, user: Row[UUID, Role, bool], email: str, password_hash: str
) -> None:
    is_user = (UserRow.organisation_id == platform_id) & (UserRow.id == user.id)
    connection.execute(update(UserRow).where(is_user).values(role=Role.SUPER_ADMIN, is_active=True))
    replace_password(connection, email, password_hash)
    before = {"role": user.role.value, "is_active": user.is_active, "password": "the former one"}
    after = {"role": Role.SUPER_ADMIN.value, "is_active": True, "password": "another one, set by the operator"}
    entry = Entry(platform_id, Action.CHANGE, Resource.USER, str(user.id), before=before, after=after)
    connection.execute(insert(AuditEventRow).values(**row_values(entry, Origin())))


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
