"""The page of results, made of what the trials found and of nothing else."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from bench.drift.mutations import all_kinds
from bench.drift.projects import PEERS, PROJECTS
from bench.drift.tools import Tool
from bench.drift.trial import Outcome, Trial, Wanted
from bench.drift.variants import VARIANTS


def page(trials: Sequence[Trial], tools: Sequence[Tool], wanted: Wanted, seconds: float) -> str:
    """Write the results down as Markdown."""
    names = [tool.name for tool in tools]
    parts = [
        _introduction(trials, wanted, seconds),
        "## Damage that was told\n\nDamaged databases in which the damage was told, of those that were tried.",
        _told_per_project(trials, names),
        "## False alarms\n\nOf the projects, those in which a tool called this undamaged database different; in brackets"
        " how many differences it told.",
        _alarms(trials, names),
        "## CPU seconds\n\nOf client and server, to compare a database with its exact copy: the least of three runs, while"
        " nothing else ran.",
        _cpu(trials, names),
        "## What was missed",
        *(_missed(trials, name) for name in names),
        "## Every kind\n\nDamaged databases in which it was told, of those that were tried.",
        _kinds(trials, names),
    ]
    return "\n\n".join(parts) + "\n"


def _introduction(trials: Sequence[Trial], wanted: Wanted, seconds: float) -> str:
    packages = ", ".join(f"`{each.packages[0] if not each.alone else each.alone[0]}`" for each in PROJECTS if each.packages)
    tried = {damage.kind.name for trial in trials for of in trial.outcomes.values() for damage, _ in of}
    damaged = sum(max(len(of) for of in trial.outcomes.values()) for trial in trials)
    shares = "".join(
        f" `{name}` was asked about {share:.0%} of them, which the seed chose." for name, share in wanted.shares.items()
        if share < 1
    )  # fmt: skip
    return (
        "# Which tool sees which damage\n\n"
        "Made by `python -m bench.drift`; not written by hand. What is compared, and how: [README](README.md).\n\n"
        f"Seed {wanted.seed}. {len(tried)} kinds of damage of the {len(list(all_kinds()))} in the catalogue were done,"
        f" to {damaged} copies of the databases of {len(trials)} projects: {packages} and a synthetic one with every"
        f" kind of object.{shares} Peers: {', '.join(f'`{each}`' for each in PEERS)}, `alembic check` of each project's own"
        f" environment, and `diff` of two dumps by pg_dump 18. It took {seconds / 60:.0f} minutes."
    )


def _told_per_project(trials: Sequence[Trial], names: Sequence[str]) -> str:
    rows = []
    for name in names:
        cells = [_share([outcome for _, outcome in trial.outcomes[name]]) for trial in trials]
        everything = [outcome for trial in trials for _, outcome in trial.outcomes[name]]
        rows.append([name, *cells, _share(everything), str(everything.count(Outcome.FAILED))])
    return _table(["tool", *(trial.project for trial in trials), "all", "of these it failed on"], rows)


def _share(outcomes: Sequence[Outcome]) -> str:
    return f"{outcomes.count(Outcome.TOLD)} / {len(outcomes)}" if outcomes else "-"


def _alarms(trials: Sequence[Trial], names: Sequence[str]) -> str:
    rows = []
    for variant in VARIANTS:
        cells = []
        for name in names:
            said = {trial.project: trial.alarms[name, variant] for trial in trials}
            red = [f"{project} ({what if isinstance(what, int) else 'failed'})" for project, what in said.items() if what != 0]
            cells.append(f"{len(red)} of {len(trials)}" + (f": {', '.join(red)}" if red else ""))
        rows.append([variant, *cells])
    totals = [
        str(sum(trial.alarms[name, variant] != 0 for trial in trials for variant in VARIANTS)) for name in names
    ]
    return _table(["undamaged", *names], [*rows, [f"all {len(trials) * len(VARIANTS)}", *totals]])


def _cpu(trials: Sequence[Trial], names: Sequence[str]) -> str:
    rows = [[name, *(f"{trial.cpu_seconds[name]:.2f}" for trial in trials)] for name in names]
    return _table(["tool", *(trial.project for trial in trials)], rows)


def _missed(trials: Sequence[Trial], name: str) -> str:
    """The kinds that a tool did not tell everywhere, apart by what it did instead."""
    by_kind: dict[str, Counter[Outcome]] = defaultdict(Counter)
    for trial in trials:
        for damage, outcome in trial.outcomes[name]:
            by_kind[damage.kind.name][outcome] += 1
    never = [kind for kind, counts in by_kind.items() if not counts[Outcome.TOLD]]
    sometimes = [kind for kind, counts in by_kind.items() if 0 < counts[Outcome.TOLD] < counts.total()]
    lines = [f"### {name}", f"{len(by_kind)} kinds were tried. Never told, {len(never)}: {_list(never, by_kind)}."]
    if sometimes:
        lines.append(f"Told in some places only, {len(sometimes)}: {_list(sometimes, by_kind)}.")
    return "\n\n".join(lines)


def _list(kinds: Iterable[str], by_kind: dict[str, Counter[Outcome]]) -> str:
    told = []
    for kind in kinds:
        counts = by_kind[kind]
        apart = [f"{outcome}" for outcome in (Outcome.FAILED, Outcome.SEEN) if counts[outcome]]
        told.append(kind + (f" ({', '.join(apart)})" if apart else ""))
    return "; ".join(told) or "none"


def _kinds(trials: Sequence[Trial], names: Sequence[str]) -> str:
    rows = []
    for kind in all_kinds():
        cells = [
            _share([outcome for trial in trials for damage, outcome in trial.outcomes[name] if damage.kind is kind])
            for name in names
        ]
        if set(cells) != {"-"}:
            rows.append([kind.name, *cells])
    return _table(["kind of damage", *names], rows)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
