"""How a run is shown: progress while it works, then the verdict and where the reports are."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.status import Status

from interlock.errors import ExitCode, InterlockError, InvalidSetting
from interlock.release.logbook import Outcome
from interlock.release.record import ReleaseRecord, Stage
from interlock.report.html import as_html
from interlock.report.json import as_json
from interlock.report.junit import as_junit
from interlock.report.markdown import as_markdown
from interlock.report.text import as_text
from interlock.verdict.finding import Check, Signal

FORMATS: dict[str, Callable[[ReleaseRecord], str]] = {
    "report.html": as_html,
    "report.md": as_markdown,
    "report.json": as_json,
    "report.junit.xml": as_junit,
}

_MARKS = {Signal.CLEAR: "[green]●[/]", Signal.CAUTION: "[yellow]▲[/]", Signal.STOP: "[red]■[/]"}
# What comes before the gate takes moments, and what goes wrong there is told in full at the end. In a log only
# the stages that touch the target are told while they run.
_TOLD_IN_A_LOG = {Check.APPLY, Check.VERIFY_AFTER, Check.DEPLOY, Check.PROBE_AFTER}


class TerminalProgress:
    """Shows each stage as it ends, and what the running one does, on a terminal; a few lines in a log."""

    def __init__(self, console: Console) -> None:
        self._console, self._running = console, Check.CONNECT
        self._status = Status("", console=console) if console.is_terminal else None

    def began(self, check: Check) -> None:
        self._running = check
        if self._status:
            self._status.update(f"{check} ...")
            self._status.start()

    def tells(self, text: str) -> None:
        if self._status:
            self._status.update(f"{self._running}: {text}")
        elif self._running in {Check.APPLY, Check.LOCK}:
            self._console.print(f"{self._running}: {text}", highlight=False, markup=False)

    def ended(self, stage: Stage) -> None:
        if self._status:
            self._status.stop()
        if self._status or stage.check in _TOLD_IN_A_LOG:
            mark = _MARKS[stage.signal]
            self._console.print(f"{mark} {stage.check:<14}", end="", highlight=False)
            self._console.print(f"{stage.seconds:6.1f} s  {stage.summary}", highlight=False, markup=False)


class Silence:
    """Shows nothing: the result alone is wanted."""

    def began(self, check: Check) -> None: ...

    def tells(self, text: str) -> None: ...

    def ended(self, stage: Stage) -> None: ...


@contextmanager
def report_folder(folder: Path) -> Iterator[Path]:
    """Make sure that the reports can be written, before anything is touched."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        trial = folder / ".interlock"
        trial.touch()
        trial.unlink()
    except OSError as error:
        raise InvalidSetting(
            f"the reports cannot be written to {folder}: {error.strerror}",
            "name a folder that can be written with --report",
        ) from None
    yield folder


def write_reports(record: ReleaseRecord, folder: Path) -> None:
    """Write the record in every format for files. Raises InterlockError where that fails."""
    try:
        for name, render in FORMATS.items():
            (folder / name).write_text(render(record), encoding="utf-8")
    except OSError as error:
        raise InterlockError(
            f"the reports could not be written to {folder}: {error.strerror}; the verdict above stands",
            "make room, or name another folder with --report",
        ) from None


def show_outcome(outcome: Outcome, folder: Path, *, is_json: bool = False) -> ExitCode:
    """Print the verdict and what led to it, write the reports, and give the exit code.

    The verdict is printed first: should the disk be full by now, it is not lost.
    """
    if is_json:
        print(as_json(outcome.record))  # noqa: T201 - the result itself
    elif outcome.error and not outcome.record.applied:
        # One thing stopped it before the target was touched: that thing, and nothing around it.
        print(f"STOP   {outcome.error.problem}\nnext   {outcome.error.remedy}", file=sys.stderr)  # noqa: T201
    else:
        _print_text(outcome.record)
    write_reports(outcome.record, folder)
    if not is_json:
        print(f"report {_short(folder / 'report.html')}", file=sys.stderr if outcome.error else sys.stdout)  # noqa: T201
    return outcome.exit_code


def _print_text(record: ReleaseRecord) -> None:
    console = Console()
    is_coloured = console.is_terminal and not os.environ.get("NO_COLOR")
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.write(as_text(record, width=console.width, colour=is_coloured, encoding=encoding))
    sys.stdout.flush()


def _short(path: Path) -> str:
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
