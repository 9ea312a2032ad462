"""A program that works for us: it has a time limit, says what went wrong, and ends when we do."""

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from interlock.errors import InterlockError
from interlock.postgres.interrupts import hold_interrupts

ENDS_WITHIN_SECONDS = 5.0
_KEPT_BYTES = 65_536
_LOOKS_EVERY_SECONDS = 0.05


class CannotRun(InterlockError):
    """A program cannot be started."""

    def __init__(self, program: str, reason: str) -> None:
        super().__init__(
            problem=f"{program} cannot be run: {reason}; nothing was changed",
            remedy="correct its path or its permissions, then run again",
        )


class RanTooLong(InterlockError):
    """A program did not end in time, and was ended."""

    def __init__(self, program: str, seconds: float) -> None:
        super().__init__(
            problem=f"{program} had not ended after {seconds:,.0f} s, and was ended; nothing was changed",
            remedy="find out what it waits for, then run again",
        )


@dataclass(frozen=True, slots=True)
class Ended:
    """How a program ended, and the end of what it printed: as it is, so a secret may be in it."""

    status: int
    said: str

    @property
    def last_words(self) -> str:
        """The last line that it printed."""
        return (self.said.strip().splitlines() or ["it said nothing"])[-1]


def run_program(
    argv: Sequence[str], environment: Mapping[str, str], *, limit_seconds: float, folder: Path | None = None
) -> Ended:
    """Run a program to its end, without a shell and without standard input. Raises CannotRun and RanTooLong.

    Whatever ends us meanwhile ends it too, with every process that it has started.
    """
    process: subprocess.Popen[bytes] | None = None
    try:
        with hold_interrupts():
            process = subprocess.Popen(
                argv,
                env=environment,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                # In a group of its own, which can be ended as a whole: a script waits for what it has started.
                start_new_session=True,
            )
        return _listen(process, argv[0], limit_seconds)
    except (OSError, ValueError) as error:
        raise CannotRun(argv[0], getattr(error, "strerror", None) or str(error)) from None
    finally:
        if process is not None:
            with hold_interrupts():
                _end(process)


def _listen(process: subprocess.Popen[bytes], program: str, limit_seconds: float) -> Ended:
    assert process.stdout is not None  # noqa: S101 - it is a pipe
    pipe = process.stdout.fileno()
    os.set_blocking(pipe, False)
    deadline, said = time.monotonic() + limit_seconds, b""
    while True:
        status = process.poll()  # asked first: what was said before it ended is there to be read
        heard = _read(pipe)
        said = (said + heard)[-_KEPT_BYTES:]
        if status is not None:
            return Ended(status, said.decode(errors="replace"))
        if time.monotonic() > deadline:
            raise RanTooLong(program, limit_seconds)
        if not heard:
            time.sleep(_LOOKS_EVERY_SECONDS)


def _read(pipe: int) -> bytes:
    try:
        return os.read(pipe, _KEPT_BYTES)
    except BlockingIOError:
        return b""


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.stdout is not None:
        process.stdout.close()
    if process.poll() is not None:
        return
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(ENDS_WITHIN_SECONDS)
    except subprocess.TimeoutExpired:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
