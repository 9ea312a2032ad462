"""Who may use a module, and how much it is used."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING
from uuid import UUID

from interlock.control.domain import modules, organisations
from interlock.control.domain.errors import InvalidChange, NotFound
from interlock.control.domain.modules import Module, ModuleStatus, OrganisationModule, is_licensed
from interlock.control.domain.organisations import Plan

if TYPE_CHECKING:
    from interlock.control.domain.scope import Scope, WholePlatform
    from interlock.control.domain.work import UnitOfWork


class AccessReason(StrEnum):
    """What decides whether somebody may use a module."""

    ORGANISATION_ARCHIVED = "organisation_archived"
    RETIRED = "retired"
    NOT_ENABLED = "not_enabled"
    DENIED = "denied"
    NOT_AMONG_ALLOWED = "not_among_allowed"
    NOT_LICENSED = "not_licensed"
    LACKS_DEPENDENCY = "lacks_dependency"
    CORE = "core"
    ENABLED = "enabled"


@dataclass(frozen=True, slots=True)
class Access:
    """Whether somebody may use a module, and why."""

    is_allowed: bool
    reason: AccessReason


@dataclass(frozen=True, slots=True)
class Use:
    """One use of a module."""

    milliseconds: int = 0
    is_success: bool = True


@dataclass(frozen=True, slots=True)
class UseOfDay:
    """The use of a module on one day."""

    day: date
    uses: int
    failures: int
    milliseconds: int


@dataclass(frozen=True, slots=True)
class Usage:
    """The use of a module by an organisation: each of the last 30 days, the oldest first."""

    last_used_at: datetime | None
    days: Sequence[UseOfDay]


def access(
    module: Module,
    assignment: OrganisationModule | None,
    user_id: UUID | None,
    *,
    plan: Plan,
    holding: Collection[str],
) -> Access:
    """Decide whether a user of an organisation, or the organisation itself, may use a module.

    `holding` is what holds there. A plan and dependencies are asked here too, and not only when they change:
    whatever came to be there in another way, nobody is told that a module works which does not.
    """
    if module.status is ModuleStatus.RETIRED:
        return Access(False, AccessReason.RETIRED)
    if user_id and assignment and user_id in assignment.denied_users:
        return Access(False, AccessReason.DENIED)
    if user_id and assignment and assignment.allowed_users and user_id not in assignment.allowed_users:
        return Access(False, AccessReason.NOT_AMONG_ALLOWED)
    if not module.is_core and (assignment is None or not assignment.is_enabled):
        return Access(False, AccessReason.NOT_ENABLED)
    if not is_licensed(module, plan):
        return Access(False, AccessReason.NOT_LICENSED)
    if not set(module.dependencies) <= set(holding):
        return Access(False, AccessReason.LACKS_DEPENDENCY)
    return Access(True, AccessReason.CORE if module.is_core else AccessReason.ENABLED)


def holding_of(catalogue: Collection[Module], enabled: Collection[str], plan: Plan) -> frozenset[str]:
    """The modules that hold for an organisation: had, licensed, not retired, and all that they need holds too."""
    holding = {
        module.key: module.dependencies
        for module in catalogue
        if (module.is_core or module.key in enabled)
        and module.status is not ModuleStatus.RETIRED
        and is_licensed(module, plan)
    }
    while lacking := [key for key, needed in holding.items() if not holding.keys() >= set(needed)]:
        for key in lacking:
            del holding[key]
    return frozenset(holding)


async def access_of(work: "UnitOfWork[Scope]", key: str, organisation_key: str, user_id: UUID | None = None) -> Access:
    """Decide whether somebody may use a module."""
    organisation = await organisations.find(work, organisation_key)
    module = await modules.find(work, key)
    if user_id and not await work.users.is_member(organisation.id, user_id):
        raise NotFound("user", user_id)
    if organisation.archived_at is not None:
        return Access(False, AccessReason.ORGANISATION_ARCHIVED)
    assignment = await work.modules.find_assignment(organisation.id, key)
    holding: frozenset[str] = frozenset()
    if module.dependencies:
        enabled = await work.modules.enabled_keys(organisation.id)
        holding = holding_of(await work.modules.catalogue(), enabled, organisation.plan)
    return access(module, assignment, user_id, plan=organisation.plan, holding=holding)


async def record_use(
    work: "UnitOfWork[WholePlatform]", key: str, organisation_key: str, user_id: UUID | None, use: Use
) -> None:
    """Count one use of a module. Who may not use it cannot have used it."""
    organisation = await organisations.find(work, organisation_key)
    organisations.check_not_archived(organisation)
    may = await access_of(work, key, organisation_key, user_id)
    if not may.is_allowed:
        raise InvalidChange(
            problem=f"{key} may not be used there: {may.reason.replace('_', ' ')}",
            remedy="ask GET .../access before the module is used",
        )
    await work.modules.count_use(organisation.id, key, use)


async def usage(work: "UnitOfWork[Scope]", key: str, organisation_key: str) -> Usage:
    """Tell how much an organisation used a module on each of the last 30 days."""
    organisation = await organisations.find(work, organisation_key)
    await modules.find(work, key)
    return await work.modules.usage(organisation.id, key)
