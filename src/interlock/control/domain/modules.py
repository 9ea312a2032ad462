"""Analytics modules: the catalogue, and which organisation has which."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol, TypedDict
from uuid import UUID

from interlock.control.domain import organisations
from interlock.control.domain.audit import Resource, record_change
from interlock.control.domain.configuration import check_configuration, check_schema
from interlock.control.domain.errors import Conflict, InvalidChange, NotFound
from interlock.control.domain.keys import check_key
from interlock.control.domain.module_holders import Concerned, Configured, check_holders
from interlock.control.domain.organisations import PLANS, Organisation, Plan
from interlock.control.domain.page import Page, Slice
from interlock.control.domain.versions import check_version

if TYPE_CHECKING:
    from interlock.control.domain.module_use import Usage, Use
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
    dependencies: tuple[str, ...] = ()
    minimum_plan: Plan = Plan.BASIC
    configuration_schema: Mapping[str, Any] | None = None
    default_configuration: Mapping[str, Any] = field(default_factory=dict)

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
    dependencies: tuple[str, ...] = ()
    """The keys of the modules that an organisation must have before it can have this one."""
    minimum_plan: Plan = Plan.BASIC
    """The plan from which on an organisation is licensed to have it."""
    configuration_schema: Mapping[str, Any] | None = None
    """A JSON Schema; None takes any configuration."""
    default_configuration: Mapping[str, Any] = field(default_factory=dict)
    """What holds where an organisation configures nothing else."""


class ModuleChanges(TypedDict, total=False):
    """The fields of a module that can be changed. One that is left out stays as it is."""

    name: str
    description: str
    version: str
    type: ModuleType
    status: ModuleStatus
    is_core: bool
    dependencies: tuple[str, ...]
    minimum_plan: Plan
    configuration_schema: Mapping[str, Any] | None
    default_configuration: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class OrganisationModule:
    """That an organisation has a module, switched on or off, set up its own way."""

    organisation_id: UUID
    module_key: str
    is_enabled: bool
    configuration: Mapping[str, Any]
    allowed_users: tuple[UUID, ...] = ()
    """Empty: every user of the organisation who is not denied."""
    denied_users: tuple[UUID, ...] = ()
    first_enabled_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Holder:
    """An organisation that has a module, switched on or off."""

    organisation_key: str
    organisation_name: str
    is_enabled: bool
    last_used_at: datetime | None


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

    async def save_assignment(self, assignment: OrganisationModule) -> OrganisationModule: ...
    async def assignments(self, organisation_id: UUID) -> tuple[OrganisationModule, ...]:
        """What an organisation has of each module that was ever given to it."""

    async def find_assignment(self, organisation_id: UUID, key: str) -> OrganisationModule | None: ...
    async def page_of_assignments(self, organisation_id: UUID, wanted: Slice) -> Page[OrganisationModule]: ...
    async def holders(self, key: str, wanted: Slice) -> Page[Holder]:
        """The organisations that were ever given a module, by key."""

    async def catalogue(self) -> Sequence[Module]:
        """Every module, whatever the scope sees of them."""

    async def enabled_keys(self, organisation_id: UUID) -> frozenset[str]:
        """The modules that the organisation has switched on."""

    async def lacking(self, needed: str, having: Collection[str]) -> Concerned | None:
        """The organisations that have one of some modules switched on, and not one that is needed."""

    async def with_plan(self, key: str, plans: Collection[Plan]) -> Concerned | None:
        """The organisations of these plans that have a module switched on."""

    async def configurations(self, key: str, *, even_off: bool) -> Sequence[Configured]:
        """Each configuration of a module that is switched on, or switched off too, and who has it so."""

    async def count_use(self, organisation_id: UUID, key: str, use: "Use") -> None:
        """Count one use today."""

    async def usage(self, organisation_id: UUID, key: str) -> "Usage": ...


async def find(work: "UnitOfWork[Scope]", key: str) -> Module:
    """Find a module by its key."""
    module = await work.modules.find(key)
    if module is None:
        raise NotFound("module", key)
    return module


async def create(work: "UnitOfWork[WholePlatform]", new: NewModule) -> Module:
    """Add a module to the catalogue."""
    catalogue = await work.modules.catalogue()
    check_dependencies(new.key, new.dependencies, catalogue)
    check_needed(new, catalogue)
    check_configurable(new)
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
    if _is_configured_by(after) != _is_configured_by(before):
        check_configurable(after)
    catalogue = await work.modules.catalogue()
    check_dependencies(key, after.dependencies, catalogue)
    if after.status is ModuleStatus.RETIRED:
        check_nobody_needs(key, catalogue)
    else:
        if _asks_of_holders(after) != _asks_of_holders(before):
            check_needed(after, catalogue)
        check_core(before, after, catalogue)
        await check_holders(work, before, after, catalogue)
    saved = await work.modules.save(after)
    await record_change(work, work.scope.organisation_id, Resource.MODULE, key, before=before, after=saved)
    return saved


def _asks_of_holders(module: Module) -> tuple[object, ...]:
    return module.is_core, module.dependencies, module.minimum_plan


def _is_configured_by(module: Module) -> tuple[object, ...]:
    return module.configuration_schema, module.default_configuration


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


def check_configurable(module: NewModule | Module) -> None:
    """Refuse a schema that is none, and a default that it would refuse."""
    if module.configuration_schema is not None:
        check_schema(module.configuration_schema)
        check_configuration(module.configuration_schema, module.default_configuration, "default_configuration")


def check_dependencies(key: str, dependencies: Collection[str], catalogue: Sequence[Module]) -> None:
    """Refuse a dependency that is not there, and one that would lead back to the module."""
    needed = {module.key: module.dependencies for module in catalogue} | {key: tuple(dependencies)}
    if unknown := sorted(set(dependencies) - needed.keys()):
        raise InvalidChange(
            problem=f"{key} cannot need {unknown[0]}: there is no such module", remedy="create it first"
        )
    seen: set[str] = set()
    waiting = list(dependencies)
    while waiting:
        each = waiting.pop()
        if each == key:
            raise InvalidChange(
                problem=f"{key} would need itself, by way of what it needs",
                remedy="leave one of these dependencies out",
            )
        if each not in seen:
            seen.add(each)
            waiting += needed.get(each, ())


def check_needed(module: NewModule | Module, catalogue: Sequence[Module]) -> None:
    """Refuse to need what is retired; a core module, which everybody has, to need what not everybody can have."""
    needed = [each for each in catalogue if each.key in module.dependencies]
    if retired := [each.key for each in needed if each.status is ModuleStatus.RETIRED]:
        raise InvalidChange(
            problem=f"{module.key} cannot need {', '.join(retired)}: what is retired cannot be enabled",
            remedy="leave it out of the dependencies",
        )
    if not module.is_core:
        return
    if optional := [each.key for each in needed if not each.is_core]:
        raise InvalidChange(
            problem=f"{module.key} is a core module, and {', '.join(optional)}, which it needs, can be switched off",
            remedy="let a core module need core modules only",
        )
    if module.minimum_plan is not PLANS[0]:
        raise InvalidChange(
            problem=f"{module.key} is a core module, and not every organisation has the plan {module.minimum_plan}",
            remedy=f"give it the minimum plan {PLANS[0]}, or make it a module that is not core",
        )


def check_core(before: Module, after: Module, catalogue: Sequence[Module]) -> None:
    """Refuse that a module can be switched off from now on which a core module needs."""
    needing = [each.key for each in catalogue if each.is_core and after.key in each.dependencies]
    if before.is_core and not after.is_core and needing:
        raise InvalidChange(
            problem=f"{after.key} must stay core: {', '.join(needing)}, a core module, needs it",
            remedy="take the dependency out of it first",
        )


def check_nobody_needs(key: str, catalogue: Sequence[Module]) -> None:
    """Refuse to retire what another module needs that is not retired itself."""
    needing = [each.key for each in catalogue if key in each.dependencies and each.status is not ModuleStatus.RETIRED]
    if needing:
        raise InvalidChange(
            problem=f"{key} cannot be retired: {', '.join(needing)} needs it",
            remedy="retire that first, or take the dependency out of it",
        )


async def assign(
    work: "UnitOfWork[WholePlatform]",
    key: str,
    organisation_key: str,
    *,
    is_enabled: bool,
    configuration: Mapping[str, Any],
    allowed_users: Sequence[UUID] = (),
    denied_users: Sequence[UUID] = (),
    expected: Collection[str] | None = None,
) -> OrganisationModule:
    """Give an organisation a module, switched on or off."""
    module = await _hold(work, key)
    organisation = await organisations.hold_to_change(work, organisation_key)
    before = await work.modules.hold_assignment(organisation.id, key)
    check_version(before, expected)
    await _check_enabling(work, module, organisation, is_enabled=is_enabled)
    effective = {**module.default_configuration, **configuration}
    check_configuration(module.configuration_schema, effective, "configuration")
    for user_id in {*allowed_users, *denied_users}:
        if not await work.users.is_member(organisation.id, user_id):
            raise NotFound("user", user_id)
    after = OrganisationModule(
        organisation.id,
        key,
        is_enabled,
        configuration,
        tuple(allowed_users),
        tuple(denied_users),
        before.first_enabled_at if before else None,
    )
    if after == before:
        return after
    saved = await work.modules.save_assignment(after)
    await record_change(work, organisation.id, Resource.ORGANISATION_MODULE, key, before=before, after=saved)
    return saved


async def holders(work: "UnitOfWork[Scope]", key: str, wanted: Slice) -> Page[Holder]:
    """List the organisations that have a module."""
    module = await find(work, key)
    return await work.modules.holders(module.key, wanted)


async def find_assignment(work: "UnitOfWork[Scope]", key: str, organisation_key: str) -> OrganisationModule:
    """Find how an organisation has a module."""
    organisation = await organisations.find(work, organisation_key)
    found = await work.modules.find_assignment(organisation.id, key)
    if found is None:
        raise NotFound("module of this organisation", key)
    return found


async def _check_enabling(
    work: "UnitOfWork[WholePlatform]", module: Module, organisation: Organisation, *, is_enabled: bool
) -> None:
    catalogue = {each.key: each for each in await work.modules.catalogue()}
    enabled = await work.modules.enabled_keys(organisation.id)
    if is_enabled:
        check_enabling(module, organisation.plan, enabled | {key for key, each in catalogue.items() if each.is_core})
    else:
        check_disabling(module, [catalogue[key] for key in sorted(enabled)])


def check_enabling(module: Module, plan: Plan, had: Collection[str]) -> None:
    """Refuse to switch on what is retired, not licensed, or lacks what it needs; `had` is what the organisation has.

    One in development or testing may be switched on: so a customer tries it who agreed to that.
    """
    if module.status is ModuleStatus.RETIRED:
        raise InvalidChange(problem=f"{module.key} is retired, and cannot be enabled", remedy="choose another module")
    if not is_licensed(module, plan):
        raise InvalidChange(
            problem=f"{module.key} needs the plan {module.minimum_plan}, and the organisation has {plan}",
            remedy="change the plan of the organisation first",
        )
    if missing := [each for each in module.dependencies if each not in had]:
        raise InvalidChange(
            problem=f"{module.key} needs {', '.join(missing)}, which the organisation does not have",
            remedy=f"enable {missing[0]} for the organisation first",
        )


def is_licensed(module: Module, plan: Plan) -> bool:
    """Whether a plan is large enough for a module."""
    return PLANS.index(plan) >= PLANS.index(module.minimum_plan)


def check_disabling(module: Module, enabled: Sequence[Module]) -> None:
    """Refuse to switch off what every organisation has, or what another enabled module needs."""
    if module.is_core:
        raise InvalidChange(
            problem=f"{module.key} is a core module, and a core module stays on", remedy="disable another module"
        )
    if needing := [each.key for each in enabled if module.key in each.dependencies]:
        raise InvalidChange(
            problem=f"{', '.join(needing)} of this organisation needs {module.key}",
            remedy=f"disable {needing[0]} first",
        )


async def _hold(work: "UnitOfWork[WholePlatform]", key: str) -> Module:
    module = await work.modules.hold(key)
    if module is None:
        raise NotFound("module", key)
    return module
