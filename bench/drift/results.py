"""The page of results, made of what the tools said and of nothing else."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from bench.drift.mutations import CATALOGUE
from bench.drift.projects import PEERS, PROJECTS
from bench.drift.tools import Tool
from bench.drift.trial import Answer, Outcome, Record, Wanted
from bench.drift.variants import VARIANTS

_FALSE_ALARMS = (
    "## False alarms\n\nIn how many projects, and which, a tool called an undamaged database different; in brackets,"
    " how many differences it told."
)
_CPU_SECONDS = (
    "## CPU seconds\n\nOf client and server, to compare a database with its exact copy: the least of three runs, while"
    " the bench ran nothing else."
)


def page(records: Sequence[Record], tools: Sequence[Tool], wanted: Wanted) -> str:
    """Write the results down as Markdown."""
    names = [tool.name for tool in tools if any(record.tool == tool.name for record in records)]
    parts = [
        _introduction(records, tools, wanted),
        "## Damage that was told\n\nDamaged databases in which the damage was told, of those that were tried.",
        _told_per_project(records, names),
        _FALSE_ALARMS,
        _alarms(records, names),
        _CPU_SECONDS,
        _cpu(records, names),
        "## What was not told",
        *(_not_told(records, name) for name in names),
        "## Every kind\n\nDamaged databases in which it was told, of those that were tried.",
        _kinds(records, names),
    ]
    return "\n\n".join(parts) + "\n"


def _introduction(records: Sequence[Record], tools: Sequence[Tool], wanted: Wanted) -> str:
    real = [each for each in PROJECTS if each.packages and each.name in _projects(records)]
    packages = ", ".join(f"`{(each.alone or each.packages)[0]}`" for each in real)
    slow = [tool.name for tool in tools if tool.is_slow]
    places = {(record.project, answer) for record in records for answer in _places(record)}
    asked = {(record.project, place) for record in records if record.tool in slow for place in _places(record)}
    fewer = (
        f" The slow tools ({', '.join(slow)}) were asked about {len(asked)} of them, which the seed chose."
        if len(asked) < len(places)
        else ""
    )
    return (
        "# Which tool sees which damage\n\n"
        "Made by `python -m bench.drift`, not written by hand. What is compared, and how: [README](README.md).\n\n"
        f"Seed {wanted.seed}: {len({kind for _, (kind, _) in places})} kinds of damage, each done alone, to"
        f" {len(places)} copies of the databases of {packages} and of a synthetic project with every kind of object."
        f"{fewer} Peers: {', '.join(f'`{each}`' for each in PEERS)}, `alembic check` in each project's own environment,"
        " and `diff` of two dumps by pg_dump 18."
    )


def _places(record: Record) -> set[tuple[str, str]]:
    return {(answer.kind, answer.place) for answer in record.answers}


def _projects(records: Sequence[Record]) -> list[str]:
    return list(dict.fromkeys(record.project for record in records))


def _of(records: Sequence[Record], tool: str) -> dict[str, Record]:
    return {record.project: record for record in records if record.tool == tool}


def _told_per_project(records: Sequence[Record], names: Sequence[str]) -> str:
    projects = _projects(records)
    rows = []
    for name in names:
        of_tool = _of(records, name)
        everything = [answer for record in of_tool.values() for answer in record.answers]
        failed = sum(answer.outcome is Outcome.FAILED for answer in everything)
        rows.append(
            [
                name,
                *(_share(of_tool[each].answers) if each in of_tool else "-" for each in projects),
                _share(everything),
                str(failed),
            ]
        )
    return _table(["tool", *projects, "all", "of these it failed on"], rows)


def _share(answers: Sequence[Answer]) -> str:
    told = sum(answer.outcome is Outcome.TOLD for answer in answers)
    return f"{told} / {len(answers)}" if answers else "-"


def _alarms(records: Sequence[Record], names: Sequence[str]) -> str:
    rows = []
    for variant in VARIANTS:
        cells = []
        for name in names:
            asked = [record for record in _of(records, name).values() if variant in record.alarms]
            red = [f"{each.project} ({_told(each.alarms[variant])})" for each in asked if each.alarms[variant] != 0]
            cells.append(f"{len(red)} of {len(asked)}" + (f": {', '.join(red)}" if red else ""))
        rows.append([variant, *cells])
    everything = [[what for each in _of(records, name).values() for what in each.alarms.values()] for name in names]
    totals = [f"{sum(what != 0 for what in said)} of {len(said)}" for said in everything]
    return _table(["undamaged", *names], [*rows, ["all", *totals]])


def _told(what: int | str) -> str:
    return str(what) if isinstance(what, int) else "failed"


def _cpu(records: Sequence[Record], names: Sequence[str]) -> str:
    projects = _projects(records)
    rows = [[name, *(_seconds(_of(records, name).get(project)) for project in projects)] for name in names]
    return _table(["tool", *projects], rows)


def _seconds(record: Record | None) -> str:
    return f"{record.cpu_seconds:.2f}" if record else "-"


def _not_told(records: Sequence[Record], name: str) -> str:
    """The kinds that a tool did not tell everywhere, and what it did instead."""
    by_kind: dict[str, Counter[Outcome]] = defaultdict(Counter)
    for record in _of(records, name).values():
        for answer in record.answers:
            by_kind[answer.kind][answer.outcome] += 1
    never = [kind for kind, counts in by_kind.items() if not counts[Outcome.TOLD]]
    sometimes = [kind for kind, counts in by_kind.items() if 0 < counts[Outcome.TOLD] < counts.total()]
    told = [f"### {name}", f"{len(by_kind)} kinds were tried. Told nowhere, {len(never)}: {_list(never, by_kind)}."]
    if sometimes:
        told.append(f"Told in some places and not in others, {len(sometimes)}: {_list(sometimes, by_kind)}.")
    return "\n\n".join(told)


def _list(kinds: Iterable[str], by_kind: dict[str, Counter[Outcome]]) -> str:
    told = []
    for kind in kinds:
        apart = [str(outcome) for outcome in (Outcome.FAILED, Outcome.SEEN) if by_kind[kind][outcome]]
        told.append(kind + (f" ({', '.join(apart)})" if apart else ""))
    return "; ".join(told) or "none"


def _kinds(records: Sequence[Record], names: Sequence[str]) -> str:
    rows = []
    for kind in CATALOGUE:
        answers = [
            [answer for record in _of(records, name).values() for answer in record.answers if answer.kind == kind.name]
            for name in names
        ]
        if any(answers):
            rows.append([kind.name, *(_share(each) for each in answers)])
    return _table(["kind of damage", *names], rows)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
