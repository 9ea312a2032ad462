"""Users, their roles, and what a role permits."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol, TypedDict
from uuid import UUID

from interlock.control.domain.audit import Resource, record_change
from interlock.control.domain.errors import InvalidChange, NotFound, NotPermitted
from interlock.control.domain.organisations import PLATFORM_KEY, Organisation
from interlock.control.domain.page import Page, Slice
from interlock.control.domain.scope import OneOrganisation, Scope, WholePlatform
from interlock.control.domain.versions import check_version

if TYPE_CHECKING:
    from interlock.control.domain.work import UnitOfWork


class Role(StrEnum):
    """What a user is: `super_admin` and `recorder` are of the platform, the others of an organisation.

    A recorder is a pipeline: it puts what the guard found on record, and may do nothing else.
    """

    SUPER_ADMIN = "super_admin"
    ADMIN = "admin"
    ANALYST = "analyst"
    VIEWER = "viewer"
    RECORDER = "recorder"

    @property
    def is_of_the_platform(self) -> bool:
        return self in (Role.SUPER_ADMIN, Role.RECORDER)


class Permission(StrEnum):
    """What can be permitted, as `resource:action`."""

    READ_ORGANISATIONS = "organisations:read"
    WRITE_ORGANISATIONS = "organisations:write"
    READ_USERS = "users:read"
    WRITE_USERS = "users:write"
    READ_MODULES = "modules:read"
    WRITE_MODULES = "modules:write"
    READ_FLAGS = "flags:read"
    WRITE_FLAGS = "flags:write"
    READ_DASHBOARD = "dashboard:read"
    READ_AUDIT = "audit:read"
    READ_RELEASES = "releases:read"
    WRITE_RELEASES = "releases:write"


# Analysts and viewers use the product. Of the control plane they see themselves only.
PERMISSIONS = MappingProxyType(
    {
        Role.SUPER_ADMIN: frozenset(Permission),
        Role.ADMIN: frozenset(
            {
                Permission.READ_ORGANISATIONS,
                Permission.READ_USERS,
                Permission.WRITE_USERS,
                Permission.READ_MODULES,
                Permission.READ_FLAGS,
                Permission.READ_DASHBOARD,
                Permission.READ_AUDIT,
            }
        ),
        Role.ANALYST: frozenset(),
        Role.VIEWER: frozenset(),
        Role.RECORDER: frozenset({Permission.WRITE_RELEASES}),
    }
)


@dataclass(frozen=True, slots=True)
class User:
    """An active user of an active organisation."""

    organisation_id: UUID
    id: UUID
    organisation_key: str
    email: str
    name: str
    role: Role

    @property
    def scope(self) -> Scope:
        # The role alone is not enough: whoever can write one organisation's rows must not see the others'.
        if self.role is Role.SUPER_ADMIN and self.organisation_key == PLATFORM_KEY:
            return WholePlatform(self.organisation_id)
        return OneOrganisation(self.organisation_id)

    @property
    def permissions(self) -> frozenset[Permission]:
        if self.role is Role.SUPER_ADMIN and not isinstance(self.scope, WholePlatform):
            return PERMISSIONS[Role.ADMIN]
        return PERMISSIONS[self.role]

    def must_have(self, permission: Permission) -> None:
        """Refuse what the role does not permit."""
        if permission not in self.permissions:
            raise NotPermitted(permission)


def platform_scope(user: User) -> WholePlatform:
    """The scope of work that only the platform may do."""
    if isinstance(user.scope, WholePlatform):
        return user.scope
    raise NotPermitted("platform:administer")


@dataclass(frozen=True, slots=True)
class Member:
    """A user as those see it who administer the organisation."""

    organisation_id: UUID
    id: UUID
    email: str
    name: str
    role: Role
    is_active: bool
    created_at: datetime
    updated_at: datetime


class MemberChanges(TypedDict, total=False):
    """The fields of a user that can be changed. One that is left out stays as it is."""

    name: str
    role: Role
    is_active: bool


class Users(Protocol):
    """The users that the scope lets one see."""

    async def page(self, organisation_id: UUID, wanted: Slice, search: str | None = None) -> Page[Member]:
        """Those of one organisation, by e-mail address; `search` is looked for in that and in the name."""

    async def find(self, organisation_id: UUID, user_id: UUID) -> Member | None: ...
    async def hold(self, organisation_id: UUID, user_id: UUID) -> Member | None:
        """Find the user and keep everybody else from changing it until the work ends."""

    async def save(self, member: Member) -> Member: ...
    async def has_login(self, email: str) -> bool:
        """Whether somebody of this scope signs in with an e-mail address."""

    async def is_member(self, organisation_id: UUID, user_id: UUID) -> bool: ...


class Directory(Protocol):
    """Where the user of a token is looked up, at every request."""

    async def find_active(self, organisation_id: UUID, user_id: UUID) -> User | None:
        """Find the user, if the user and the organisation are active.

        Raises TooManyRequests where the organisation has asked as often in this minute as it may.
        """

    async def find_in_session(self, organisation_id: UUID, user_id: UUID, session_id: UUID) -> User | None:
        """The same, if this session of the user is open too; it is seen by that. Pages are not counted."""


async def find_member(work: "UnitOfWork[Scope]", organisation: Organisation, user_id: UUID) -> Member:
    """Find a user of an organisation."""
    member = await work.users.find(organisation.id, user_id)
    if member is None:
        raise NotFound("user", user_id)
    return member


async def change_member(
    work: "UnitOfWork[Scope]",
    actor: User,
    organisation: Organisation,
    user_id: UUID,
    changes: MemberChanges,
    *,
    expected: Collection[str] | None = None,
) -> Member:
    """Change a user. Nobody takes their own rights away: somebody must be left who can give them back."""
    before = await work.users.hold(organisation.id, user_id)
    if before is None:
        raise NotFound("user", user_id)
    check_version(before, expected)
    after = replace(before, **changes)
    if after == before:
        return before
    if user_id == actor.id and (after.role, after.is_active) != (before.role, before.is_active):
        raise InvalidChange(
            problem="you cannot change your own role, or deactivate yourself",
            remedy="ask another administrator",
        )
    if after.role is not before.role:
        check_role(organisation.key, after.role)
    saved = await work.users.save(after)
    if not saved.is_active:
        await work.sessions.end_all(organisation.id, user_id)  # to be let in again is to sign in again
    await record_change(work, organisation.id, Resource.USER, str(user_id), before=before, after=saved)
    return saved


def check_role(organisation_key: str, role: Role) -> None:
    """Refuse a role of the platform to whoever is not of it."""
    if role.is_of_the_platform and organisation_key != PLATFORM_KEY:
        raise InvalidChange(
            problem=f"{role} is a role of the platform alone",
            remedy="choose admin, analyst or viewer",
        )
