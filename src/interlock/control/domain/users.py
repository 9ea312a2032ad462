"""Users, their roles, and what a role permits."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol, TypedDict
from uuid import UUID

from interlock.control.domain.audit import Resource, record_change
from interlock.control.domain.errors import InvalidChange, NotFound, NotPermitted, NotSignedIn, RoleAboveOwn
from interlock.control.domain.organisations import PLATFORM_KEY, Organisation, hold_to_change
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


def permissions_of(role: Role, organisation_key: str) -> frozenset[Permission]:
    """What a role permits in an organisation: a super_admin elsewhere than in the platform is an administrator."""
    if role is Role.SUPER_ADMIN and organisation_key != PLATFORM_KEY:
        return PERMISSIONS[Role.ADMIN]
    return PERMISSIONS[role]


def administering_roles(organisation_key: str) -> frozenset[Role]:
    """The roles of which somebody active must be left in an organisation."""
    if organisation_key == PLATFORM_KEY:
        return frozenset({Role.SUPER_ADMIN})
    return frozenset(role for role in Role if Permission.WRITE_USERS in permissions_of(role, organisation_key))


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
        return permissions_of(self.role, self.organisation_key)

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
    async def has_active_beside(self, member: Member, roles: Collection[Role]) -> bool:
        """Whether somebody else of the member's organisation is active and has one of these roles."""


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
    organisation_key: str,
    user_id: UUID,
    changes: MemberChanges,
    *,
    expected: Collection[str] | None = None,
) -> Member:
    """Change a user. Nobody takes their own rights away, or anybody's beyond their own; somebody is left with them."""
    organisation = await hold_to_change(work, organisation_key)
    current = await read_again(work, actor)
    before = await work.users.hold(organisation.id, user_id)
    if before is None:
        raise NotFound("user", user_id)
    check_reach(current, organisation_key, before.role)
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
        check_role(current, organisation_key, after.role)
    await _check_somebody_administers(work, organisation_key, before, after)
    saved = await work.users.save(after)
    if not saved.is_active:
        await work.sessions.end_all(organisation.id, user_id)  # to be let in again is to sign in again
    await record_change(work, organisation.id, Resource.USER, str(user_id), before=before, after=saved)
    return saved


async def read_again(work: "UnitOfWork[Scope]", actor: User) -> User:
    """Read again what whoever changes users may do: while the change waited, it may have been taken away."""
    found = await work.users.find(actor.organisation_id, actor.id)
    if found is None or not found.is_active:
        raise NotSignedIn
    current = replace(actor, role=found.role)
    current.must_have(Permission.WRITE_USERS)
    if isinstance(actor.scope, WholePlatform):
        platform_scope(current)
    return current


async def _check_somebody_administers(
    work: "UnitOfWork[Scope]", organisation_key: str, before: Member, after: Member
) -> None:
    roles = administering_roles(organisation_key)
    is_taken_away = before.is_active and before.role in roles and not (after.is_active and after.role in roles)
    if is_taken_away and not await work.users.has_active_beside(before, roles):
        raise InvalidChange(
            problem=f"nobody else who is active administers {organisation_key}",
            remedy="give somebody else such a role first; a whole organisation can be deactivated, too",
        )


def check_reach(actor: User, organisation_key: str, role: Role) -> None:
    """Refuse to give a role, or to touch whoever has it, where it permits what the actor's own does not."""
    if not permissions_of(role, organisation_key) <= actor.permissions:
        raise RoleAboveOwn(role)


def roles_to_give(actor: User, organisation_key: str) -> tuple[Role, ...]:
    """The roles that somebody may give in an organisation, and that those have whom he or she may change."""
    is_platform = organisation_key == PLATFORM_KEY
    fitting = (role for role in Role if is_platform or not role.is_of_the_platform)
    return tuple(role for role in fitting if permissions_of(role, organisation_key) <= actor.permissions)


def check_role(actor: User, organisation_key: str, role: Role) -> None:
    """Refuse a role that the actor may not give, and one of the platform to whoever is not of it."""
    check_reach(actor, organisation_key, role)
    if role.is_of_the_platform and organisation_key != PLATFORM_KEY:
        raise InvalidChange(
            problem=f"{role} is a role of the platform alone",
            remedy="choose admin, analyst or viewer",
        )
