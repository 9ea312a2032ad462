"""Feature flags: the catalogue, the overrides, and what a flag answers."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol, TypedDict
from uuid import UUID

from interlock.control.domain import organisations
from interlock.control.domain.audit import Resource, record_change
from interlock.control.domain.errors import Conflict, InvalidChange, NotFound
from interlock.control.domain.keys import check_key
from interlock.control.domain.page import Page, Slice
from interlock.control.domain.versions import check_version

if TYPE_CHECKING:
    from interlock.control.domain.evaluation import FlagUse
    from interlock.control.domain.scope import Scope, WholePlatform
    from interlock.control.domain.work import UnitOfWork


class FlagScope(StrEnum):
    """What the rollout of a flag counts: users (global, user), organisations, or sectors.

    Any flag can be overridden for an organisation; only one of scope `user` for a single user too. Overrides of users
    that were made before the scope became another do not count, and do again should it become `user`.
    """

    GLOBAL = "global"
    ORGANISATION = "organisation"
    SECTOR = "sector"
    USER = "user"


class FlagStatus(StrEnum):
    """Whether a flag is in use. An inactive one is off; a deprecated one still answers."""

    ACTIVE = "active"
    INACTIVE = "inactive"
    DEPRECATED = "deprecated"


@dataclass(frozen=True, slots=True)
class NewFlag:
    """What is asked for when a flag is created."""

    key: str
    name: str
    description: str = ""
    is_enabled: bool = False
    rollout: int = 100
    scope: FlagScope = FlagScope.GLOBAL
    status: FlagStatus = FlagStatus.ACTIVE
    module_key: str | None = None
    allowed_sectors: tuple[str, ...] = ()
    blocked_sectors: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_key(self.key)
        check_rollout(self.rollout)


@dataclass(frozen=True, slots=True)
class Flag:
    """One flag. `rollout` is the share, in percent, of those whom it is on for while it is enabled."""

    key: str
    name: str
    description: str
    is_enabled: bool
    rollout: int
    scope: FlagScope
    status: FlagStatus
    module_key: str | None
    created_at: datetime
    updated_at: datetime
    allowed_sectors: tuple[str, ...] = ()
    """Empty: every sector that is not blocked. A sector covers the finer ones, as 62 covers 62.01."""
    blocked_sectors: tuple[str, ...] = ()

    @property
    def counts_users_apart(self) -> bool:
        """Whether a single user can have an override that counts."""
        return self.scope is FlagScope.USER


class FlagChanges(TypedDict, total=False):
    """The fields of a flag that can be changed. One that is left out stays as it is."""

    name: str
    description: str
    is_enabled: bool
    rollout: int
    scope: FlagScope
    status: FlagStatus
    module_key: str | None
    allowed_sectors: tuple[str, ...]
    blocked_sectors: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Target:
    """Whom an override is for: an organisation, or one user of it."""

    organisation_key: str
    user_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class NewOverride:
    """What an override shall say. Without an end it holds until it is deleted."""

    is_enabled: bool
    reason: str
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Override:
    """An exception for an organisation, or for one user of it, with its reason."""

    organisation_id: UUID
    id: UUID
    flag_key: str
    organisation_key: str
    user_id: UUID | None
    is_enabled: bool
    reason: str
    expires_at: datetime | None
    author_id: UUID | None
    created_at: datetime
    updated_at: datetime

    def holds_at(self, moment: datetime) -> bool:
        """Whether it has not expired."""
        return self.expires_at is None or moment < self.expires_at


@dataclass(frozen=True, slots=True)
class FlagFilter:
    """Which flags are wanted; None stands for all. `search` is looked for in key and name."""

    search: str | None = None
    status: FlagStatus | None = None
    is_enabled: bool | None = None


class Flags(Protocol):
    """The flags, and those of their overrides that the scope lets one see."""

    async def page(self, wanted: Slice, of: FlagFilter | None = None) -> Page[Flag]:
        """By key."""

    async def inactive_among(self, keys: Collection[str]) -> tuple[Flag, ...]: ...

    async def find(self, key: str) -> Flag | None: ...
    async def hold(self, key: str) -> Flag | None:
        """Find it and keep everybody else from changing it until the work ends."""

    async def add(self, new: NewFlag) -> Flag | None:
        """Add it; None if the key is taken."""

    async def save(self, flag: Flag) -> Flag: ...
    async def page_of_overrides(self, key: str, wanted: Slice) -> Page[Override]: ...
    async def overrides_of(self, organisation_id: UUID) -> tuple[Override, ...]:
        """Those for an organisation and for users of it, of all flags."""

    async def find_override(self, key: str, organisation_id: UUID, user_id: UUID | None) -> Override | None: ...
    async def put_override(
        self, key: str, organisation_id: UUID, user_id: UUID | None, new: NewOverride
    ) -> Override: ...
    async def delete_override(self, override: Override) -> None: ...
    async def overrides_for(self, key: str, organisation_id: UUID, user_id: UUID | None) -> tuple[Override, ...]:
        """The override of the organisation and that of the user, expired or not, as far as there are any."""

    async def count_use(self, key: str, organisation_id: UUID, *, is_on: bool) -> None:
        """Count that the flag was asked today."""

    async def usage(self, key: str) -> "Sequence[FlagUse]":
        """Each of the last 30 days, the oldest first."""


async def find(work: "UnitOfWork[Scope]", key: str) -> Flag:
    """Find a flag by its key."""
    flag = await work.flags.find(key)
    if flag is None:
        raise NotFound("flag", key)
    return flag


async def create(work: "UnitOfWork[WholePlatform]", new: NewFlag) -> Flag:
    """Add a flag."""
    await _check_module(work, new.module_key)
    created = await work.flags.add(new)
    if created is None:
        raise Conflict("flag", new.key)
    await record_change(work, work.scope.organisation_id, Resource.FLAG, created.key, after=created)
    return created


async def change(
    work: "UnitOfWork[WholePlatform]", key: str, changes: FlagChanges, *, expected: Collection[str] | None = None
) -> Flag:
    """Change a flag."""
    before = await hold(work, key)
    check_version(before, expected)
    after = replace(before, **changes)
    if after == before:
        return before
    check_rollout(after.rollout)
    await _check_module(work, after.module_key)
    saved = await work.flags.save(after)
    await record_change(work, work.scope.organisation_id, Resource.FLAG, key, before=before, after=saved)
    return saved


async def page_of_overrides(work: "UnitOfWork[Scope]", key: str, wanted: Slice) -> Page[Override]:
    """List the overrides of a flag."""
    flag = await find(work, key)
    return await work.flags.page_of_overrides(flag.key, wanted)


async def find_override(work: "UnitOfWork[Scope]", key: str, target: Target) -> Override:
    """Find the exception that a flag makes for an organisation, or for one user of it."""
    organisation = await organisations.find(work, target.organisation_key)
    found = await work.flags.find_override(key, organisation.id, target.user_id)
    if found is None:
        raise NotFound("override", target.user_id or target.organisation_key)
    return found


async def put_override(
    work: "UnitOfWork[WholePlatform]",
    key: str,
    target: Target,
    new: NewOverride,
    *,
    expected: Collection[str] | None = None,
) -> Override:
    """Make or change the exception that a flag makes for an organisation, or for one user of it."""
    flag = await hold(work, key)
    check_target(flag, target)
    organisation = await organisations.hold_to_change(work, target.organisation_key)
    if target.user_id and not await work.users.is_member(organisation.id, target.user_id):
        raise NotFound("user", target.user_id)
    before = await work.flags.find_override(key, organisation.id, target.user_id)
    check_version(before, expected)
    after = await work.flags.put_override(key, organisation.id, target.user_id, new)
    await record_change(work, organisation.id, Resource.OVERRIDE, str(after.id), before=before, after=after)
    return after


async def delete_override(
    work: "UnitOfWork[WholePlatform]", key: str, target: Target, *, expected: Collection[str] | None = None
) -> None:
    """Let a flag answer an organisation, or one user of it, as it answers everybody."""
    await hold(work, key)
    await organisations.hold_to_change(work, target.organisation_key)
    override = await find_override(work, key, target)
    check_version(override, expected)
    await work.flags.delete_override(override)
    await record_change(work, override.organisation_id, Resource.OVERRIDE, str(override.id), before=override)


def check_rollout(rollout: int) -> None:
    """Refuse a share that is none."""
    if not 0 <= rollout <= 100:
        raise InvalidChange(problem=f"a rollout of {rollout} is no share", remedy="give it from 0 to 100 percent")


def check_target(flag: Flag, target: Target) -> None:
    """Refuse an override that is finer than the scope of the flag."""
    if target.user_id and not flag.counts_users_apart:
        raise InvalidChange(
            problem=f"{flag.key} has the scope {flag.scope}, so a single user cannot have an override",
            remedy="override it for the organisation, or give the flag the scope user",
        )


async def _check_module(work: "UnitOfWork[WholePlatform]", module_key: str | None) -> None:
    if module_key is not None and await work.modules.find(module_key) is None:
        raise InvalidChange(
            problem=f"there is no module {module_key} that the flag could belong to",
            remedy="create the module first, or leave module_key out",
        )


async def hold(work: "UnitOfWork[WholePlatform]", key: str) -> Flag:
    """Find a flag by its key, and keep everybody else from changing it until the work ends."""
    flag = await work.flags.hold(key)
    if flag is None:
        raise NotFound("flag", key)
    return flag
