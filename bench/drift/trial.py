"""One project on trial: every undamaged variant, and every kind of damage in as many places as are wanted."""

import json
import random
import resource
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

import psycopg

from bench.drift.databases import Databases, connected
from bench.drift.mutations import CATALOGUE, Damage, Kind, find_damage
from bench.drift.projects import Project
from bench.drift.tools import Failed, Tool, differences, differences_by_command
from bench.drift.variants import EXACT_COPY, VARIANTS, undamaged
from interlock.postgres.url import DatabaseUrl

RUNS_MEASURED = 3


class Outcome(StrEnum):
    """What a tool made of one damaged database."""

    TOLD = "told"
    SEEN = "said something, but not that"
    MISSED = "missed"
    FAILED = "failed"


@dataclass(frozen=True)
class Answer:
    """What one tool made of one damaged database."""

    kind: str
    place: str
    outcome: Outcome


@dataclass
class Record:
    """What one tool said about the databases of one project."""

    project: str
    tool: str
    answers: list[Answer] = field(default_factory=list)
    # Of each undamaged variant: how many differences it told, or why it failed.
    alarms: dict[str, int | str] = field(default_factory=dict)
    cpu_seconds: float = 0


def save(record: Record, folder: Path, wanted: "Wanted") -> None:
    """Keep what a tool said for a run that asks other tools."""
    folder.mkdir(parents=True, exist_ok=True)
    _file(record.project, record.tool, folder, wanted).write_text(json.dumps(asdict(record), indent=1))


def load(project: str, tool: str, folder: Path, wanted: "Wanted") -> Record | None:
    """What an earlier run with the same seed was told by a tool, if there was one."""
    file = _file(project, tool, folder, wanted)
    if not file.exists():
        return None
    kept = json.loads(file.read_text())
    kept["answers"] = [Answer(each["kind"], each["place"], Outcome(each["outcome"])) for each in kept["answers"]]
    return Record(**kept)


def _file(project: str, tool: str, folder: Path, wanted: "Wanted") -> Path:
    return folder / f"{project} {tool} {wanted.seed} {wanted.places} {wanted.share}.json"


@dataclass(frozen=True)
class Wanted:
    """What is tried: the seed that chooses, how many places for each kind, which share is enough for slow tools."""

    seed: str
    places: int
    share: float

    def asks(self, tool: Tool, project: Project, kind: Kind) -> bool:
        """Say whether this tool is asked about this kind of damage: a slow one not about all that real projects get."""
        if not tool.is_slow or not project.packages:
            return True
        return random.Random(f"{self.seed} {project.name} {kind.name}").random() < self.share  # noqa: S311


@dataclass
class Notebook:
    """What the tools say about one project, written down as they say it, so that a run can be taken up again."""

    project: Project
    tools: Sequence[Tool]
    folder: Path
    wanted: Wanted
    is_taken_up: bool
    records: dict[str, Record] = field(init=False)

    def __post_init__(self) -> None:
        name = self.project.name
        kept = {tool.name: load(name, tool.name, self.folder, self.wanted) for tool in self.tools if self.is_taken_up}
        self.records = {tool.name: kept.get(tool.name) or Record(name, tool.name) for tool in self.tools}

    def lacks_variant(self, tool: Tool, variant: str) -> bool:
        return variant not in self.records[tool.name].alarms

    def lacks_kind(self, tool: Tool, kind: Kind) -> bool:
        return all(answer.kind != kind.name for answer in self.records[tool.name].answers)

    def save(self) -> None:
        for record in self.records.values():
            save(record, self.folder, self.wanted)


def hold_trial(
    notebook: Notebook, databases: Databases, dumps: dict[tuple[str, int], str], tell: Callable[[str], None]
) -> None:
    """Try every tool on every variant and every damage of one project."""
    usual = _try_undamaged(notebook, databases, dumps)
    tell(f"{notebook.project.name}: {len(VARIANTS)} undamaged variants")
    project, wanted = notebook.project, notebook.wanted
    kinds = list(CATALOGUE)
    # In any order, so that what a run that is stopped has tried is a fair choice.
    random.Random(wanted.seed).shuffle(kinds)  # noqa: S311
    for done, kind in enumerate(kinds, start=1):
        asks = [each for each in notebook.tools if wanted.asks(each, project, kind) and notebook.lacks_kind(each, kind)]
        for damage, live in damaged(project, databases, kind, wanted) if asks else ():
            for tool, said in _ask_all(asks, project, databases.url(project.template), live):
                outcome = _judge(tool, said, usual[tool.name], damage)
                notebook.records[tool.name].answers.append(Answer(kind.name, damage.place, outcome))
        if done % 10 == 0:
            notebook.save()
            tell(f"{project.name}: {done} of {len(kinds)} kinds of damage")
    notebook.save()


def _try_undamaged(
    notebook: Notebook, databases: Databases, dumps: dict[tuple[str, int], str]
) -> dict[str, Sequence[Any]]:
    """Try every undamaged variant, and give what each tool says of an exact copy."""
    usual: dict[str, Sequence[Any]] = {}
    for variant in VARIANTS:
        asked = [tool for tool in notebook.tools if variant == EXACT_COPY or notebook.lacks_variant(tool, variant)]
        if not asked:
            continue
        with undamaged(variant, notebook.project, databases, dumps) as (reference, live):
            for tool, said in _ask_all(asked, notebook.project, reference, live):
                notebook.records[tool.name].alarms[variant] = said if isinstance(said, str) else len(said)
                if variant == EXACT_COPY:
                    usual[tool.name] = [] if isinstance(said, str) else said
        notebook.save()
    return usual


def damaged(project: Project, databases: Databases, kind: Kind, wanted: Wanted) -> Iterator[tuple[Damage, DatabaseUrl]]:
    """Give copies with one damage each, as many as are wanted and possible."""
    with connected(databases.url(project.template)) as connection:
        places = find_damage(connection, kind, f"{wanted.seed} {project.name}")
    done = 0
    name = f"{project.name}_damaged"
    fresh = False
    for damage in places:
        if done == wanted.places:
            break
        url = databases.url(name) if fresh else databases.copy(project.template, name, project.after_copy)
        # What the server refuses leaves the copy as it was: the statements are one transaction.
        fresh = not _do(damage, url)
        if not fresh:
            done += 1
            yield damage, url
    databases.drop(name)


def prove_agreement(project: Project, databases: Databases, wanted: Wanted) -> None:
    """Ask the real command too, about an undamaged copy and a damaged one: it has to say what is said in process."""
    reference = databases.url(project.template)
    undamaged_copy = databases.copy(project.template, f"{project.name}_agreed", project.after_copy)
    _compare_both_ways(reference, undamaged_copy)
    databases.drop(undamaged_copy.database)
    for _, live in damaged(project, databases, CATALOGUE[0], wanted):
        _compare_both_ways(reference, live)


def _compare_both_ways(reference: DatabaseUrl, live: DatabaseUrl) -> None:
    if differences(reference, live) != differences_by_command(reference, live):
        raise SystemExit(f"the command says something else about {live.database} than what it runs")


def measure(notebook: Notebook, databases: Databases, tools: Sequence[Tool]) -> None:
    """Take the CPU seconds, of client and server, of comparing an undamaged copy: the least of a few runs."""
    project = notebook.project
    live = databases.copy(project.template, f"{project.name}_measured", project.after_copy)
    reference = databases.url(project.template)
    for tool in tools:
        if notebook.records[tool.name].cpu_seconds:
            continue
        seconds = []
        for _ in range(RUNS_MEASURED):
            with _cpu_of(databases) as used:
                _ask(tool, project, reference, live)
            seconds.append(used[0])
        notebook.records[tool.name].cpu_seconds = min(seconds)
    databases.drop(live.database)
    notebook.save()


@contextmanager
def _cpu_of(databases: Databases) -> Iterator[list[float]]:
    began = _own_cpu() + databases.cpu_seconds()
    used: list[float] = []
    yield used
    # A session's time counts when it is gone.
    time.sleep(0.2)
    used.append(_own_cpu() + databases.cpu_seconds() - began)


def _own_cpu() -> float:
    both = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in both)


def _do(damage: Damage, url: DatabaseUrl) -> bool:
    with connected(url) as connection:
        try:
            connection.execute(damage.statements)
        except psycopg.Error:
            return False
    return True


def _ask_all(
    tools: Sequence[Tool], project: Project, reference: DatabaseUrl, live: DatabaseUrl
) -> list[tuple[Tool, list | str]]:
    """What each tool says; most wait for a process of their own."""
    with ThreadPoolExecutor(len(tools)) as together:
        return list(zip(tools, together.map(lambda tool: _ask(tool, project, reference, live), tools), strict=True))


def _ask(tool: Tool, project: Project, reference: DatabaseUrl, live: DatabaseUrl) -> list | str:
    """What a tool says, or why it failed."""
    try:
        return tool.compare(project, reference, live)
    except Failed as failed:
        return str(failed) or "said nothing"


def _judge(tool: Tool, said: list | str, usual: Sequence[Any], damage: Damage) -> Outcome:
    if isinstance(said, str):
        return Outcome.FAILED
    # What it says of the undamaged copy too is not about the damage.
    new = [each for each in said if each not in usual]
    if tool.tells(new, damage):
        return Outcome.TOLD
    return Outcome.SEEN if new else Outcome.MISSED
