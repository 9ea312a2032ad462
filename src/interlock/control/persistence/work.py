"""The unit of work on a database: one transaction."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Generic

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from interlock.control.domain.audit import Origin
from interlock.control.domain.work import ScopeT
from interlock.control.persistence.audit import StoredAudit
from interlock.control.persistence.dashboard import StoredDashboard
from interlock.control.persistence.flags import StoredFlags
from interlock.control.persistence.invitations import StoredInvitations
from interlock.control.persistence.modules import StoredModules
from interlock.control.persistence.organisations import StoredOrganisations
from interlock.control.persistence.receipts import StoredReceipts
from interlock.control.persistence.releases import StoredReleases
from interlock.control.persistence.search import StoredSearch
from interlock.control.persistence.sessions import StoredSessions
from interlock.control.persistence.tenancy import enter
from interlock.control.persistence.users import StoredUsers


class StoredWork(Generic[ScopeT]):
    """One transaction within a scope, and the repositories that keep to it."""

    def __init__(self, session: AsyncSession, scope: ScopeT, origin: Origin) -> None:
        self.scope = scope
        self.organisations = StoredOrganisations(session, scope)
        self.users = StoredUsers(session, scope)
        self.sessions = StoredSessions(session, scope)
        self.invitations = StoredInvitations(session, scope)
        self.receipts = StoredReceipts(session, scope, origin)
        self.modules = StoredModules(session, scope)
        self.flags = StoredFlags(session, scope, origin)
        self.releases = StoredReleases(session, scope)
        self.audit = StoredAudit(session, scope, origin)
        self.search = StoredSearch(session, scope)
        self.dashboard = StoredDashboard(session, scope)


class Transactions:
    """Opens units of work on one database."""

    def __init__(self, sessions: async_sessionmaker[AsyncSession]) -> None:
        self.sessions = sessions

    @asynccontextmanager
    async def __call__(self, scope: ScopeT, origin: Origin) -> AsyncIterator[StoredWork[ScopeT]]:
        async with self.sessions.begin() as session:
            await enter(session, scope)
            yield StoredWork(session, scope, origin)
