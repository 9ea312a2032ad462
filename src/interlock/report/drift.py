"""The comparison of two databases, for a terminal and for programs."""

import json
from collections import Counter
from collections.abc import Iterator

from interlock.report.change import change_as_json
from interlock.report.legible import legible
from interlock.report.wording import MARKS, counted, differences, sides
from interlock.schema.comparison import Comparison
from interlock.schema.drift import Altered, Change, Severity, Unexpected, severity
from interlock.verdict.finding import Signal

FORMAT = "interlock-drift/1"
"""Another number once a reader of this format could break; new fields do not change it."""

_SIGNALS = {Severity.BREAKING: Signal.STOP, Severity.BEHAVIOURAL: Signal.STOP, Severity.COSMETIC: Signal.CAUTION}


def drift_as_json(comparison: Comparison) -> str:
    """Write a comparison as one JSON document."""
    document = {
        "format": FORMAT,
        "in_step": comparison.is_in_step,
        "compared_objects": len(comparison.reference),
        "unread": list(comparison.could_not_tell),
        "notes": list(comparison.notes),
        "differences": [change_as_json(change) for change in comparison.changes],
    }
    return json.dumps(document, indent=2, ensure_ascii=True) + "\n"


def drift_as_text(comparison: Comparison) -> str:
    """Write a comparison for people: the verdict in one line, then each difference with both sides."""
    return "\n".join(_lines(comparison)) + "\n"


def _lines(comparison: Comparison) -> Iterator[str]:
    yield _verdict(comparison)
    for change in comparison.changes:
        yield from change_as_lines(change)
    yield from (f"  not counted  {legible(text)}" for text in comparison.notes)
    for text in comparison.could_not_tell:
        yield f"{MARKS[Signal.CAUTION]} could not tell  {legible(text)}"


def change_as_lines(change: Change) -> Iterator[str]:
    """One difference for people: what and how bad it is, then both sides."""
    change = legible(change)
    mark = MARKS[_SIGNALS[severity(change)]]
    yield f"{mark} {severity(change):<11}  {type(change).__name__} {change.name}{_alike(change)}"
    yield from (f"               {line}" for line in _details(change))


def _verdict(comparison: Comparison) -> str:
    if comparison.is_in_step and not comparison.changes:
        return f"in step: {counted(len(comparison.reference), 'object')} compared"
    found = Counter(severity(change) for change in comparison.changes)
    told = ", ".join(f"{found[each]} {each}" for each in Severity if found[each])
    if comparison.is_drift:
        return f"drift: {told}"
    if comparison.could_not_tell and told:
        return f"could not tell: not everything could be read, and without it there is a difference ({told})"
    if comparison.could_not_tell:
        return "could not tell: nothing that was compared differs, and not everything was compared"
    return f"in step: nothing differs but the order of columns, or names that the server gave ({told})"


def _alike(change: Change) -> str:
    alike = getattr(change, "looks_like", None)
    return f", and {alike.name.path} looks like it" if alike else ""


def _details(change: Change) -> Iterator[str]:
    if not isinstance(change, Altered):
        yield _in_one_line(sides(change)[isinstance(change, Unexpected)])
        return
    for attribute, declared, observed in differences(change):
        yield f"{attribute}: {_in_one_line(observed)}"
        yield f"{'reference':>{len(attribute)}}: {_in_one_line(declared)}"


def _in_one_line(text: str) -> str:
    return " ".join(text.split())
