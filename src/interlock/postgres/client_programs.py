"""The programs of PostgreSQL's client: which of those on this machine understands a server, and how it connects."""

import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from interlock.errors import InterlockError
from interlock.postgres.embedded import NoServerBinaries, installed_binaries
from interlock.postgres.session import CONNECTS_WITHIN_SECONDS, KEEPALIVES
from interlock.postgres.url import DatabaseUrl

_ANSWERS_WITHIN_SECONDS = 10
_COMPLAINT = re.compile(
    r"(?m)^pg_\w+: (?:error|fatal): (?:query failed: |could not execute query: )?(?:ERROR:\s+)?(.+)$"
)
_VERSION = re.compile(r"\(PostgreSQL\) ((\d+)\S*)")


class NoClientProgram(InterlockError):
    """No program of that name is here that understands the server."""

    def __init__(self, name: str, major: int, newest: "ClientProgram | None") -> None:
        found = f"the newest here is of {newest.version}" if newest else "none is here"
        super().__init__(
            problem=f"a backup needs {name} of PostgreSQL {major} or later, and {found}; nothing was changed",
            remedy=f"install the client of PostgreSQL {major} (Debian: postgresql-client-{major}), "
            "or pip install 'interlock[embedded]'; or let a program of yours do it: [backup] command",
        )


@dataclass(frozen=True, slots=True)
class ClientProgram:
    """A program and the version of PostgreSQL that it is of."""

    path: Path
    version: str
    major: int


def find_client_program(name: str, major: int) -> ClientProgram:
    """Find one that understands a server of this major: the newest on PATH, else the embedded one.

    One that is older than its server refuses to work with it. Raises NoClientProgram.
    """
    on_path = list(filter(None, map(_ask, _on_path(name))))
    newest = max(on_path, key=lambda each: each.major, default=None)
    if newest and newest.major >= major:
        return newest
    with suppress(NoServerBinaries):
        embedded = _ask(installed_binaries() / name)
        if embedded and embedded.major >= major:
            return embedded
    raise NoClientProgram(name, major, newest)


def client_environment(url: DatabaseUrl) -> dict[str, str]:
    """The environment in which such a program opens a database: what is secret is here, and not among its words."""
    ours = {
        # Debian has one word for all versions, which takes that of a cluster on this machine unless it sees a host.
        "PGHOST": url.host,
        # Its messages are looked through.
        "LC_ALL": "C",
        "PG_COLOR": "never",
    }
    password = {"PGPASSWORD": url.password} if url.password else {}
    return {**os.environ, **ours, **password}


def client_words(url: DatabaseUrl) -> tuple[str, ...]:
    """The words of the command line that name a database; no secret is among them."""
    conninfo = f"{KEEPALIVES} connect_timeout={CONNECTS_WITHIN_SECONDS} {url.open_conninfo}"
    return ("--no-password", f"--dbname={conninfo}")


def complaints(said: str) -> list[str]:
    """The errors among what such a program has printed, each in a line."""
    return _COMPLAINT.findall(said)


def _on_path(name: str) -> Iterator[Path]:
    for folder in os.environ.get("PATH", os.defpath).split(os.pathsep):
        program = Path(folder) / name
        if folder and os.access(program, os.X_OK) and program.is_file():
            yield program


def _ask(program: Path) -> ClientProgram | None:
    """Ask a program for its version; None where it does not tell."""
    try:
        told = subprocess.run(
            [str(program), "--version"],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_ANSWERS_WITHIN_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = _VERSION.search(told.stdout)
    return ClientProgram(program, found[1], int(found[2])) if found else None
