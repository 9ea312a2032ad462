"""Add up what the checks found."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain

from interlock.verdict.finding import Check, Finding, Signal


@dataclass(frozen=True, slots=True)
class Verdict:
    """The worst signal that any check shows, and every reason for it."""

    findings: tuple[Finding, ...] = ()

    @property
    def signal(self) -> Signal:
        return max((finding.signal for finding in self.findings), default=Signal.CLEAR)

    @property
    def worst_first(self) -> tuple[Finding, ...]:
        return tuple(sorted(self.findings, key=lambda finding: -finding.signal))

    def __add__(self, other: "Verdict") -> "Verdict":
        return Verdict(self.findings + other.findings)


def judge(reports: Mapping[Check, tuple[Finding, ...]], required: Iterable[Check]) -> Verdict:
    """Add up what the checks found. A required check that did not report counts as STOP."""
    silent = (Finding(check, Signal.STOP, "did not report") for check in required if check not in reports)
    return Verdict(tuple(chain.from_iterable(reports.values())) + tuple(silent))
