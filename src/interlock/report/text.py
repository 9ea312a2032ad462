"""A release record for a terminal: what a person reads at the end of a release."""

from collections.abc import Iterable, Iterator
from io import StringIO
from textwrap import shorten

from rich import box
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from interlock.release.record import Blamed, ReleaseRecord, Verification
from interlock.report.backup import backup_facts, backup_sentence
from interlock.report.endpoints import Pair, pair_answers, worth_showing
from interlock.report.findings import count_told_by_drift, own_findings
from interlock.report.headline import headline
from interlock.report.legible import legible
from interlock.report.statements import Effect, Risk, effects, told_apart
from interlock.report.steps import Progress, State, around_the_end, progress
from interlock.report.wording import (
    MARKS,
    address,
    builds,
    counted,
    described,
    differences,
    duration,
    grouped,
    location,
    maker,
    moment,
    no_target,
    occasion,
    revisions,
    seemingly_renamed,
)
from interlock.schema.drift import Altered, Missing, Unexpected
from interlock.verdict.finding import Finding, Signal

SHOWN = 12
"""How many lines of a long list a terminal gets; the other formats show all."""

LONGEST = 200
"""How much of a long sentence a terminal gets; the other formats show it all."""

WIDEST = 120
"""No line is longer than an eye can follow, however wide the terminal."""

_COLOURS = {Signal.CLEAR: "bold green", Signal.CAUTION: "bold yellow", Signal.STOP: "bold red"}
_PROOFS = {"proved": "green", "locked": "default", "unproved": "yellow", "failed": "red"}
_STATES = {State.DONE: "green", State.UNFINISHED: "red", State.NOT_RUN: "yellow", State.PENDING: "default"}
# One character for one, so that columns stay where they are.
_PLAIN = str.maketrans({"●": "o", "▲": "!", "■": "#", "━": "=", "─": "-", "\N{EN DASH}": "-", "·": "-"})


def as_text(record: ReleaseRecord, *, width: int = 80, colour: bool = False, encoding: str = "utf-8") -> str:
    """Write a release record for a terminal that is so wide and takes this encoding."""
    console = _console(width, colour)
    for number, part in enumerate(_parts(legible(record))):
        if number:
            console.print()
        console.print(part)
    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    return _encodable("\n".join(map(str.rstrip, lines)) + "\n", encoding)


def _console(width: int, colour: bool) -> Console:
    # Not a word about the environment: the same record and arguments give the same text everywhere.
    return Console(
        file=StringIO(),
        width=min(width, WIDEST),
        force_terminal=colour,
        color_system="standard" if colour else None,
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
        _environ={},
    )


def _encodable(text: str, encoding: str) -> str:
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return text.translate(_PLAIN).encode(encoding, "backslashreplace").decode(encoding)
    return text


def _parts(record: ReleaseRecord) -> Iterator[RenderableType]:
    yield Group(*_identity(record), *_verdict(record))
    if own := own_findings(record):
        yield _section("Findings", _findings(own), *_told_by_drift(record))
    for when, verification in (("before", record.before), ("after", record.after)):
        if verification and verification.drift:
            yield _section(f"Drift {when}, at {revisions(verification.claimed)}", *_drift(verification))
    if steps := progress(record):
        shown_steps = around_the_end(steps, SHOWN)
        yield _section("Revisions", _steps(shown_steps), *_more(len(steps) - len(shown_steps)))
    if told := effects(record):
        shown = sorted(told, key=_worst, reverse=True)[:SHOWN]
        body = (_effect(each) for each in told if each in shown)
        yield _section("What the statements do to tables that are there", *body, *_more(len(told) - SHOWN))
    if sentence := backup_sentence(record):
        yield _section("Backup", Text(sentence), *_backup(record))
    if pairs := pair_answers(record):
        if all(pair.is_quiet for pair in pairs):
            yield Text(f"Endpoints: {counted(len(pairs), 'answer')}, all as declared and as before")
        else:
            yield _section("Endpoints", *_endpoints(pairs))
    if record.unproved:
        yield _section(
            "Not covered by this verdict",
            _bullets(tuple(shorten(text, LONGEST, placeholder=" ...") for text in record.unproved[:SHOWN])),
            *_more(len(record.unproved) - SHOWN),
        )


def _section(heading: str, *body: RenderableType) -> RenderableType:
    return Group(Text(heading, style="bold"), *(Padding(part, (0, 0, 0, 2)) for part in body))


def _identity(record: ReleaseRecord) -> Iterator[RenderableType]:
    yield Text(f"{occasion(record).capitalize()} of {record.project}", style="bold")
    facts = _grid(2)
    for name, fact in (*_target(record), *_run(record)):
        facts.add_row(Text(name, style="dim"), Text(fact))
    yield Padding(facts, (0, 0, 0, 2))


def _target(record: ReleaseRecord) -> Iterator[tuple[str, str]]:
    if target := record.target:
        yield "database", f"{target.database} on {address(target)}, as {target.role}"
        yield "server", f"PostgreSQL {target.server_version}, system {target.system_identifier}"
    else:
        yield "database", no_target(record)


def _run(record: ReleaseRecord) -> Iterator[tuple[str, str]]:
    if build := builds(record):
        yield "build", build
    yield "began", f"{moment(record.began)}, took {duration(record.seconds)}"


def _verdict(record: ReleaseRecord) -> Iterator[RenderableType]:
    signal = record.verdict.signal
    word = Text(f" {MARKS[signal]} {signal.name} ", style=f"{_COLOURS[signal]} reverse")
    yield Text()
    yield Rule(word, characters="━", align="left", style=_COLOURS[signal])
    yield Text(headline(record))


def _findings(findings: tuple[Finding, ...]) -> RenderableType:
    rows = _grid(2)
    for finding in findings:
        text = Text(f"{finding.check}: {finding.message}")
        if finding.remedy:
            text.append("\nnext: ", style="bold").append(finding.remedy)
        rows.add_row(_signal(finding.signal), text)
    return rows


def _told_by_drift(record: ReleaseRecord) -> Iterator[RenderableType]:
    if told := count_told_by_drift(record):
        yield Text(f"... and {told} more: the lines of the drift below")


def _signal(signal: Signal) -> Text:
    return Text(f"{MARKS[signal]} {signal.name}", style=_COLOURS[signal], no_wrap=True)


def _drift(verification: Verification) -> Iterator[RenderableType]:
    if sentence := location(verification):
        yield Text(sentence)
    for name, members in grouped(verification.drift):
        yield Text(f"{name} ({len(members)})", style="bold")
        yield Padding(_changes(members[:SHOWN]), (0, 0, 0, 2))
        yield from _more(len(members) - SHOWN)


def _changes(members: tuple[Blamed, ...]) -> RenderableType:
    rows = _grid(2)
    for blamed in members:
        rows.add_row(Text(MARKS[blamed.signal], style=_COLOURS[blamed.signal]), _change(blamed))
    return rows


def _change(blamed: Blamed) -> Text:
    text = Text(str(blamed.change.name)).append(f", {maker(blamed)}", style="dim")
    match blamed.change:
        case Missing() as missing:
            for told in seemingly_renamed(missing):
                text.append(f"\n{told}", style="dim")
        case Altered() as altered:
            for attribute, declared, live in differences(altered):
                text.append(f"\n{attribute} is {_in_one_line(live)}, declared {_in_one_line(declared)}", style="dim")
        case Unexpected(observed=item):
            text.append(f"\n{_in_one_line(described(item))}", style="dim")
    return text


def _in_one_line(text: str) -> str:
    return " ".join(text.split())


def _steps(steps: tuple[Progress, ...]) -> RenderableType:
    rows = _grid(4)
    for one in steps:
        text = Text(one.step.message)
        if one.output and one.state is State.UNFINISHED:
            text.append(f"\n{one.output}", style="dim")
        took = Text(duration(one.seconds) if one.seconds is not None else "", justify="right", no_wrap=True)
        rows.add_row(Text(one.state, style=_STATES[one.state], no_wrap=True), Text(one.step.revision), text, took)
    return rows


def _worst(effect: Effect) -> Signal:
    return max((risk.signal for risk in effect.risks), default=Signal.CLEAR)


def _effect(effect: Effect) -> RenderableType:
    heading = Text(effect.place).append(f"  {effect.sql}", style="dim")
    does = (Padding(Text(line, style="dim"), (0, 0, 0, 2)) for line in effect.does)
    rows = _grid(2, gap=1)
    for risk in told_apart(effect):
        rows.add_row(Text(MARKS[risk.signal], style=_COLOURS[risk.signal]), _risk(risk))
    return Group(heading, *does, Padding(rows, (0, 0, 0, 2)))


def _risk(risk: Risk) -> Text:
    text = Text(f"{risk.rule}: {risk.message}")
    if risk.answer:
        text.append(f"\n{risk.answer}", style="dim")
    return text.append("\ninstead: ", style="bold").append(risk.remedy)


def _backup(record: ReleaseRecord) -> Iterator[RenderableType]:
    if facts := backup_facts(record):
        rows = _grid(2)
        for name, fact in facts:
            rows.add_row(Text(name.lower(), style="dim", no_wrap=True), Text(fact))
        yield rows


def _endpoints(pairs: tuple[Pair, ...]) -> Iterator[RenderableType]:
    shown = worth_showing(pairs, room=SHOWN)
    yield _answers(shown)
    if left := len(pairs) - len(shown):
        yield Text(f"... and {left} more, as declared: see the report")
    unproved = (f"unproved: {pair.reason}" for pair in shown if pair.proof == "unproved" and pair.reason)
    yield from map(Text, dict.fromkeys(unproved))


def _answers(pairs: Iterable[Pair]) -> RenderableType:
    rows = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for heading in ("endpoint", "as", "before", "after"):
        rows.add_column(heading, overflow="fold")
    rows.add_column("proves", no_wrap=True)
    for pair in pairs:
        before, after = (Text(said.status if said else "") for said in (pair.before, pair.after))
        proof = Text(pair.proof, style=_PROOFS[pair.proof])
        rows.add_row(_asked(pair), Text(pair.identity), before, after, proof)
    return rows


def _asked(pair: Pair) -> Text:
    text = Text(pair.probe)
    if pair.proof == "failed":
        text.append(f"\n{pair.reason}", style="dim")
    return text


def _grid(columns: int, gap: int = 2) -> Table:
    rows = Table.grid(padding=(0, gap))
    for _ in range(columns):
        # A long name goes on in the next line: one that is cut off names nothing.
        rows.add_column(overflow="fold")
    return rows


def _more(number: int) -> Iterator[RenderableType]:
    if number > 0:
        yield Text(f"... and {number} more: see the report")


def _bullets(lines: Iterable[str]) -> RenderableType:
    rows = _grid(2, gap=1)
    for line in lines:
        rows.add_row("-", Text(line))
    return rows
