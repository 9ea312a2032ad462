"""How far a release came with the revisions that it had to run."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from interlock.release.record import ReleaseRecord, Step
from interlock.report.wording import revisions
from interlock.verdict.finding import Check, Signal


class State(StrEnum):
    """What became of one revision."""

    DONE = "done"
    UNFINISHED = "not finished"
    NOT_RUN = "not run"
    PENDING = "pending"


@dataclass(frozen=True, slots=True)
class Progress:
    """One revision of the plan, and what became of it. `seconds` is None where it did not run."""

    step: Step
    state: State
    seconds: float | None = None
    output: str = ""


def progress(record: ReleaseRecord) -> tuple[Progress, ...]:
    """Every revision that was planned or that ran, oldest first."""
    return (*_ran(record), *_left(record))


def around_the_end(steps: tuple[Progress, ...], room: int) -> tuple[Progress, ...]:
    """So many of the revisions as there is room for: those where the release ended, in order."""
    done = sum(each.state is State.DONE for each in steps)
    start = max(0, min(done - room + room // 4, len(steps) - room))
    return steps[start : start + room]


def outcome(record: ReleaseRecord) -> str:
    """What the release did to the database, in a sentence."""
    names = _names_by_state(record)
    if pending := names[State.PENDING]:
        return f"The database was not touched; {_some(pending)} {'is' if len(pending) == 1 else 'are'} pending."
    if any(names.values()):
        return _tale(names)
    return f"{'Nothing was pending; the' if record.plan else 'The'} database was not touched."


def is_begun(record: ReleaseRecord) -> bool:
    """Whether revisions may have run: from then on, what was seen before proves nothing.

    An apply that was killed is not in the timeline: then its silence is a finding.
    """
    ran = {stage.check for stage in record.timeline}
    told = {finding.check for finding in record.verdict.findings}
    return bool(record.applied) or Check.APPLY in ran | told


def _tale(by_state: dict[State, list[str]]) -> str:
    done, unfinished, left = by_state[State.DONE], by_state[State.UNFINISHED], by_state[State.NOT_RUN]
    parts = (
        f"{_some(done)} ran" if done else "",
        f"{_some(unfinished)} did not finish" if unfinished else "",
        f"{_some(left)} did not run" if left else "",
    )
    tale = "; ".join(filter(None, parts))
    return f"{tale[0].upper()}{tale[1:]}."


def _some(names: Sequence[str]) -> str:
    if len(names) > 3:
        return f"{len(names)} revisions, {names[0]} to {names[-1]},"
    return f"{'revision' if len(names) == 1 else 'revisions'} {revisions(names)}"


def _names_by_state(record: ReleaseRecord) -> dict[State, list[str]]:
    names: dict[State, list[str]] = {state: [] for state in State}
    for one in progress(record):
        names[one.state].append(one.step.revision)
    return names


def _ran(record: ReleaseRecord) -> Iterator[Progress]:
    for applied in record.applied:
        state = State.DONE if applied.is_done else State.UNFINISHED
        yield Progress(applied.step, state, applied.seconds, applied.output)


def _left(record: ReleaseRecord) -> Iterator[Progress]:
    ran = {applied.step.revision for applied in record.applied}
    left = [step for step in record.plan.steps if step.revision not in ran] if record.plan else []
    for step in left:
        if not is_begun(record):
            yield Progress(step, State.PENDING)
        elif step is left[0] and _has_broken_off(record):
            yield Progress(step, State.UNFINISHED)
        else:
            yield Progress(step, State.NOT_RUN)


def _has_broken_off(record: ReleaseRecord) -> bool:
    """Whether the revisions ended in the middle of one that is not in the record itself."""
    ends = [stage.signal for stage in record.timeline if stage.check is Check.APPLY]
    is_told = any(not applied.is_done for applied in record.applied)
    return not is_told and (not ends or Signal.STOP in ends)
