"""What a change of the catalogue would break for the organisations that have a module."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from interlock.control.domain.configuration import check_configuration
from interlock.control.domain.errors import InvalidChange, InvalidConfiguration, WrongField
from interlock.control.domain.organisations import PLANS

if TYPE_CHECKING:
    from interlock.control.domain.modules import Module
    from interlock.control.domain.scope import WholePlatform
    from interlock.control.domain.work import UnitOfWork

NAMED = 3


@dataclass(frozen=True, slots=True)
class Concerned:
    """Organisations that a change would break: the first of their keys, and how many there are."""

    first: Sequence[str]
    count: int

    def __str__(self) -> str:
        named, more = ", ".join(self.first), self.count - len(self.first)
        return f"{named} and {more} more" if more else named


@dataclass(frozen=True, slots=True)
class Configured:
    """A configuration of a module, and who has set it up so."""

    configuration: Mapping[str, Any]
    concerned: Concerned


async def check_holders(
    work: "UnitOfWork[WholePlatform]", before: "Module", after: "Module", catalogue: "Sequence[Module]"
) -> None:
    """Refuse a change of a module that would not hold for who has it.

    It is refused and not taken in silence, for a customer would lose a module in the middle of its work.
    What is archived is not looked at: it uses nothing, and once restored, its access says what it lacks.
    """
    if not after.is_core:
        await _check_dependencies(work, before, after, catalogue)
        await _check_plans(work, before, after)
    if before.is_core and not after.is_core:
        await _check_needing(work, after, catalogue)
    await _check_configurations(work, before, after)


async def _check_dependencies(
    work: "UnitOfWork[WholePlatform]", before: "Module", after: "Module", catalogue: "Sequence[Module]"
) -> None:
    core = {module.key for module in catalogue if module.is_core}
    for needed in sorted(set(after.dependencies) - set(before.dependencies) - core):
        if lacking := await work.modules.lacking(needed, [after.key]):
            raise InvalidChange(
                problem=f"{after.key} cannot need {needed}: {lacking} would have it without",
                remedy=f"enable {needed} for each of them first, or disable {after.key}",
            )


async def _check_plans(work: "UnitOfWork[WholePlatform]", before: "Module", after: "Module") -> None:
    if PLANS.index(after.minimum_plan) <= PLANS.index(before.minimum_plan):
        return
    smaller = PLANS[: PLANS.index(after.minimum_plan)]
    if unlicensed := await work.modules.with_plan(after.key, smaller):
        raise InvalidChange(
            problem=f"{after.key} cannot need the plan {after.minimum_plan}: {unlicensed} would have it without",
            remedy=f"change the plan of each of them first, or disable {after.key}",
        )


async def _check_needing(work: "UnitOfWork[WholePlatform]", after: "Module", catalogue: "Sequence[Module]") -> None:
    needing = [module.key for module in catalogue if after.key in module.dependencies]
    if lacking := await work.modules.lacking(after.key, needing):
        raise InvalidChange(
            problem=f"{after.key} must stay core: {lacking} would have {' or '.join(needing)} without it",
            remedy=f"enable {after.key} for each of them first",
        )


async def _check_configurations(work: "UnitOfWork[WholePlatform]", before: "Module", after: "Module") -> None:
    def described(module: "Module") -> tuple[object, ...]:
        return module.configuration_schema, module.default_configuration, module.is_core

    if after.configuration_schema is None or described(before) == described(after):
        return
    for each in await work.modules.configurations(after.key, even_off=after.is_core):
        try:
            check_configuration(
                after.configuration_schema, {**after.default_configuration, **each.configuration}, "configuration"
            )
        except InvalidConfiguration as error:
            told = f"{error.problem} (so it is set up for {each.concerned})"
            raise InvalidConfiguration("configuration_schema", [WrongField("configuration_schema", told)]) from None
