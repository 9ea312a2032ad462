"""A release record in GitHub's Markdown: for the comment on a pull request, or a ticket."""

import re
from collections.abc import Iterable, Iterator

from interlock.release.record import Blamed, ReleaseRecord, Verification
from interlock.report.backup import backup_facts, backup_sentence
from interlock.report.endpoints import Pair, Said, pair_answers, worth_showing
from interlock.report.findings import count_told_by_drift, own_findings
from interlock.report.headline import headline
from interlock.report.legible import legible
from interlock.report.statements import Effect, Risk, effects, told_apart
from interlock.report.steps import Progress, around_the_end, progress
from interlock.report.wording import (
    builds,
    counted,
    duration,
    grouped,
    identity,
    location,
    maker,
    moment,
    no_target,
    revisions,
    sides,
    title,
)
from interlock.schema.drift import Missing, Unexpected
from interlock.verdict.finding import Finding, Signal

SHOWN = 50
"""How many lines of a long list a comment gets: GitHub refuses one of more than 65536 characters."""

_MARKS = {Signal.CLEAR: "🟢", Signal.CAUTION: "⚠️", Signal.STOP: "🛑"}
_PROOFS = {"proved": "✅ proved", "locked": "🔒 locked", "unproved": "❔ unproved", "failed": "❌ failed"}

_MEANINGFUL = re.compile(r"[\\`*\[\]<>|~$&]|(?<![^\W_])_|_(?![^\W_])")
_MENTION = re.compile(r"(?<!\w)@(?=\w)")


def as_markdown(record: ReleaseRecord) -> str:
    """Write a release record as Markdown. Nothing in it is taken for markup, and nobody is mentioned."""
    return "\n\n".join(_blocks(legible(record))) + "\n"


def _blocks(record: ReleaseRecord) -> Iterator[str]:
    yield f"## {_MARKS[record.verdict.signal]} {_prose(title(record))}"
    yield _prose(headline(record))
    yield _table(("Target", ""), ((_prose(name), _code(fact)) for name, fact in _facts(record)))
    if own := own_findings(record):
        yield "### Findings"
        told = count_told_by_drift(record)
        more = [f"- and {told} more: the lines of the drift below"] if told else []
        yield "\n".join((*map(_finding, own), *more))
    for when, verification in (("before", record.before), ("after", record.after)):
        if verification and verification.drift:
            yield from _drift(when, verification)
    if steps := progress(record):
        yield "### Revisions"
        shown_steps = around_the_end(steps, SHOWN)
        yield _table(("Revision", "What it does", "State", "Took"), map(_step, shown_steps))
        yield from _more(len(steps) - len(shown_steps))
        yield from filter(None, map(_output, shown_steps))
    if statements := effects(record):
        yield "### What the statements do to tables that are there"
        yield from map(_effect, statements[:SHOWN])
        yield from _more(len(statements) - SHOWN)
    yield from _backup(record)
    if pairs := pair_answers(record):
        yield "### Endpoints"
        shown = worth_showing(pairs, room=SHOWN)
        yield _table(("Endpoint", "As", "Before", "After", "Proves", "Why"), map(_answer, shown))
        yield from _more(len(pairs) - len(shown), "as declared")
    if record.unproved:
        yield "### Not covered by this verdict"
        yield "\n".join(f"- {_prose(line)}" for line in record.unproved[:SHOWN])
        yield from _more(len(record.unproved) - SHOWN)
    if record.timeline:
        yield _timeline(record)
    yield f"<sub>Release {_code(record.id)} by interlock {_prose(record.tool_version)}</sub>"


def _facts(record: ReleaseRecord) -> Iterator[tuple[str, str]]:
    if record.target:
        yield from identity(record.target)
    else:
        yield "Database", no_target(record)
    if build := builds(record):
        yield "Build", build
    yield "Began", moment(record.began)
    yield "Took", duration(record.seconds)


def _finding(finding: Finding) -> str:
    line = f"- {_MARKS[finding.signal]} **{finding.signal.name}** {finding.check}: {_prose(finding.message)}"
    return f"{line}<br>**Next:** {_prose(finding.remedy)}" if finding.remedy else line


def _drift(when: str, verification: Verification) -> Iterator[str]:
    yield f"### Drift {when}, at {_prose(revisions(verification.claimed))}"
    if sentence := location(verification):
        yield f"**{_prose(sentence)}**"
    for name, members in grouped(verification.drift):
        yield f"**{name}** ({len(members)})"
        yield _table(("", "Object", "Declared", "Live", "Made"), map(_change, members[:SHOWN]))
        yield from _more(len(members) - SHOWN)


def _change(blamed: Blamed) -> tuple[str, ...]:
    declared, live = sides(blamed.change)
    return (
        _signal(blamed.signal),
        _code(str(blamed.change.name)),
        _prose(declared) if isinstance(blamed.change, Unexpected) else _code(declared),
        _prose(live) if isinstance(blamed.change, Missing) else _code(live),
        _prose(maker(blamed)),
    )


def _step(one: Progress) -> tuple[str, ...]:
    took = duration(one.seconds) if one.seconds is not None else ""
    return _code(one.step.revision), _prose(one.step.message), str(one.state), took


def _output(one: Progress) -> str:
    if not one.output:
        return ""
    fence = _fence(one.output, least=3)
    summary = f"<details><summary>Output of {_prose(one.step.revision)}</summary>"
    return f"{summary}\n\n{fence}text\n{one.output}\n{fence}\n\n</details>"


def _effect(effect: Effect) -> str:
    does = "".join(f"<br>{_prose(each)}" for each in effect.does)
    return "\n".join((f"{_code(effect.place)} {_code(effect.sql)}{does}", *map(_risk, told_apart(effect))))


def _risk(risk: Risk) -> str:
    answer = f"<br>{_prose(risk.answer)}" if risk.answer else ""
    line = f"- {_MARKS[risk.signal]} **{risk.rule}** {_prose(risk.message)}{answer}"
    return f"{line}<br>**Instead:** {_prose(risk.remedy)}"


def _backup(record: ReleaseRecord) -> Iterator[str]:
    if sentence := backup_sentence(record):
        yield "### Backup"
        yield _prose(sentence)
    if facts := backup_facts(record):
        yield _table(("Dump", ""), ((_prose(name), _code(fact)) for name, fact in facts))


def _answer(pair: Pair) -> tuple[str, ...]:
    statuses = (_status(pair.before), _status(pair.after))
    return _code(pair.probe), _prose(pair.identity), *statuses, _PROOFS[pair.proof], _prose(pair.reason)


def _status(said: Said | None) -> str:
    return said.status if said else ""


def _timeline(record: ReleaseRecord) -> str:
    rows = (
        (_signal(stage.signal), str(stage.check), duration(stage.seconds), _prose(stage.summary))
        for stage in record.timeline
    )
    stages = counted(len(record.timeline), "stage")
    summary = f"<details><summary>Timeline: {stages} in {duration(record.seconds)}</summary>"
    return f"{summary}\n\n{_table(('', 'Stage', 'Took', 'Summary'), rows)}\n\n</details>"


def _more(number: int, which: str = "") -> Iterator[str]:
    if number > 0:
        yield f"... and {number} more{which and ', ' + which}: see the report"


def _signal(signal: Signal) -> str:
    return f"{_MARKS[signal]} {signal.name}"


def _table(headings: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = (headings, ("---",) * len(headings), *rows)
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _prose(text: str) -> str:
    """Text that means itself, wherever it stands."""
    escaped = _MEANINGFUL.sub(r"\\\g<0>", text)
    # GitHub looks for mentions after it has resolved escapes; only an element in between keeps them apart.
    return _MENTION.sub("@<!-- -->", escaped).replace("\n", "<br>")


def _code(text: str) -> str:
    """A span of code that ends where the text does, also inside of a table."""
    if not text.strip():
        return ""
    line = " ".join(text.splitlines()).replace("|", "\\|")
    fence = _fence(line, least=1)
    room = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{fence}{room}{line}{room}{fence}"


def _fence(text: str, *, least: int) -> str:
    longest = max(map(len, re.findall("`+", text)), default=0)
    return "`" * max(least, longest + 1)
