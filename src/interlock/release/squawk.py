"""Squawk's findings beside ours, where it is installed: it reads the statements and knows no table's size or use."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
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


def remarks_of_squawk(squawk: Path, statements: Sequence[Statement], major: int) -> tuple[Remark, ...] | None:
    """Have each revision's statements read, in its transactions. None where squawk gave no answer that can be read."""
    remarks: list[Remark] = []
    for _, of_revision in groupby(statements, key=lambda each: each.revision):
        told = _read(squawk, tuple(of_revision), major)
        if told is None:
            return None
        remarks += told
    return tuple(remarks)


def _read(squawk: Path, statements: Sequence[Statement], major: int) -> list[Remark] | None:
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
        found = json.loads(done.stdout)
        return [
            Remark("squawk", each["rule_name"], statement, each["message"])
            for each in found
            if each["rule_name"] != _SYNTAX and (statement := lines[each["line"]])
        ]
    except (OSError, subprocess.TimeoutExpired, ValueError, LookupError, TypeError):
        return None


def _script(statements: Sequence[Statement]) -> Iterator[tuple[str, Statement | None]]:
    """The statements as one file, with the transactions that they were sent in."""
    for transaction, of_it in groupby(statements, key=lambda each: each.transaction):
        if transaction is not None:
            yield "begin;\n", None
        for each in of_it:
            yield each.sql.strip().rstrip(";") + "\n;\n", each
        if transaction is not None:
            yield "commit;\n", None
