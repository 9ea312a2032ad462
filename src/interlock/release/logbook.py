"""The record of a run while it is being made: which stage ran when, and what it found."""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import psycopg

from interlock.errors import ExitCode, InterlockError
from interlock.postgres.session import ServerRefused
from interlock.release.record import ReleaseRecord, Stage
from interlock.verdict.finding import Check, Finding, Signal
from interlock.verdict.judge import judge


class Progress(Protocol):
    """Where a person watches."""

    def began(self, check: Check) -> None: ...

    def tells(self, text: str) -> None: ...

    def ended(self, stage: Stage) -> None: ...


class Stopped(Exception):
    """A stage found that the release must not go on. Its finding says why."""


@dataclass
class StageNotes:
    """What a stage finds out while it runs.

    `looks` is how bad the timeline shows it where that is worse than its findings: for what counts for the reader
    and not for the verdict.
    """

    check: Check
    summary: str = ""
    findings: list[Finding] = field(default_factory=list)
    looks: Signal = Signal.CLEAR

    def find(self, *findings: Finding) -> None:
        self.findings.extend(findings)

    @property
    def signal(self) -> Signal:
        return max((finding.signal for finding in self.findings), default=Signal.CLEAR)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The record of a run, with the error that ended it early, if one did."""

    record: ReleaseRecord
    error: InterlockError | None = None
    is_interrupted: bool = False

    @property
    def exit_code(self) -> ExitCode:
        if self.is_interrupted:
            return ExitCode.INTERRUPTED
        if self.error:
            return self.error.exit_code
        return {
            Signal.CLEAR: ExitCode.CLEAR,
            Signal.CAUTION: ExitCode.CAUTION,
            Signal.STOP: ExitCode.STOP,
        }[self.record.verdict.signal]


class Logbook:
    """Collects what the stages report, and closes with a verdict."""

    def __init__(self, blank: ReleaseRecord, progress: Progress) -> None:
        self.record, self.progress = blank, progress
        self.error: InterlockError | None = None
        self._began = time.monotonic()
        self._reports: dict[Check, tuple[Finding, ...]] = {}
        self._timeline: list[Stage] = []
        self._stopped_at: Check | None = None

    @property
    def signal(self) -> Signal:
        """The worst that was found so far."""
        return judge(self._reports, required=()).signal

    def note(self, **parts: Any) -> None:
        """Put parts of the record in their places, as `dataclasses.replace` does."""
        self.record = replace(self.record, **parts)

    def admit(self, text: str) -> None:
        """Write down, in words, what this run does not prove."""
        self.note(unproved=(*self.record.unproved, text))

    @contextmanager
    def stage(self, check: Check, *, is_gate: bool = True) -> Iterator[StageNotes]:
        """Run a stage: take its time, keep its findings, turn an error into one.

        A gate raises Stopped once something was found that is STOP, here or in a stage before it that was none.
        """
        notes = StageNotes(check)
        self.progress.began(check)
        began = time.monotonic()
        try:
            yield notes
        except (InterlockError, psycopg.Error) as raised:
            error = raised if isinstance(raised, InterlockError) else ServerRefused(raised)
            notes.find(Finding(check, Signal.STOP, error.problem, error.remedy))
            self.error = self.error or error
        except BaseException:
            # It did not report, and that is STOP; what it found so far is kept for the reader.
            self._stopped_at = check
            raise
        self._reports[check] = tuple(notes.findings)
        stage = Stage(
            check, began - self._began, time.monotonic() - began, max(notes.signal, notes.looks), _summary(notes)
        )
        self._timeline.append(stage)
        self.progress.ended(stage)
        if is_gate and self.signal is Signal.STOP:
            self._stopped_at = check
            raise Stopped

    def close(self, required: Iterable[Check]) -> Outcome:
        """Judge. After a stop only what came before it had to report; the stop itself is a finding, or silence."""
        required = tuple(required)
        if self._stopped_at in required:
            required = required[: required.index(self._stopped_at) + 1]
        self.note(
            verdict=judge(self._reports, required),
            timeline=tuple(self._timeline),
            seconds=time.monotonic() - self._began,
        )
        return Outcome(self.record, self.error)


def _summary(notes: StageNotes) -> str:
    return notes.summary or (notes.findings[0].message if notes.findings else "")


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """Say how many, with the noun in its right number."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"
