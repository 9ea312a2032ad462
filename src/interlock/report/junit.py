"""A release record as JUnit XML: what GitLab, Jenkins and the reporters of GitHub read.

A STOP is a failure, silence an error. A CAUTION is skipped: readers count it apart, and never as passed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from interlock.release.record import ReleaseRecord, Stage
from interlock.report.endpoints import Round, Said, rounds
from interlock.report.headline import headline
from interlock.report.legible import legible
from interlock.report.wording import identity, in_utc, occasion
from interlock.verdict.finding import Check, Finding, Signal

_OUTCOMES = {Signal.CLEAR: "", Signal.CAUTION: "skipped", Signal.STOP: "failure"}
_TALLIES = {"failures": "failure", "errors": "error", "skipped": "skipped"}


@dataclass(frozen=True, slots=True)
class Case:
    """One line of a test report. `outcome` is "failure", "error" or "skipped", and empty where it passed."""

    name: str
    outcome: str = ""
    kind: str = ""
    message: str = ""
    remedy: str = ""
    seconds: float = 0.0


def as_junit(record: ReleaseRecord) -> str:
    """Write a release record as JUnit XML: one suite for each check that reported, or that should have."""
    shown = legible(record)
    root = Element("testsuites", name=f"{occasion(shown)} of {shown.project}")
    root.append(_verdict(shown))
    for check in Check:
        if cases := tuple(_cases(shown, check)):
            root.append(_suite(shown, check, cases))
    _tally(root)
    root.set("time", _time(shown.seconds))
    indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{tostring(root, encoding="unicode")}\n'


def _verdict(record: ReleaseRecord) -> Element:
    signal = record.verdict.signal
    # A verdict without a single report is CLEAR by arithmetic only: readers must not count it as passed.
    outcome = _OUTCOMES[signal] or ("" if record.timeline else "error")
    suite = Element("testsuite", name="verdict")
    if record.target:
        properties = SubElement(suite, "properties")
        for name, value in identity(record.target):
            SubElement(properties, "property", name=name, value=value)
    suite.append(_testcase("verdict", Case("verdict", outcome, signal.name, f"{signal.name}: {headline(record)}")))
    _tally(suite)
    return suite


def _cases(record: ReleaseRecord, check: Check) -> Iterator[Case]:
    findings = [finding for finding in record.verdict.worst_first if finding.check is check]
    stages = _stages(record, check)
    for finding in findings:
        yield _found(finding, has_reported=bool(stages))
    if stages and not any(finding.signal for finding in findings):
        yield _reported(stages)
    yield from _answered(record, check)


def _found(finding: Finding, *, has_reported: bool) -> Case:
    outcome = _OUTCOMES[finding.signal]
    if outcome == "failure" and not has_reported:
        outcome = "error"
    message = f"{finding.signal.name}: {finding.message}" if outcome == "skipped" else finding.message
    return Case(finding.message, outcome, finding.signal.name, message, finding.remedy)


def _reported(stages: list[Stage]) -> Case:
    """What a check says that found nothing; its name stays the same, so that readers can draw its history."""
    worst = max(stages, key=lambda stage: stage.signal)
    seconds = sum(stage.seconds for stage in stages)
    return Case(worst.check, _OUTCOMES[worst.signal], worst.signal.name, worst.summary, seconds=seconds)


def _answered(record: ReleaseRecord, check: Check) -> Iterator[Case]:
    before, after = rounds(record)
    if check is Check.PROBE_AFTER:
        yield from _answers(after, "failure")
    if check is Check.PROBE_BEFORE:
        # What failed before the release is what it may be meant to mend: it counts where the check says so.
        is_judged = any(finding.check is check and finding.signal is Signal.STOP for finding in record.verdict.findings)
        yield from _answers(before, "failure" if is_judged else "skipped")


def _answers(answers: Round, if_failed: str) -> Iterator[Case]:
    for (probe, who, time), said in answers.items():
        name = f"{probe} as {who}" + (f" ({time})" if time > 1 else "")
        outcomes = {"proved": "", "locked": "", "unproved": "skipped"}
        yield Case(name, outcomes.get(said.proof, if_failed), said.proof, _told(said), seconds=said.seconds)


def _told(said: Said) -> str:
    return f"{said.proof}: {said.reason or said.status}"


def _suite(record: ReleaseRecord, check: Check, cases: tuple[Case, ...]) -> Element:
    stages = _stages(record, check)
    suite = Element("testsuite", name=check)
    for case in cases:
        suite.append(_testcase(check, case))
    _tally(suite)
    suite.set("time", _time(sum(stage.seconds for stage in stages)))
    began = in_utc(record.began) + timedelta(seconds=stages[0].began if stages else 0)
    suite.set("timestamp", began.isoformat(timespec="seconds"))
    return suite


def _testcase(check: str, case: Case) -> Element:
    attributes = {"classname": f"interlock.{check.replace(' ', '_')}", "name": case.name, "time": _time(case.seconds)}
    element = Element("testcase", attributes)
    text = f"{case.message}\nnext: {case.remedy}" if case.remedy else case.message
    if case.outcome == "skipped":
        # The schema that most readers follow allows no text inside of <skipped>, so the remedy goes below.
        SubElement(element, "skipped", message=case.message)
    elif case.outcome:
        SubElement(element, case.outcome, message=case.message, type=case.kind).text = text
    if text and case.outcome in {"", "skipped"}:
        SubElement(element, "system-out").text = text
    return element


def _tally(suite: Element) -> None:
    suite.set("tests", str(len(list(suite.iter("testcase")))))
    for attribute, outcome in _TALLIES.items():
        suite.set(attribute, str(len(list(suite.iter(outcome)))))


def _stages(record: ReleaseRecord, check: Check) -> list[Stage]:
    return [stage for stage in record.timeline if stage.check is check]


def _time(seconds: float) -> str:
    return f"{seconds:.3f}"
