"""A release record as one HTML file: no script, nothing loaded from elsewhere, fit to be printed."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from interlock.release.record import ReleaseRecord, Stage
from interlock.report import wording
from interlock.report.backup import backup_facts, backup_sentence
from interlock.report.endpoints import Pair, pair_answers
from interlock.report.evidence import evidence
from interlock.report.findings import count_told_by_drift, own_findings
from interlock.report.headline import headline
from interlock.report.legible import legible
from interlock.report.statements import effects
from interlock.report.steps import outcome, progress
from interlock.verdict.finding import Check, Signal

if TYPE_CHECKING:
    from mako.template import Template  # type: ignore[import-untyped]


@dataclass(frozen=True, slots=True)
class Bar:
    """One stage on the time axis, in percent of its length. `left` is None where the check did not report."""

    check: Check
    signal: Signal
    summary: str
    took: str
    left: float | None = None
    width: float = 0.0


@dataclass(frozen=True, slots=True)
class Tick:
    """One mark on the time axis."""

    left: float
    label: str


@dataclass(frozen=True, slots=True)
class Matrix:
    """Endpoints by identities. A cell holds each time that one was asked as the other."""

    identities: tuple[str, ...]
    rows: tuple[tuple[str, tuple[tuple[Pair, ...], ...]], ...]


def as_html(record: ReleaseRecord) -> str:
    """Write a release record as a page for people. The same record gives the same page."""
    shown = legible(record)
    page: str = _template().render(
        record=shown,
        say=wording,
        css=_package_file("report.css"),
        headline=headline(shown),
        outcome=outcome(shown),
        findings=own_findings(shown),
        told_by_drift=count_told_by_drift(shown),
        evidence=evidence(shown),
        bars=tuple(_bars(shown)),
        ticks=_ticks(_length(shown)),
        steps=progress(shown),
        effects=effects(shown),
        backup=backup_sentence(shown),
        backup_facts=backup_facts(shown),
        matrix=_matrix(pair_answers(shown)),
        comparisons=_comparisons(shown),
    )
    return page


@cache
def _template() -> "Template":
    # Imported when a page is written: most commands never write one, and start-up time is a promise.
    from mako.template import Template

    # Names in a database and messages of a server are hostile input, so every expression is escaped.
    return Template(text=_package_file("report.html.mako"), default_filters=["h"], strict_undefined=True)  # noqa: S702


def _package_file(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text("utf-8")


def _comparisons(record: ReleaseRecord) -> tuple[tuple[str, object], ...]:
    both = (("before", record.before), ("after", record.after))
    return tuple((when, verification) for when, verification in both if verification and verification.drift)


def _length(record: ReleaseRecord) -> float:
    ends = (stage.began + stage.seconds for stage in record.timeline)
    return max(record.seconds, 0.001, *ends)


def _bars(record: ReleaseRecord) -> Iterator[Bar]:
    length = _length(record)
    for stage in record.timeline:
        yield _bar(stage, length)
    reported = {stage.check for stage in record.timeline}
    silent = (finding for finding in record.verdict.findings if finding.signal is Signal.STOP)
    for check in dict.fromkeys(finding.check for finding in silent):
        if check not in reported:
            yield Bar(check, Signal.STOP, "did not report", "")


def _bar(stage: Stage, length: float) -> Bar:
    left, width = (round(100 * seconds / length, 2) for seconds in (stage.began, stage.seconds))
    return Bar(stage.check, stage.signal, stage.summary, wording.duration(stage.seconds), left, width)


def _ticks(length: float) -> tuple[Tick, ...]:
    """Four to nine marks at round times: a step of 1, 2 or 5 times a power of ten."""
    step = next(unit * 10**power for power in range(-4, 9) for unit in (1, 2, 5) if length / (unit * 10.0**power) <= 6)
    times = (number * step for number in range(int(length / step) + 1))
    return tuple(Tick(round(100 * time / length, 2), _round_time(time)) for time in times)


def _round_time(seconds: float) -> str:
    return wording.duration(seconds).replace(".0 s", " s") if seconds else "0"


def _matrix(pairs: tuple[Pair, ...]) -> Matrix:
    identities = tuple(dict.fromkeys(pair.identity for pair in pairs))
    rows: dict[str, dict[str, tuple[Pair, ...]]] = {}
    for pair in pairs:
        row = rows.setdefault(pair.probe, dict.fromkeys(identities, ()))
        row[pair.identity] += (pair,)
    return Matrix(identities, tuple((probe, tuple(row.values())) for probe, row in rows.items()))
