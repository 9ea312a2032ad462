"""Every rule, by its name."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from interlock.hazards.lock import LockMode
from interlock.hazards.plan import MeasuredPlan
from interlock.hazards.statement import Statement


@dataclass(frozen=True, slots=True)
class Found:
    """What a rule says of a statement and a table.

    `seconds` is how long somebody is held out, infinite where that cannot be told, None where nobody waits.
    `breaks` says that code which runs now can fail, however short the statement is.
    """

    table: str
    message: str
    remedy: str
    seconds: float | None = None
    lock: LockMode | None = None
    breaks: bool = False


Rule = Callable[[Statement, MeasuredPlan], Iterable[Found]]

RULES: dict[str, Rule] = {}
"""In the order in which they are asked."""

OTHER_WORK = "work-under-lock"
"""The rule for what none of them knows: no work on a table in use goes untold."""


def rule(name: str) -> Callable[[Rule], Rule]:
    """Let a function be asked about every statement of a plan. Its docstring says what the hazard is."""

    def register(function: Rule) -> Rule:
        RULES[name] = function
        return function

    return register


def rule_names() -> tuple[str, ...]:
    """Every name by which a hazard can be accepted."""
    return (*RULES, OTHER_WORK)
