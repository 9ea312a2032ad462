"""Users, their roles, and what a role permits."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Protocol
from uuid import UUID

from interlock.control.domain.errors import NotPermitted
from interlock.control.domain.organisations import PLATFORM_KEY
from interlock.control.domain.page import Page, Slice
from interlock.control.domain.scope import OneOrganisation, Scope, WholePlatform


class Role(StrEnum):
    """What a user is: `super_admin` of the platform, the others of an organisation."""

    SUPER_ADMIN = "super_admin"
    ADMIN = "admin"
    ANALYST = "analyst"
    VIEWER = "viewer"


class Permission(StrEnum):
    """What can be permitted, as `resource:action`."""

    READ_ORGANISATIONS = "organisations:read"
    WRITE_ORGANISATIONS = "organisations:write"
    READ_MODULES = "modules:read"
    WRITE_MODULES = "modules:write"
    READ_FLAGS = "flags:read"
    WRITE_FLAGS = "flags:write"
    READ_DASHBOARD = "dashboard:read"
    READ_AUDIT = "audit:read"


# Analysts and viewers use the product. Of the control plane they see themselves only.
PERMISSIONS = MappingProxyType(
    {
        Role.SUPER_ADMIN: frozenset(Permission),
        Role.ADMIN: frozenset(
            {
                Permission.READ_ORGANISATIONS,
                Permission.READ_MODULES,
                Permission.READ_FLAGS,
                Permission.READ_DASHBOARD,
                Permission.READ_AUDIT,
            }
        ),
        Role.ANALYST: frozenset(),
        Role.VIEWER: frozenset(),
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
    """A user as a list shows one, active or not. Who has no login cannot sign in."""

    id: UUID
    organisation_key: str
    email: str | None
    name: str
    role: Role
    is_active: bool
    created_at: datetime


class Users(Protocol):
    """The users that the scope lets one see."""

    async def page(self, wanted: Slice, organisation_id: UUID | None = None) -> Page[Member]:
        """All of them, or those of one organisation."""

    async def is_member(self, organisation_id: UUID, user_id: UUID) -> bool: ...


class Directory(Protocol):
    """Where the user of a token is looked up, at every request."""

    async def find_active(self, organisation_id: UUID, user_id: UUID) -> User | None:
        """Find the user, if the user and the organisation are active."""
