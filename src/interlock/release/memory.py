"""What was found out of a project before, kept as long as nothing that its code has read has changed.

It is a cache and nothing else: without it, or where it cannot be read, everything is found out anew.
"""

import hashlib
import json
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from interlock import __version__
from interlock.chain.inputs import Inputs
from interlock.chain.project import Project

FORMAT = 4
KEEPS = 8
"""How many projects (or states of one) are remembered for this user."""

# They differ from one run to the next, and tell a project's code nothing.
_PASSING = frozenset(
    {
        *("_", "COLUMNS", "DATABASE_URL", "HOSTNAME", "LINES", "NO_COLOR", "OLDPWD", "PWD", "PYTEST_CURRENT_TEST"),
        *("SHLVL", "TERM", "TMPDIR", "WINDOWID", "INVOCATION_ID", "JOURNAL_STREAM", "XDG_SESSION_ID"),
    }
)
_PASSING_PREFIXES = ("INTERLOCK_", "SSH_", "CI_JOB_", "GITHUB_RUN_", "PYTEST_XDIST_")


class Memory:
    """One file, for one project as it is described and one kind of scratch server."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def recall(self) -> Mapping[str, Any] | None:
        """What was kept, None where there is nothing or something has changed since."""
        try:
            kept = json.loads(self._file.read_text(encoding="utf-8"))
            inputs = Inputs(**kept["inputs"])
            if kept["format"] != FORMAT or not inputs.are_unchanged():
                return None
        except (OSError, ValueError, KeyError, TypeError):
            return None
        with suppress(OSError):
            self._file.touch()  # the one that was used longest ago goes first
        found: Mapping[str, Any] = kept["found"]
        return found

    def keep(self, found: Mapping[str, Any], inputs: Inputs) -> None:
        """Keep what was found out. Where that cannot be done, nothing is kept."""
        text = json.dumps({"format": FORMAT, "inputs": asdict(inputs), "found": found})
        half_written = self._file.with_suffix(f".{os.getpid()}")
        with suppress(OSError):
            self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            half_written.write_text(text, encoding="utf-8")
            half_written.rename(self._file)
            _forget_the_oldest(self._file.parent)


def memory_of(project: Project, scratch_server: str, names: tuple[object, ...]) -> Memory:
    """Where what is known of a project is kept.

    `scratch_server` is its version; `names` are how the target resolves them: the search path and its schemas.
    """
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in _PASSING and not name.startswith(_PASSING_PREFIXES)
    }
    told = (FORMAT, __version__, sys.version, version("alembic"), version("sqlalchemy"), str(project), scratch_server)
    baseline = project.baseline.read_bytes() if project.baseline.is_file() else b""
    digest = hashlib.blake2b(repr((told, baseline, names, sorted(environment.items()))).encode()).hexdigest()[:32]
    return Memory(_folder() / f"{digest}.json")


def _folder() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "interlock" / "chains"


def _forget_the_oldest(folder: Path) -> None:
    files = sorted(folder.glob("*.json"), key=lambda file: file.stat().st_mtime, reverse=True)
    for file in files[KEEPS:]:
        file.unlink(missing_ok=True)
