"""What a release was: the one value that every report is made from."""

from dataclasses import dataclass
from datetime import datetime

from interlock.hazards.hazard import Hazard
from interlock.hazards.remark import Remark
from interlock.hazards.statement import Statement, Weight
from interlock.probes.probe import Asked
from interlock.schema.drift import Change
from interlock.verdict.finding import Check, Signal
from interlock.verdict.judge import Verdict


@dataclass(frozen=True, slots=True)
class Target:
    """Which database was meant. Enough to tell it from every other one; never a secret."""

    host: str
    port: int
    database: str
    role: str
    server_version: str
    system_identifier: str


@dataclass(frozen=True, slots=True)
class Step:
    """One revision that a release has to run. `path` is the name of its script."""

    revision: str
    message: str
    path: str


@dataclass(frozen=True, slots=True)
class Plan:
    """From which revisions to which one, by which steps, oldest first. Of several branches `head` names each one's."""

    current: tuple[str, ...]
    head: str
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Blamed:
    """One difference, the revision that should have made the object, and how bad the difference is."""

    change: Change
    maker: str | None
    signal: Signal


@dataclass(frozen=True, slots=True)
class Verification:
    """How the live schema compares with what the chain defines at a revision.

    `claimed` is the revision that the comparison was made at; `located` names the revisions whose schema the
    live one resembles most, and `is_located` whether it equals theirs.
    """

    claimed: tuple[str, ...]
    drift: tuple[Blamed, ...]
    compared_objects: int
    located: tuple[str, ...] = ()
    is_located: bool = False


@dataclass(frozen=True, slots=True)
class AppliedStep:
    """A revision that ran, with what the database says of it afterwards."""

    step: Step
    seconds: float
    is_done: bool
    output: str = ""


@dataclass(frozen=True, slots=True)
class Stage:
    """One line of the timeline. Times are seconds since the release began."""

    check: Check
    began: float
    seconds: float
    signal: Signal
    summary: str


@dataclass(frozen=True, slots=True)
class TableRows:
    """How many rows of a table are in a backup."""

    table: str
    rows: int


@dataclass(frozen=True, slots=True)
class Backup:
    """What is kept, before the revisions run, of the tables that lose something by them.

    `way` is "dump" or "command", `place` the folder or the program. Until `is_made` it is a plan. A dump has its
    `file` then, with its rows as they came back from it, and the command line that restores it.
    """

    way: str
    place: str
    tables: tuple[str, ...]
    is_made: bool = False
    file: str | None = None
    bytes: int | None = None
    rows: tuple[TableRows, ...] = ()
    restore: str | None = None


@dataclass(frozen=True, slots=True)
class ReleaseRecord:
    """Everything that one run of the guard did and found out.

    A part is None where its stage did not run. `unproved` lists, in words, what the verdict does not cover.
    `statements` are those of the pending revisions that reach a table which is there already, `weights` those tables.
    """

    id: str
    command: str
    project: str
    tool_version: str
    began: datetime
    seconds: float
    verdict: Verdict
    timeline: tuple[Stage, ...]
    target: Target | None = None
    plan: Plan | None = None
    before: Verification | None = None
    statements: tuple[Statement, ...] = ()
    weights: tuple[Weight, ...] = ()
    hazards: tuple[Hazard, ...] = ()
    remarks: tuple[Remark, ...] = ()
    backup: Backup | None = None
    applied: tuple[AppliedStep, ...] = ()
    after: Verification | None = None
    mapped_classes: int | None = None
    asked_before: Asked | None = None
    asked_after: Asked | None = None
    expected_build: str | None = None
    unproved: tuple[str, ...] = ()
