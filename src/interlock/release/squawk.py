"""Squawk's findings beside ours, where it is installed: it reads the statements and knows no table's size or use."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from interlock.hazards.remark import Remark
from interlock.hazards.statement import Statement

ANSWERS_WITHIN_SECONDS = 20.0

# A release sets a time-out for every lock and runs again what was cut short, so these would be wrong of any statement;
# and what the driver sends with placeholders is no fault of the statement.
NOT_OURS = "require-lock-timeout,require-statement-timeout,require-timeout-settings,prefer-robust-stmts"
OPTIONS = ("--reporter", "json", "--exclude", NOT_OURS, "--stdin-filepath", "revision.sql")
_SYNTAX = "syntax-error"


def find_squawk() -> Path | None:
    """Where squawk is: beside our own Python, or on the PATH."""
    beside = Path(sys.executable).with_name("squawk")
    found = str(beside) if beside.exists() else shutil.which("squawk")
    return Path(found) if found else None


@dataclass(frozen=True, slots=True)
class Said:
    """What squawk said, and how many of the statements it could not read."""

    remarks: tuple[Remark, ...]
    unread: int


def ask_squawk(squawk: Path, statements: Sequence[Statement], major: int) -> Said | None:
    """Have the statements read, in their transactions. None where squawk gave no answer that can be read."""
    readable = list(statements)
    while (found := _read(squawk, readable, major)) is not None:
        stumbled_over = {id(statement) for rule, statement, _ in found if rule == _SYNTAX}
        if not stumbled_over:
            return Said(tuple(Remark("squawk", *each) for each in found), len(statements) - len(readable))
        # As long as it stumbles anywhere, it says nothing of all the others.
        readable = [each for each in readable if id(each) not in stumbled_over]
    return None


def _read(squawk: Path, statements: Sequence[Statement], major: int) -> list[tuple[str, Statement, str]] | None:
    """Give rule, statement and message of each finding."""
    lines: list[Statement | None] = []
    text = ""
    for line, statement in _script(statements):
        text += line
        lines += [statement] * line.count("\n")
    try:
        done = subprocess.run(
            [squawk, *OPTIONS, "--pg-version", f"{major}.0"],
            input=text, capture_output=True, text=True, timeout=ANSWERS_WITHIN_SECONDS, check=False,
        )  # fmt: skip
        found = []
        for each in json.loads(done.stdout):
            statement, rule = lines[each["line"]], each["rule_name"]
            if statement:
                found.append((rule, statement, each["message"]))
            elif rule == _SYNTAX:
                return None
    except (OSError, subprocess.TimeoutExpired, ValueError, LookupError, TypeError):
        return None
    return found


def _script(statements: Sequence[Statement]) -> Iterator[tuple[str, Statement | None]]:
    """The statements as one file, with the transactions that they were sent in."""
    for (_, transaction), of_it in groupby(statements, key=lambda each: (each.revision, each.transaction)):
        if transaction is not None:
            yield "begin;\n", None
        for each in of_it:
            yield each.sql.strip().rstrip(";") + "\n;\n", each
        if transaction is not None:
            yield "commit;\n", None
