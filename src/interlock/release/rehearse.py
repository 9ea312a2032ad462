"""What the pending revisions will do to the people who use the database: measured on scratch, weighed on the target."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from interlock.chain.revisions import Revision
from interlock.hazards.acceptance import Malformed, accepted_in
from interlock.hazards.find import BUDGET_SECONDS, find_hazards
from interlock.hazards.hazard import Acceptance, Harm, Hazard
from interlock.hazards.sql import shortened
from interlock.hazards.statement import Rates, Statement, Weight
from interlock.postgres.publications import read_publications
from interlock.postgres.rates import assumed_rates
from interlock.postgres.session import Connection
from interlock.postgres.weights import read_weights
from interlock.release.logbook import counted
from interlock.verdict.finding import Check, Finding, Signal

_NOTICEABLE_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class Budget:
    """What the users of the database are asked to bear, and who answers for more."""

    seconds: float = BUDGET_SECONDS
    accepted: tuple[Acceptance, ...] = ()


DEFAULT_BUDGET = Budget()


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What the pending revisions do to tables that are there already: statements, hazards, and who answers for them."""

    statements: tuple[Statement, ...]
    weights: tuple[Weight, ...]
    hazards: tuple[Hazard, ...]
    malformed: tuple[Malformed, ...]
    budget_seconds: float

    def findings(self) -> Iterator[Finding]:
        """What stops a release, or what somebody wrote in vain."""
        for hazard in self.hazards:
            if hazard.is_over_budget and not hazard.accepted:
                yield Finding(Check.REHEARSE, Signal.STOP, self._over_budget(hazard), _way_out(hazard))
        for each in self.malformed:
            yield Finding(Check.REHEARSE, Signal.CAUTION, f"{each.place}: {each.message}", each.remedy)

    @property
    def looks(self) -> Signal:
        """How bad it is for the reader, where the verdict does not count it."""
        told = any(each.harm is not Harm.NOTE for each in self.hazards)
        return Signal.CAUTION if told else Signal.CLEAR

    @property
    def summary(self) -> str:
        """What was found, in a line."""
        measured = f"{counted(len(self.statements), 'statement')} on tables that are there"
        kinds = (
            ("over the budget", [each for each in self.hazards if each.is_over_budget and not each.accepted]),
            ("accepted", [each for each in self.hazards if each.is_over_budget and each.accepted]),
            ("can break code that runs now", [each for each in self.hazards if each.harm is Harm.BREAKS]),
            ("within the budget", [each for each in self.hazards if each.harm is Harm.NOTE]),
        )
        told = ", ".join(f"{len(hazards)} {kind}" for kind, hazards in kinds if hazards)
        return f"{measured}; {told}" if told else f"{measured}; nobody waits"

    def _over_budget(self, hazard: Hazard) -> str:
        long = "" if hazard.seconds is None else f", for about {_seconds(hazard.seconds)} {hazard.basis}"
        late = hazard.expired
        expired = f"; {late.place} accepted it until {late.until}" if late else ""
        where = f"{hazard.statement.place}, {shortened(hazard.statement.sql)}"
        return f"{where}: {hazard.message}{long}; the budget is {_seconds(self.budget_seconds)}{expired}"


def rehearse(
    target: Connection,
    measured: Sequence[Statement],
    pending: Iterable[Revision],
    budget: Budget,
    *,
    major: int,
    today: date,
    rates: Callable[[], Rates],
) -> Rehearsal:
    """Weigh what was measured with the tables of the target; `rates` is asked where there is much to do."""
    weights = read_weights(target, _tables(measured))
    comments = [accepted_in(Path(each.path).name, Path(each.path).read_text("utf-8", "replace")) for each in pending]
    heavy = any(weight.bytes + weight.index_bytes > _NOTICEABLE_BYTES for weight in weights.values())
    hazards = find_hazards(
        measured,
        weights,
        rates() if heavy else assumed_rates(),
        major=major,
        today=today,
        budget_seconds=budget.seconds,
        acceptances=(*budget.accepted, *(each for accepted, _ in comments for each in accepted)),
        publications=read_publications(target, _tables(measured)),
    )
    harmful = {hazard.statement for hazard in hazards}
    touched = (each for each in measured if each in harmful or not weights.keys().isdisjoint(_tables([each])))
    return Rehearsal(
        tuple(touched),
        tuple(weights.values()),
        hazards,
        tuple(each for _, malformed in comments for each in malformed),
        budget.seconds,
    )


def _tables(statements: Iterable[Statement]) -> Iterator[str]:
    for each in statements:
        yield from (lock.table for lock in each.locks)
        yield from (*each.rewritten, *each.scanned)
        yield from (table for table, _ in each.rows_written)


def _way_out(hazard: Hazard) -> str:
    comment = f"# interlock: accept {hazard.rule} on {hazard.table} until YYYY-MM-DD: reason"
    return (
        f"{hazard.remedy}. Or answer for it: in the revision by the comment `{comment}`, "
        f"or once by --accept {hazard.rule}:{hazard.table}"
    )


def _seconds(seconds: float) -> str:
    return f"{seconds:,.1f} s" if seconds >= 1 else f"{seconds * 1000:.0f} ms"
