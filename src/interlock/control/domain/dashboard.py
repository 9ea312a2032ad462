"""What the dashboard counts."""

from dataclasses import dataclass
from datetime import date
from typing import Protocol
from uuid import UUID


@dataclass(frozen=True, slots=True)
class FlagCounts:
    """How many flags there are."""

    total: int
    enabled: int
    disabled: int


@dataclass(frozen=True, slots=True)
class ModuleCounts:
    """How many modules the catalogue has, and how many of them some organisation has switched on."""

    total: int
    active: int
    enabled_for_organisations: int


@dataclass(frozen=True, slots=True)
class ActivityCounts:
    """How many changes the audit trail tells of."""

    last_24_hours: int


@dataclass(frozen=True, slots=True)
class MemberCounts:
    """How many organisations, or users, there are."""

    total: int
    active: int


@dataclass(frozen=True, slots=True)
class Stats:
    """The dashboard at one moment, of everything that the scope lets one see."""

    flags: FlagCounts
    modules: ModuleCounts
    activity: ActivityCounts
    sectors: int
    organisations: MemberCounts
    users: MemberCounts


@dataclass(frozen=True, slots=True)
class DayOfActivity:
    """What was done on one day, by UTC: changes, answers of flags, and uses of modules."""

    day: date
    changes: int
    evaluations: int
    module_uses: int


class Dashboard(Protocol):
    """Counts, each taken in one query."""

    async def count(self) -> Stats: ...
    async def activity(self, of: UUID | None = None) -> tuple[DayOfActivity, ...]:
        """Of one organisation, or of all: the last 30 days, today included, the oldest first, quiet ones too."""
