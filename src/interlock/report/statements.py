"""What the pending revisions do to tables that are there already, as every format tells it."""

from collections.abc import Iterator
from dataclasses import dataclass

from interlock.hazards.hazard import Harm, Hazard
from interlock.hazards.sql import shortened
from interlock.hazards.statement import Statement, Weight
from interlock.release.record import ReleaseRecord
from interlock.report.wording import duration
from interlock.verdict.finding import Signal

_TOLD_FROM_SECONDS = 0.005
_UNITS = ("bytes", "kB", "MB", "GB", "TB")


@dataclass(frozen=True, slots=True)
class Risk:
    """One hazard in words: what it may do, what to do instead, and who answers for it."""

    signal: Signal
    rule: str
    message: str
    remedy: str
    answer: str


@dataclass(frozen=True, slots=True)
class Effect:
    """One statement in words: where it is written, what it says and does, what other tools say, what may come of it."""

    place: str
    sql: str
    does: tuple[str, ...]
    risks: tuple[Risk, ...]


def effects(record: ReleaseRecord) -> tuple[Effect, ...]:
    """The statements that hold somebody out, or may harm somebody; the others nobody notices."""
    weights = {weight.table: weight for weight in record.weights}
    return tuple(
        Effect(each.place, shortened(each.sql), (*_does(each, weights), *remarks), risks)
        for each in record.statements
        if any(
            (
                risks := tuple(map(_risk, _hazards_of(record, each))),
                remarks := tuple(_remarks_on(record, each)),
                _holds_somebody_out(each),
            )
        )
    )


def told_apart(effect: Effect) -> tuple[Risk, ...]:
    """The risks of a statement without those that are findings: a short report tells those once."""
    return tuple(risk for risk in effect.risks if risk.signal is not Signal.STOP)


def signal_of(hazard: Hazard) -> Signal:
    """How bad a hazard is once it is known who answers for it."""
    if hazard.is_over_budget:
        return Signal.CAUTION if hazard.accepted else Signal.STOP
    return Signal.CAUTION if hazard.harm is Harm.BREAKS else Signal.CLEAR


def _hazards_of(record: ReleaseRecord, statement: Statement) -> Iterator[Hazard]:
    return (hazard for hazard in record.hazards if hazard.statement == statement)


def _remarks_on(record: ReleaseRecord, statement: Statement) -> Iterator[str]:
    return (f"{each.tool} says: {each.message} ({each.rule})" for each in record.remarks if each.statement == statement)


def _holds_somebody_out(statement: Statement) -> bool:
    return any(lock.mode.holds_out_writers for lock in statement.locks)


def _does(statement: Statement, weights: dict[str, Weight]) -> Iterator[str]:
    tables = [*(lock.table for lock in statement.locks), *statement.rewritten, *statement.scanned]
    written = dict(statement.rows_written)
    for table in dict.fromkeys((*tables, *written)):
        mode = statement.lock_on(table)
        work = [
            *([str(mode)] if mode else []),
            *(["written anew"] if table in statement.rewritten else []),
            *(["read whole"] if table in statement.scanned and table not in statement.rewritten else []),
        ]
        weight = weights.get(table)
        if work and weight:
            yield f"{table}: {', '.join(work)} ({_weighed(weight)})"


def _weighed(weight: Weight) -> str:
    rows = f"{size(weight.bytes)}, about {weight.rows:,} {'row' if weight.rows == 1 else 'rows'}"
    used = "" if weight.is_in_use else ", not in use"
    return f"{rows}{used}" + "".join(f"; held by {holder}" for holder in weight.holders)


def size(number: float) -> str:
    """A size as short as its precision deserves."""
    power = 0
    while number >= 1000 and power < len(_UNITS) - 1:
        number, power = number / 1000, power + 1
    return f"{number:.{0 if power == 0 or number >= 10 else 1}f} {_UNITS[power]}"


def _risk(hazard: Hazard) -> Risk:
    seconds = hazard.seconds or 0.0
    long = f", for about {duration(seconds)}" if seconds >= _TOLD_FROM_SECONDS else ""
    return Risk(signal_of(hazard), hazard.rule, f"{hazard.message}{long}", hazard.remedy, _answer(hazard))


def _answer(hazard: Hazard) -> str:
    if accepted := hazard.accepted:
        until = f" until {accepted.until}" if accepted.until else ""
        return f"accepted by {accepted.place}{until}: {accepted.reason}"
    if expired := hazard.expired:
        return f"{expired.place} accepted it until {expired.until}: {expired.reason}"
    return ""
