"""The tools that are compared: each is asked about two databases, and what it says is a set of lines."""

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import psycopg

from bench.drift.databases import dump_schema
from bench.drift.mutations import Damage
from bench.drift.projects import REPOSITORY, Project, with_driver
from interlock.errors import InterlockError
from interlock.postgres.url import DatabaseUrl
from interlock.release.compare import compare
from interlock.report.change import change_as_json

Difference = Mapping[str, Any]


# The exit codes of `interlock drift` that are answers.
IN_STEP, DRIFT = 0, 1


class Failed(Exception):
    """A tool ended without an answer."""


class Tool(Protocol):
    """One way to compare two databases. A slow one takes seconds."""

    name: str
    is_slow: bool

    def compare(self, project: Project, reference: DatabaseUrl, live: DatabaseUrl) -> list[Any]:
        """Say what differs, one line each; nothing where nothing does. Raises Failed."""

    def tells(self, said: list[Any], damage: Damage) -> bool:
        """Say whether what was said is about that damage."""


def names_object(said: list[str], damage: Damage) -> bool:
    """Say whether one of the lines has the own name of what was damaged, new or old, however it is quoted.

    A cast or a transform has no name, so any line is about it.
    """
    names = {name for name in (damage.named, damage.new_name) if name}
    spelled = names | {name.replace('"', '""') for name in names} | {name.replace("'", "''") for name in names}
    return any(not spelled or any(name in line for name in spelled) for line in said)


@dataclass(frozen=True)
class AlembicCheck:
    """`alembic check` in the project's own environment, with its own env.py: models against the live database."""

    name: str = "alembic check"
    is_slow: bool = True

    def compare(self, project: Project, reference: DatabaseUrl, live: DatabaseUrl) -> list[str]:
        environment = project.environment_for(reference.database)
        done = project.run("check", live, SYNTHETIC_REFERENCE=with_driver(reference), **environment)
        found = [line for line in done.stdout.splitlines() if line.startswith("difference: ")]
        if done.returncode and not found:
            raise Failed(done.stderr[-500:])
        return found

    def tells(self, said: list[str], damage: Damage) -> bool:
        return names_object(said, damage)


@dataclass(frozen=True)
class PgDelta:
    """`pgdelta diff` of @supabase/pg-delta."""

    commands: Path
    name: str = "pg-delta"
    is_slow: bool = True

    def compare(self, project: Project, reference: DatabaseUrl, live: DatabaseUrl) -> list[str]:  # noqa: ARG002
        command = [str(self.commands / "pgdelta"), "diff", "--source", reference.as_text(), "--desired", live.as_text()]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise Failed(done.stderr[-500:])
        # An object is in one line, four spaces in; what stands before is how it differs and of what kind it is.
        return [line for line in done.stdout.splitlines() if line.startswith("    ")]

    def tells(self, said: list[str], damage: Damage) -> bool:
        return names_object(said, damage)


@dataclass(frozen=True)
class Migra:
    """`migra` of @pgkit/migra, with privileges."""

    commands: Path
    name: str = "migra"
    is_slow: bool = True

    def compare(self, project: Project, reference: DatabaseUrl, live: DatabaseUrl) -> list[str]:  # noqa: ARG002
        options = ["--unsafe", "--with-privileges"]
        command = [str(self.commands / "migra"), "run", reference.as_text(), live.as_text(), *options]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise Failed(done.stderr[:500])
        return [line for line in done.stdout.splitlines() if line.strip()]

    def tells(self, said: list[str], damage: Damage) -> bool:
        return names_object(said, damage)


@dataclass(frozen=True)
class TextDiff:
    """The lines that only one of two dumps has, as `diff` finds them.

    Where `known` is given, each reference is dumped once: nobody changes it while the bench runs.
    """

    known: dict[str, str] | None = None
    name: str = "diff of two pg_dump"
    is_slow: bool = False

    def compare(self, project: Project, reference: DatabaseUrl, live: DatabaseUrl) -> list[str]:  # noqa: ARG002
        known = {} if self.known is None else self.known
        with tempfile.TemporaryDirectory() as folder:
            before, after = Path(folder, "reference"), Path(folder, "live")
            if reference.database not in known:
                known[reference.database] = _comparable(dump_schema(reference))
            before.write_text(known[reference.database])
            after.write_text(_comparable(dump_schema(live)))
            found = subprocess.run(["diff", str(before), str(after)], capture_output=True, text=True, check=False)
        return [line for line in found.stdout.splitlines() if line.startswith(("<", ">"))]

    def tells(self, said: list[str], damage: Damage) -> bool:  # noqa: ARG002
        """Whatever it says: a statement of a dump can span lines, and the one that differs need not have the name."""
        return bool(said)


def _comparable(dumped: str) -> str:
    """A dump without the key that is another one each time."""
    return re.sub(r"(?m)^\\(un)?restrict .*$", "", dumped)


@dataclass(frozen=True)
class InterlockDrift:
    """Ours, in process."""

    name: str = "interlock drift"
    is_slow: bool = False

    def compare(self, project: Project, reference: DatabaseUrl, live: DatabaseUrl) -> list[Difference]:  # noqa: ARG002
        return differences(reference, live)

    def tells(self, said: list[Difference], damage: Damage) -> bool:
        """Hold it to more than the others: the kind of object, its whole name, how it departs, and in what."""
        return any(_is_about(difference, damage) for difference in said)


def _is_about(difference: Difference, damage: Damage) -> bool:
    kind = damage.kind
    if difference["kind"] not in kind.object_kinds:
        return False
    if damage.new_name and difference["change"] == "Unexpected":
        return damage.new_name in (difference["item"], difference["table"])
    return (
        difference["change"] == kind.change
        and (not damage.table or _own_name(difference["table"], difference["kind"]) == damage.table)
        and difference["schema"] == (damage.schema or "")
        and difference["item"] == (damage.item or "")
        and (not kind.attributes or not kind.attributes.isdisjoint(difference["differs_in"]))
    )


# What else stands in the name of an object, after its own.
_SIGNATURES = {
    **dict.fromkeys(("function", "procedure", "aggregate", "operator"), "("),
    **dict.fromkeys(("operator class", "operator family"), " using "),
    "user mapping": " for ",
}


def _own_name(name: str, object_kind: str) -> str:
    return name.partition(_SIGNATURES[object_kind])[0] if object_kind in _SIGNATURES else name


def differences(reference: DatabaseUrl, live: DatabaseUrl) -> list[Difference]:
    """Compare two databases as the command does, and have its server try what has to be. Raises Failed."""
    try:
        comparison = compare(reference, live, scratch_server=reference.with_database("postgres"))
    except (InterlockError, psycopg.Error) as error:
        raise Failed(str(error)) from error
    if comparison.could_not_tell:
        raise Failed("; ".join(comparison.could_not_tell))
    return [change_as_json(change) for change in comparison.changes]


def differences_by_command(reference: DatabaseUrl, live: DatabaseUrl) -> list[Difference]:
    """Compare two databases by the command itself. Raises Failed where it could not tell."""
    urls = ("--reference", reference.as_text(), "--live", live.as_text())
    done = subprocess.run(
        [sys.executable, "-m", "interlock", "drift", "--format", "json", *urls],
        cwd=REPOSITORY,
        env={**os.environ, "INTERLOCK_SCRATCH_URL": reference.with_database("postgres").as_text()},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode not in (IN_STEP, DRIFT):
        raise Failed(done.stderr[-500:] or done.stdout[-500:])
    found: list[Difference] = json.loads(done.stdout)["differences"]
    return found
