"""Organisations: the tenants, and the platform itself, which is one of them."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol, TypedDict
from uuid import UUID

from interlock.control.domain.audit import Resource, record_change
from interlock.control.domain.errors import Conflict, InvalidChange, NotFound
from interlock.control.domain.keys import check_key, is_key
from interlock.control.domain.page import Page, Slice
from interlock.control.domain.versions import check_version

if TYPE_CHECKING:
    from interlock.control.domain.scope import Scope, WholePlatform
    from interlock.control.domain.work import UnitOfWork

PLATFORM_KEY = "platform"
LARGEST_LIMIT = 1_000_000


class Plan(StrEnum):
    """What an organisation pays for."""

    BASIC = "basic"
    PROFESSIONAL = "professional"
    ENTERPRISE = "enterprise"


PLANS = tuple(Plan)
"""From the smallest to the largest."""


@dataclass(frozen=True, slots=True)
class NewOrganisation:
    """What is asked for when an organisation is created."""

    key: str
    name: str
    sector_code: str | None = None
    plan: Plan = Plan.BASIC
    requests_per_minute: int | None = None

    def __post_init__(self) -> None:
        check_key(self.key)
        check_limit(self.requests_per_minute)


@dataclass(frozen=True, slots=True)
class Organisation:
    """One tenant. The platform is one too, so that every row belongs to somebody."""

    id: UUID
    key: str
    name: str
    sector_code: str | None
    plan: Plan
    is_active: bool
    created_at: datetime
    updated_at: datetime
    archived_at: datetime | None = None
    requests_per_minute: int | None = None
    """How often its users, together, may ask the API; None sets no limit."""

    @property
    def is_platform(self) -> bool:
        return self.key == PLATFORM_KEY


class OrganisationChanges(TypedDict, total=False):
    """The fields of an organisation that can be changed. One that is left out stays as it is."""

    name: str
    sector_code: str | None
    plan: Plan
    is_active: bool
    requests_per_minute: int | None


class Organisations(Protocol):
    """The organisations that the scope lets one see."""

    async def page(self, wanted: Slice, search: str | None = None, *, is_archived: bool = False) -> Page[Organisation]:
        """Those that are archived, or are not; `search` is looked for in key and name."""

    async def find(self, key: str) -> Organisation | None: ...
    async def hold(self, key: str) -> Organisation | None:
        """Find it and keep everybody else from changing it until the work ends."""

    async def add(self, new: NewOrganisation) -> Organisation | None:
        """Add it; None if the key is taken."""

    async def save(self, organisation: Organisation) -> Organisation: ...
    async def set_archived(self, organisation: Organisation, *, is_archived: bool) -> Organisation: ...


async def find(work: "UnitOfWork[Scope]", key: str) -> Organisation:
    """Find an organisation by its key."""
    organisation = await work.organisations.find(key) if is_key(key) else None
    if organisation is None:
        raise NotFound("organisation", key)
    return organisation


async def create(work: "UnitOfWork[WholePlatform]", new: NewOrganisation) -> Organisation:
    """Add an organisation."""
    created = await work.organisations.add(new)
    if created is None:
        raise Conflict("organisation", new.key)
    await record_change(work, created.id, Resource.ORGANISATION, created.key, after=created)
    return created


async def change(
    work: "UnitOfWork[WholePlatform]",
    key: str,
    changes: OrganisationChanges,
    *,
    expected: Collection[str] | None = None,
) -> Organisation:
    """Change an organisation."""
    before = await _hold(work, key)
    check_version(before, expected)
    check_not_archived(before)
    after = replace(before, **changes)
    if after == before:
        return before
    check(after)
    if after.plan is not before.plan:
        await _check_licences(work, after)
    saved = await work.organisations.save(after)
    await record_change(work, saved.id, Resource.ORGANISATION, key, before=before, after=saved)
    return saved


async def _check_licences(work: "UnitOfWork[WholePlatform]", after: Organisation) -> None:
    enabled = await work.modules.enabled_keys(after.id)
    beyond = sorted(
        module.key
        for module in await work.modules.catalogue()
        if module.key in enabled and PLANS.index(module.minimum_plan) > PLANS.index(after.plan)
    )
    if beyond:
        raise InvalidChange(
            problem=f"the plan {after.plan} has no licence for {', '.join(beyond)}, which {after.key} has",
            remedy="disable that for the organisation first",
        )


async def archive(
    work: "UnitOfWork[WholePlatform]", key: str, *, expected: Collection[str] | None = None
) -> Organisation:
    """Put an organisation away: nobody of it gets in, and nothing of it is lost."""
    if key == PLATFORM_KEY:
        raise InvalidChange(
            problem="the platform cannot be archived: nobody could restore it", remedy="archive another organisation"
        )
    return await _set_archived(work, key, expected, is_archived=True)


async def restore(
    work: "UnitOfWork[WholePlatform]", key: str, *, expected: Collection[str] | None = None
) -> Organisation:
    """Take an organisation out of the archive, and let its users in again."""
    return await _set_archived(work, key, expected, is_archived=False)


async def _set_archived(
    work: "UnitOfWork[WholePlatform]", key: str, expected: Collection[str] | None, *, is_archived: bool
) -> Organisation:
    before = await _hold(work, key)
    check_version(before, expected)
    if (before.archived_at is not None) is is_archived:
        return before
    after = await work.organisations.set_archived(before, is_archived=is_archived)
    await record_change(work, after.id, Resource.ORGANISATION, key, before=before, after=after)
    return after


async def hold_to_change(work: "UnitOfWork[Scope]", key: str) -> Organisation:
    """Find an organisation of which something is to be changed; whoever changes it too waits until the work ends."""
    organisation = await _hold(work, key)
    check_not_archived(organisation)
    return organisation


async def _hold(work: "UnitOfWork[Scope]", key: str) -> Organisation:
    organisation = await work.organisations.hold(key)
    if organisation is None:
        raise NotFound("organisation", key)
    return organisation


def check_not_archived(organisation: Organisation) -> None:
    """Refuse to change anything of an organisation that is put away."""
    if organisation.archived_at is not None:
        raise InvalidChange(problem=f"{organisation.key} is archived, and stays as it is", remedy="restore it first")


def check(organisation: Organisation) -> None:
    """Refuse an organisation as it must not be."""
    if organisation.is_platform and not organisation.is_active:
        raise InvalidChange(
            problem="the platform cannot be deactivated: nobody could activate it again",
            remedy="deactivate single users instead",
        )
    check_limit(organisation.requests_per_minute)
    if organisation.is_platform and organisation.requests_per_minute is not None:
        raise InvalidChange(
            problem="the platform has no limit of requests: nobody could lift it while it holds",
            remedy="limit single organisations instead",
        )


def check_limit(requests_per_minute: int | None) -> None:
    """Refuse a limit that lets nobody in."""
    if requests_per_minute is not None and not 1 <= requests_per_minute <= LARGEST_LIMIT:
        raise InvalidChange(
            problem=f"{requests_per_minute} requests a minute is no limit",
            remedy=f"give it from 1 to {LARGEST_LIMIT}, or none",
        )
