"""The second fence around a tenant: the database itself shows a transaction the rows of its scope, and no others.

The first fence is `Scoped`, in every query. This one holds where a query forgets it: each tenant table has FORCEd
row-level security, and a transaction says by two settings, which end with it, whose rows it may see.
"""

from collections.abc import Sequence

from sqlalchemy import Connection, TextClause, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from interlock.control.domain.scope import OneOrganisation, Scope, WholePlatform

APPLICATION_ROLE = "interlock_app"
"""Owns nothing and may not bypass policies, so it is held to them whoever logs in."""

# The role is taken where it can be: an older schema gives it nothing, and an operator may have taken it from whoever
# logs in. Then the policies hold the owner too, because they are FORCEd. 'SET' came with PostgreSQL 16.
_ENTER = text(
    "select set_config('interlock.organisation_id', :organisation_id, true),"
    " set_config('interlock.whole_platform', :whole_platform, true),"
    " (select set_config('role', rolname, true) from pg_catalog.pg_roles where rolname = :role"
    " and has_table_privilege(oid, to_regclass('organisations'), 'select')"
    " and pg_has_role(session_user, oid,"
    " case when current_setting('server_version_num')::int >= 160000 then 'set' else 'member' end))"
)

_UNFENCED = text(
    "select string_agg(relname, ', ' order by relname) from pg_catalog.pg_class"
    " where oid in (select to_regclass(name) from unnest(cast(:tables as text[])) as name)"
    " and not row_security_active(oid)"
)


async def enter(session: AsyncSession, scope: Scope) -> None:
    """Hold the transaction that has just begun to the rows of a scope."""
    await session.execute(*_entry(scope))


async def enter_everything(session: AsyncSession) -> None:
    """Let the transaction see every tenant: for signing in, which happens before anybody's tenant is known."""
    await session.execute(_ENTER, _settings(organisation_id="", whole_platform="yes"))


def enter_as_operator(connection: Connection) -> None:
    """Let an operator's transaction see every tenant. It stays the role that logged in: it may own the tables."""
    connection.execute(text("select set_config('interlock.whole_platform', 'yes', true)"))


async def find_reason_against_fence(sessions: async_sessionmaker[AsyncSession], tables: Sequence[str]) -> str | None:
    """Say why the database would not keep tenants apart; None where the policies of all these tables hold us."""
    try:
        async with sessions.begin() as session:
            await session.execute(_ENTER, _settings(organisation_id="", whole_platform=""))
            unfenced = await session.scalar(_UNFENCED, {"tables": list(tables)})
    except SQLAlchemyError as error:
        return f"it cannot be asked whether row-level security holds: {type(error).__name__}"
    if unfenced is None:
        return None
    return f"row-level security does not hold the role that the application works as on {unfenced}"


def _entry(scope: Scope) -> tuple[TextClause, dict[str, str]]:
    match scope:
        case OneOrganisation(organisation_id=own):
            return _ENTER, _settings(organisation_id=str(own), whole_platform="")
        case WholePlatform():
            return _ENTER, _settings(organisation_id="", whole_platform="yes")


def _settings(organisation_id: str, whole_platform: str) -> dict[str, str]:
    return {"organisation_id": organisation_id, "whole_platform": whole_platform, "role": APPLICATION_ROLE}
