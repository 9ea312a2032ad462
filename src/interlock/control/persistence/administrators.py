"""What the operator does about those who administer the platform: no sign-in is needed, but the database's URL is."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from pwdlib import PasswordHash
from sqlalchemy import Connection, insert, select

from interlock.control.domain.audit import Action, Entry, Origin, Resource
from interlock.control.domain.errors import NotFound
from interlock.control.domain.sign_in import normalised
from interlock.control.persistence.audit import AuditEventRow, row_values
from interlock.control.persistence.provisioning import (
    IS_SUPER_ADMIN,
    connect,
    hold_platform,
    let_administer,
    replace_password,
)
from interlock.control.persistence.users import LoginRow, UserRow


@dataclass(frozen=True, slots=True)
class Administrator:
    """Somebody who administers the platform."""

    email: str
    name: str
    is_active: bool


def create_administrator(database_url: str, email: str, password: str) -> None:
    """Let somebody new administer the platform, or a user of it. Raises Conflict, as `let_administer` does."""
    password_hash = PasswordHash.recommended().hash(password)
    with connect(database_url) as connection:
        let_administer(connection, hold_platform(connection), normalised(email), password_hash)


def reset_password(database_url: str, email: str, password: str) -> None:
    """Give a user another password. Raises NotFound where nobody signs in with that e-mail address."""
    password_hash = PasswordHash.recommended().hash(password)
    with connect(database_url) as connection:
        user = replace_password(connection, normalised(email), password_hash)
        if user is None:
            raise NotFound("login", normalised(email))
        _record_reset(connection, user.organisation_id, user.user_id)


def list_administrators(database_url: str) -> Sequence[Administrator]:
    """Everybody who administers the platform, by e-mail address."""
    statement = (
        select(LoginRow.email, UserRow.name, UserRow.is_active)
        .join(UserRow, (UserRow.organisation_id == LoginRow.organisation_id) & (UserRow.id == LoginRow.user_id))
        .where(IS_SUPER_ADMIN)
        .order_by(LoginRow.email)
    )
    with connect(database_url) as connection:
        return [Administrator(*row) for row in connection.execute(statement)]


def _record_reset(connection: Connection, organisation_id: UUID, user_id: UUID) -> None:
    entry = Entry(
        organisation_id,
        Action.CHANGE,
        Resource.USER,
        str(user_id),
        before={"password": "the former one"},
        after={"password": "another one, set by the operator"},
    )
    connection.execute(insert(AuditEventRow).values(**row_values(entry, Origin())))
