"""One family of errors: what went wrong, and what to do next.

An error stops the work; what the work found out is a finding (`interlock.verdict`).
"""

from collections.abc import Iterable
from enum import IntEnum


class ExitCode(IntEnum):
    """What a command's exit code says."""

    CLEAR = 0
    STOP = 1
    USAGE = 2
    CAUTION = 3
    UNREACHABLE = 4
    INTERNAL = 70
    TRY_AGAIN_LATER = 75
    INTERRUPTED = 130


class InterlockError(Exception):
    """Something that stops the work: a problem in one sentence, and a remedy in another."""

    exit_code = ExitCode.STOP

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(problem)
        self.problem, self.remedy = problem, remedy


class InvalidSetting(InterlockError):
    """A setting, an option or an argument that cannot be used as it is."""

    exit_code = ExitCode.USAGE


class Unreachable(InterlockError):
    """The server did not answer, or did not let us in."""

    exit_code = ExitCode.UNREACHABLE


class ReleaseInProgress(InterlockError):
    """Another session holds the release lock of this database."""

    exit_code = ExitCode.TRY_AGAIN_LATER


def conceal(text: str, secrets: Iterable[str]) -> str:
    """Take secrets out of a text that somebody else wrote: a driver, a server, a project's script."""
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, "***")
    return text
