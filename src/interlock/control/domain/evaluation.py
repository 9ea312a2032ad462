"""What a flag answers, to whom, and why: one rule after the other, until one decides."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from hashlib import sha256
from typing import TYPE_CHECKING
from uuid import UUID

from interlock.control.domain import flags, organisations
from interlock.control.domain.errors import NotFound
from interlock.control.domain.flags import Flag, FlagScope, FlagStatus, Override
from interlock.control.domain.organisations import Organisation

if TYPE_CHECKING:
    from interlock.control.domain.scope import Scope
    from interlock.control.domain.work import UnitOfWork


class Reason(StrEnum):
    """The rules, in the order in which they are asked; the one that decides is the reason of the answer."""

    ORGANISATION_ARCHIVED = "organisation_archived"
    INACTIVE = "inactive"
    DISABLED = "disabled"
    USER_OVERRIDE = "user_override"
    ORGANISATION_OVERRIDE = "organisation_override"
    SECTOR = "sector"
    ROLLOUT = "rollout"


@dataclass(frozen=True, slots=True)
class Context:
    """Who asks a flag."""

    organisation_id: UUID
    user_id: UUID | None = None
    sector_code: str | None = None
    is_archived: bool = False


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What a flag answers, and why."""

    is_on: bool
    reason: Reason


@dataclass(frozen=True, slots=True)
class Step:
    """What one rule said: on, off, or nothing, so that the next one was asked."""

    rule: Reason
    is_on: bool | None
    told: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a flag answers, and what each rule said that was asked."""

    evaluation: Evaluation
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class FlagUse:
    """How often a flag answered on and off on a day."""

    day: date
    on: int
    off: int


def evaluate(flag: Flag, overrides: Iterable[Override], context: Context, now: datetime) -> Evaluation:
    """Decide one flag for whoever asks, and say what decided it. The finest override that holds wins."""
    return explain(flag, overrides, context, now).evaluation


def explain(flag: Flag, overrides: Iterable[Override], context: Context, now: datetime) -> Explanation:
    """Decide one flag for whoever asks, and say what each rule had to say about it."""
    steps = []
    for step in _ask_rules(flag, overrides, context, now):
        steps.append(step)
        if step.is_on is not None:
            return Explanation(Evaluation(step.is_on, step.rule), tuple(steps))
    raise AssertionError  # the rollout always decides


async def explain_to(
    work: "UnitOfWork[Scope]", key: str, organisation_key: str, user_id: UUID | None, now: datetime
) -> Explanation:
    """Explain what a flag answers an organisation, or one user of it."""
    flag = await flags.find(work, key)
    organisation = await organisations.find(work, organisation_key)
    if user_id and not await work.users.is_member(organisation.id, user_id):
        raise NotFound("user", user_id)
    overrides = await work.flags.overrides_for(key, organisation.id, user_id)
    return explain(flag, overrides, context_of(organisation, user_id), now)


def context_of(organisation: Organisation, user_id: UUID | None = None) -> Context:
    """An organisation, or one user of it, as who asks a flag."""
    return Context(organisation.id, user_id, organisation.sector_code, organisation.archived_at is not None)


async def evaluate_for(
    work: "UnitOfWork[Scope]", key: str, organisation_key: str, user_id: UUID | None, now: datetime
) -> Evaluation:
    """Ask a flag for an organisation, or for one user of it, and count that it was asked, if it is not archived."""
    explanation = await explain_to(work, key, organisation_key, user_id, now)
    organisation = await organisations.find(work, organisation_key)
    if organisation.archived_at is None:
        await work.flags.count_use(key, organisation.id, is_on=explanation.evaluation.is_on)
    return explanation.evaluation


async def usage(work: "UnitOfWork[Scope]", key: str) -> Sequence[FlagUse]:
    """Tell how often a flag was asked on each of the last 30 days."""
    flag = await flags.find(work, key)
    return await work.flags.usage(flag.key)


def _ask_rules(flag: Flag, overrides: Iterable[Override], context: Context, now: datetime) -> Iterator[Step]:
    if context.is_archived:
        yield Step(Reason.ORGANISATION_ARCHIVED, False, "the organisation is archived")
    if flag.status is FlagStatus.INACTIVE:
        yield Step(Reason.INACTIVE, False, "the flag is inactive")
    if not flag.is_enabled:
        yield Step(Reason.DISABLED, False, "the flag is switched off")
    own = {
        override.user_id: override
        for override in overrides
        if override.flag_key == flag.key and override.organisation_id == context.organisation_id
    }
    if context.user_id is not None:
        yield _ask_override_of_user(flag, own.get(context.user_id), now)
    yield _ask_override(Reason.ORGANISATION_OVERRIDE, own.get(None), now)
    yield _ask_sectors(flag, context.sector_code)
    place = _percentile(flag, context)
    is_reached = place < flag.rollout
    told = f"stands at {place:.2f} percent, and the rollout reaches to {flag.rollout}"
    yield Step(Reason.ROLLOUT, is_reached, told)


def _ask_override(rule: Reason, override: Override | None, now: datetime) -> Step:
    if override is None:
        return Step(rule, None, "there is none")
    if not override.holds_at(now):
        return Step(rule, None, f"there was one until {override.expires_at:%Y-%m-%d %H:%M} UTC: {override.reason}")
    return Step(rule, override.is_enabled, override.reason)


def _ask_override_of_user(flag: Flag, override: Override | None, now: datetime) -> Step:
    # Nobody can make or change one while the flag has another scope: what nobody can change must not decide.
    if override is not None and not flag.counts_users_apart:
        told = f"there is one, and it does not count while the scope of the flag is {flag.scope}: {override.reason}"
        return Step(Reason.USER_OVERRIDE, None, told)
    return _ask_override(Reason.USER_OVERRIDE, override, now)


def _ask_sectors(flag: Flag, sector: str | None) -> Step:
    if blocker := _covering(flag.blocked_sectors, sector):
        return Step(Reason.SECTOR, False, f"the sector {sector} is blocked by {blocker}")
    if not flag.allowed_sectors:
        return Step(Reason.SECTOR, None, "every sector is allowed that is not blocked")
    if allower := _covering(flag.allowed_sectors, sector):
        return Step(Reason.SECTOR, None, f"the sector {sector} is allowed by {allower}")
    return Step(Reason.SECTOR, False, f"{f'the sector {sector}' if sector else 'no sector'} is not among the allowed")


def _covering(sectors: Iterable[str], sector: str | None) -> str | None:
    """The listed sector that covers one: itself, or a wider one, as 62 covers 62.01."""
    if sector is None:
        return None
    return next((each for each in sectors if sector == each or sector.startswith(f"{each}.")), None)


def _percentile(flag: Flag, context: Context) -> float:
    """Where, from 0 to 100, somebody stands with a flag: always the same, so a growing rollout takes nobody out."""
    counted = {
        FlagScope.ORGANISATION: context.organisation_id,
        FlagScope.SECTOR: context.sector_code,
    }.get(flag.scope, context.user_id or context.organisation_id)
    digest = sha256(f"{flag.key}\0{counted}".encode()).digest()
    return int.from_bytes(digest[:4]) / 2**32 * 100
