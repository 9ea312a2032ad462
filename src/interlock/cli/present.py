"""How a run is shown: progress while it works, then the verdict and where the reports are."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from threading import Lock, Timer

from rich.console import Console
from rich.markup import escape
from rich.status import Status
from rich.table import Table
from rich.text import Text

from interlock.chain.failures import ProjectFailed
from interlock.cli.options import is_debug
from interlock.errors import ExitCode, InterlockError, InvalidSetting
from interlock.release.logbook import Outcome, Progress
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
# In a log only the stages that touch the target, or ask for it, are told while they run; and what takes long.
_TOLD_IN_A_LOG = {Check.APPLY, Check.VERIFY_AFTER, Check.DEPLOY, Check.PROBE_AFTER}
LONG_SECONDS = 5.0


class TerminalProgress:
    """Shows on a terminal each stage as it ends, and what the running one does."""

    def __init__(self, console: Console) -> None:
        self._console, self._running = console, Check.CONNECT
        self._status = Status("", console=console)

    def began(self, check: Check) -> None:
        self._running = check
        self._status.update(f"{check} ...")
        self._status.start()

    def tells(self, text: str) -> None:
        self._status.update(f"{self._running}: {escape(text)}")

    def ended(self, stage: Stage) -> None:
        self._status.stop()
        _print_stage(self._console, stage)


class LogProgress:
    """Writes few lines to a log: what went well, and what goes on where nothing was written for some seconds."""

    def __init__(self, console: Console) -> None:
        self._console, self._running = console, Check.CONNECT
        self._quiet_since = time.monotonic()
        self._latest = ""
        self._alarm: Timer | None = None
        self._turn = Lock()

    def began(self, check: Check) -> None:
        self._running, self._quiet_since = check, time.monotonic()

    def tells(self, text: str) -> None:
        with self._turn:
            self._latest = f"{self._running}: {text} ..."
            # A chain of thousands of revisions tells as often: one alarm is enough for all that comes until then.
            if self._alarm is None:
                self._alarm = Timer(max(self._quiet_since + LONG_SECONDS - time.monotonic(), 0), self._write)
                self._alarm.daemon = True
                self._alarm.start()

    def _write(self) -> None:
        with self._turn:
            if self._alarm is None:
                return
            self._alarm, self._quiet_since = None, time.monotonic()
            line = self._latest
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)

    def ended(self, stage: Stage) -> None:
        with self._turn:
            if self._alarm is not None:
                self._alarm.cancel()
                self._alarm = None
        # What went wrong is told at the end, with what to do about it.
        if stage.check in _TOLD_IN_A_LOG and stage.signal is not Signal.STOP:
            _print_stage(self._console, stage)


def progress_here() -> Progress:
    """How progress is shown where standard output goes."""
    console = Console()
    return TerminalProgress(console) if console.is_terminal else LogProgress(console)


def _print_stage(console: Console, stage: Stage) -> None:
    if not console.is_terminal:  # a log has no width: a line of it is one line
        console.print(f"{_MARKS[stage.signal]} {stage.check:<14}", end="", highlight=False)
        console.print(f"{stage.seconds:6.1f} s  {stage.summary}", highlight=False, markup=False, soft_wrap=True)
        return
    line = Table.grid(padding=(0, 2, 0, 0))
    line.add_column(min_width=16)
    line.add_column(justify="right", min_width=6)
    line.add_column(overflow="fold")
    line.add_row(f"{_MARKS[stage.signal]} {stage.check}", f"{stage.seconds:.1f} s", Text(stage.summary))
    console.print(line, highlight=False)


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
        # Of its own: several runners may begin at the same instant.
        TemporaryFile(dir=folder).close()
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
    elif outcome.error:
        # One thing stopped it: that thing, and nothing around it; the report has the rest.
        print(f"STOP   {outcome.error.problem}\nnext   {outcome.error.remedy}", file=sys.stderr)  # noqa: T201
    else:
        print_text(outcome.record)
    if isinstance(outcome.error, ProjectFailed) and is_debug():
        print(outcome.error.failure.traceback, file=sys.stderr)  # noqa: T201 - asked for
    write_reports(outcome.record, folder)
    if not is_json:
        print(f"report {_short(folder / 'report.html')}", file=sys.stderr if outcome.error else sys.stdout)
    return outcome.exit_code


def print_text(record: ReleaseRecord) -> None:
    """Print all that a terminal gets of a record."""
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
