"""Analytics modules: the catalogue, and which organisation has which."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol, TypedDict
from uuid import UUID

from interlock.control.domain import organisations
from interlock.control.domain.audit import Resource, record_change
from interlock.control.domain.errors import Conflict, InvalidChange, NotFound
from interlock.control.domain.keys import check_key
from interlock.control.domain.page import Page, Slice
from interlock.control.domain.versions import check_version

if TYPE_CHECKING:
    from interlock.control.domain.scope import Scope, WholePlatform
    from interlock.control.domain.work import UnitOfWork


class ModuleType(StrEnum):
    """What a module is for."""

    CORE = "core"
    ANALYTICS = "analytics"
    INTEGRATION = "integration"
    VISUALIZATION = "visualization"
    REPORTING = "reporting"
    AI_ML = "ai_ml"


class ModuleStatus(StrEnum):
    """Where a module is in its life."""

    DEVELOPMENT = "development"
    TESTING = "testing"
    ACTIVE = "active"
    DEPRECATED = "deprecated"
    RETIRED = "retired"


NEXT_STATUSES = MappingProxyType(
    {
        ModuleStatus.DEVELOPMENT: frozenset({ModuleStatus.TESTING, ModuleStatus.RETIRED}),
        ModuleStatus.TESTING: frozenset({ModuleStatus.DEVELOPMENT, ModuleStatus.ACTIVE, ModuleStatus.RETIRED}),
        ModuleStatus.ACTIVE: frozenset({ModuleStatus.DEPRECATED}),
        ModuleStatus.DEPRECATED: frozenset({ModuleStatus.ACTIVE, ModuleStatus.RETIRED}),
        ModuleStatus.RETIRED: frozenset(),
    }
)


@dataclass(frozen=True, slots=True)
class NewModule:
    """What is asked for when a module enters the catalogue. It begins in development."""

    key: str
    name: str
    description: str
    version: str
    type: ModuleType
    is_core: bool = False

    def __post_init__(self) -> None:
        check_key(self.key)


@dataclass(frozen=True, slots=True)
class Module:
    """One entry of the catalogue. A core module is every organisation's."""

    key: str
    name: str
    description: str
    version: str
    type: ModuleType
    status: ModuleStatus
    is_core: bool
    created_at: datetime
    updated_at: datetime


class ModuleChanges(TypedDict, total=False):
    """The fields of a module that can be changed. One that is left out stays as it is."""

    name: str
    description: str
    version: str
    type: ModuleType
    status: ModuleStatus
    is_core: bool


@dataclass(frozen=True, slots=True)
class OrganisationModule:
    """That an organisation has a module, switched on or off, set up its own way."""

    organisation_id: UUID
    module_key: str
    is_enabled: bool
    configuration: Mapping[str, Any]


class Modules(Protocol):
    """The modules that the scope lets one see: an organisation sees the core ones and its own."""

    async def page(self, wanted: Slice, search: str | None = None) -> Page[Module]:
        """By key; `search` is looked for in key and name."""

    async def find(self, key: str) -> Module | None: ...
    async def hold(self, key: str) -> Module | None:
        """Find it and keep everybody else from changing it until the work ends."""

    async def add(self, new: NewModule) -> Module | None:
        """Add it; None if the key is taken."""

    async def save(self, module: Module) -> Module: ...
    async def hold_assignment(self, organisation_id: UUID, key: str) -> OrganisationModule | None:
        """Find what an organisation has of a module, and keep everybody else from changing it."""

    async def save_assignment(self, assignment: OrganisationModule) -> None: ...
    async def assignments(self, organisation_id: UUID) -> tuple[OrganisationModule, ...]:
        """What an organisation has of each module that was ever given to it."""


async def find(work: "UnitOfWork[Scope]", key: str) -> Module:
    """Find a module by its key."""
    module = await work.modules.find(key)
    if module is None:
        raise NotFound("module", key)
    return module


async def create(work: "UnitOfWork[WholePlatform]", new: NewModule) -> Module:
    """Add a module to the catalogue."""
    created = await work.modules.add(new)
    if created is None:
        raise Conflict("module", new.key)
    await record_change(work, work.scope.organisation_id, Resource.MODULE, created.key, after=created)
    return created


async def change(
    work: "UnitOfWork[WholePlatform]", key: str, changes: ModuleChanges, *, expected: Collection[str] | None = None
) -> Module:
    """Change a module."""
    before = await _hold(work, key)
    check_version(before, expected)
    after = replace(before, **changes)
    if after == before:
        return before
    check_change(before, after)
    saved = await work.modules.save(after)
    await record_change(work, work.scope.organisation_id, Resource.MODULE, key, before=before, after=saved)
    return saved


def check_change(before: Module, after: Module) -> None:
    """Refuse a change that the life of a module does not allow."""
    if after.is_core and after.status is ModuleStatus.RETIRED:
        raise InvalidChange(
            problem=f"{after.key} is a core module, and a core module cannot be retired",
            remedy="make it a module that is not core first",
        )
    if after.status not in NEXT_STATUSES[before.status] | {before.status}:
        allowed = ", ".join(sorted(NEXT_STATUSES[before.status])) or "nothing else"
        raise InvalidChange(
            problem=f"{after.key} cannot go from {before.status} to {after.status}",
            remedy=f"from {before.status} it can become: {allowed}",
        )


async def assign(
    work: "UnitOfWork[WholePlatform]",
    key: str,
    organisation_key: str,
    *,
    is_enabled: bool,
    configuration: Mapping[str, Any],
) -> OrganisationModule:
    """Give an organisation a module, switched on or off."""
    module = await _hold(work, key)
    organisation = await organisations.find(work, organisation_key)
    if is_enabled and module.status is ModuleStatus.RETIRED:
        raise InvalidChange(problem=f"{key} is retired, and cannot be enabled", remedy="choose another module")
    before = await work.modules.hold_assignment(organisation.id, key)
    after = OrganisationModule(organisation.id, key, is_enabled, configuration)
    if after != before:
        await work.modules.save_assignment(after)
        await record_change(work, organisation.id, Resource.ORGANISATION_MODULE, key, before=before, after=after)
    return after


async def _hold(work: "UnitOfWork[WholePlatform]", key: str) -> Module:
    module = await work.modules.hold(key)
    if module is None:
        raise NotFound("module", key)
    return module
