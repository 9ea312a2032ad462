"""Ask every rule about every statement of a plan."""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date

from interlock.hazards.acceptance import answered
from interlock.hazards.hazard import Acceptance, Harm, Hazard
from interlock.hazards.plan import MeasuredPlan
from interlock.hazards.publication import Publication
from interlock.hazards.rule import OTHER_WORK, RULES, Found
from interlock.hazards.rules import work_that_no_other_rule_told
from interlock.hazards.statement import Rates, Statement, Weight

BUDGET_SECONDS = 1.0
"""How long readers or writers of a table in use may be held out, unless told otherwise."""


def find_hazards(
    statements: Iterable[Statement],
    weights: Mapping[str, Weight],
    rates: Rates,
    *,
    major: int,
    today: date,
    budget_seconds: float = BUDGET_SECONDS,
    acceptances: Iterable[Acceptance] = (),
    publications: tuple[Publication, ...] = (),
) -> tuple[Hazard, ...]:
    """List what a plan may do to the users of the live database, in the order of its statements, the worst first.

    A table without a weight that the plan does not create counts as in use and as too large.
    """
    plan = MeasuredPlan(tuple(statements), weights, rates, major, publications)
    answers = tuple(acceptances)
    hazards: list[Hazard] = []
    for statement in plan.statements:
        found = sorted(_found_in(statement, plan, budget_seconds), key=lambda each: -each.harm)
        hazards += [answered(each, answers, today) for each in found]
    return tuple(hazards)


def _found_in(statement: Statement, plan: MeasuredPlan, budget_seconds: float) -> Iterator[Hazard]:
    told: set[str] = set()
    for name, function in RULES.items():
        for found in function(statement, plan):
            if found.seconds is not None:
                told.add(found.table)
            yield _hazard(name, statement, found, plan, budget_seconds)
    for found in work_that_no_other_rule_told(statement, plan, told):
        yield _hazard(OTHER_WORK, statement, found, plan, budget_seconds)


def _hazard(name: str, statement: Statement, found: Found, plan: MeasuredPlan, budget_seconds: float) -> Hazard:
    seconds = found.seconds
    is_over = seconds is not None and seconds > budget_seconds and plan.is_used(found.table)
    harm = Harm.OVER_BUDGET if is_over else Harm.BREAKS if found.breaks else Harm.NOTE
    hazard = Hazard(name, statement, found.table, found.message, found.remedy, harm, found.lock, seconds)
    if seconds is None:
        return hazard
    if math.isinf(seconds):
        unknown = f"{found.message}; for how long cannot be told: the size of a table is not known"
        return replace(hazard, message=unknown, seconds=None)
    return replace(hazard, basis=plan.rates.basis)
