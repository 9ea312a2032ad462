"""What a rule found out about a statement, and whether somebody answered for it."""

from dataclasses import dataclass
from datetime import date
from enum import IntEnum

from interlock.hazards.lock import LockMode
from interlock.hazards.statement import Statement


class Harm(IntEnum):
    """How bad a hazard is, before anybody accepts it."""

    NOTE = 0
    """Readers or writers are held out, within the budget."""
    BREAKS = 1
    """Code of the application that runs now can fail, however short the statement is."""
    OVER_BUDGET = 2
    """Readers or writers of a table in use are held out for longer than the budget."""


@dataclass(frozen=True, slots=True)
class Acceptance:
    """That somebody answers for the hazards of one rule; on one table, or on any where `table` is None.

    It comes from a comment in a revision (`revision` is then its file, and it counts for no other), or from the
    operator (`revision` and `until` are None).
    """

    rule: str
    table: str | None
    reason: str
    place: str
    revision: str | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Hazard:
    """What one statement may do to the users of one table.

    `seconds` is the estimate of how long readers or writers are held out, None where nobody waits.
    """

    rule: str
    statement: Statement
    table: str
    message: str
    remedy: str
    harm: Harm
    lock: LockMode | None = None
    seconds: float | None = None
    basis: str = ""
    accepted: Acceptance | None = None
    expired: Acceptance | None = None

    @property
    def is_over_budget(self) -> bool:
        return self.harm is Harm.OVER_BUDGET
