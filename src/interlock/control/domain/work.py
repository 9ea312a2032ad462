"""The unit of work: one transaction, its scope, and everything that can be done in it."""

from contextlib import AbstractAsyncContextManager
from typing import Protocol, TypeVar

from interlock.control.domain.audit import Audit, Origin
from interlock.control.domain.dashboard import Dashboard
from interlock.control.domain.flags import Flags
from interlock.control.domain.invitations import Invitations
from interlock.control.domain.modules import Modules
from interlock.control.domain.organisations import Organisations
from interlock.control.domain.receipts import Receipts
from interlock.control.domain.releases import Releases
from interlock.control.domain.scope import Scope
from interlock.control.domain.search import Search
from interlock.control.domain.sessions import Sessions
from interlock.control.domain.users import Users

ScopeT_co = TypeVar("ScopeT_co", bound=Scope, covariant=True)
ScopeT = TypeVar("ScopeT", bound=Scope)


class UnitOfWork(Protocol[ScopeT_co]):
    """One transaction within a scope: what was done in it, and its audit, stays or goes together.

    A function that needs the whole platform says so in its type, so an organisation's work cannot be
    handed to it; every repository here keeps to the scope by itself.
    """

    @property
    def scope(self) -> ScopeT_co: ...
    @property
    def organisations(self) -> Organisations: ...
    @property
    def users(self) -> Users: ...
    @property
    def sessions(self) -> Sessions: ...
    @property
    def invitations(self) -> Invitations: ...
    @property
    def receipts(self) -> Receipts: ...
    @property
    def modules(self) -> Modules: ...
    @property
    def flags(self) -> Flags: ...
    @property
    def releases(self) -> Releases: ...
    @property
    def audit(self) -> Audit: ...
    @property
    def search(self) -> Search: ...
    @property
    def dashboard(self) -> Dashboard: ...


class OpenWork(Protocol):
    """Begin a unit of work; it is kept when the block ends, and undone when the block fails."""

    def __call__(self, scope: ScopeT, origin: Origin) -> AbstractAsyncContextManager[UnitOfWork[ScopeT]]: ...
