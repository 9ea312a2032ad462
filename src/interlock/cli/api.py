"""The server process of the control plane, on this machine."""

import errno
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from interlock import __version__
from interlock.errors import ExitCode, InterlockError, InvalidSetting, conceal
from interlock.postgres.interrupts import hold_interrupts
from interlock.postgres.url import DatabaseUrl

HOST = "127.0.0.1"
# So begins what the application says where it cannot be made (`interlock.asgi`).
OWN_WORDS = "interlock: "
STARTS_WITHIN_SECONDS = 20.0
# Open requests get that long to end.
ENDS_REQUESTS_WITHIN_SECONDS = 3
STOPS_WITHIN_SECONDS = 6.0
# An API whose `interlock up` was killed ends by itself, and needs a moment for it.
FREES_PORT_WITHIN_SECONDS = 1.5


class PortTaken(InterlockError):
    """Somebody else listens where the API is to be served."""

    exit_code = ExitCode.USAGE

    def __init__(self, port: int) -> None:
        super().__init__(
            problem=f"port {port} of {HOST} is taken: another program listens there",
            remedy="stop that program, or serve on another port with --port",
        )


class ApiDidNotStart(InterlockError):
    """The server process of the control plane did not come up."""

    def __init__(self, log: Path, last_words: str) -> None:
        super().__init__(
            problem=f"the API did not come up: {last_words or 'it said nothing'}",
            remedy=f"look into {log}",
        )


class ApiEnded(InterlockError):
    """The server process of the control plane came up, and is gone."""

    def __init__(self, log: Path) -> None:
        super().__init__(problem="the API has ended by itself", remedy=f"look into {log}, then start it again")


@dataclass(frozen=True, slots=True)
class Api:
    """A running server process of the control plane."""

    process: subprocess.Popen[bytes]
    port: int
    build: str
    log: Path
    secrets: frozenset[str] = field(repr=False)

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    def wait_until_alive(self) -> None:
        """Return when it answers. Raises ApiDidNotStart."""
        deadline = time.monotonic() + STARTS_WITHIN_SECONDS
        while not self._is_alive():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise ApiDidNotStart(self.log, self.last_words())
            time.sleep(0.05)

    def last_words(self) -> str:
        """What it says of itself, else the last line that it printed; without secrets."""
        lines = self.log.read_text(errors="replace").strip().splitlines() or [""]
        own = [line.removeprefix(OWN_WORDS) for line in lines if line.startswith(OWN_WORDS)]
        return conceal((own or lines)[-1].strip(), self.secrets)

    def _is_alive(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/livez", timeout=1) as answer:  # noqa: S310 - our own
                return bool(answer.status == 200)
        except OSError:
            return False


def new_build() -> str:
    """A build id that no other process has, so that an old instance cannot vouch for this one."""
    return f"{__version__}+{secrets.token_hex(4)}"


def require_free_port(port: int) -> None:
    """Raise PortTaken unless the port can be listened on, now or in a moment."""
    deadline = time.monotonic() + FREES_PORT_WITHIN_SECONDS
    while not _is_free(port):
        if time.monotonic() > deadline:
            raise PortTaken(port)
        time.sleep(0.1)


def _is_free(port: int) -> bool:
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((HOST, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return False
            raise InvalidSetting(
                f"port {port} of {HOST} cannot be listened on: {error.strerror}",
                "serve on another port with --port; below 1024 they are for root alone",
            ) from error
    return True


@contextmanager
def run_api(url: DatabaseUrl, port: int, folder: Path, build: str) -> Iterator[Api]:
    """Start the API in a process of its own, and stop it at the end. It comes up while the caller goes on."""
    log = folder / "api.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "uvicorn", "--factory", "interlock.asgi:create_for_parent"),
                # The application logs its answers itself, without the query: tokens of invitations are in queries.
                *("--host", HOST, "--port", str(port), "--no-server-header", "--no-access-log"),
                *("--timeout-graceful-shutdown", str(ENDS_REQUESTS_WITHIN_SECONDS)),
            ],
            env={
                **os.environ,
                "DATABASE_URL": url.as_text(),
                "INTERLOCK_TOKEN_KEY": read_or_make_secret(folder / "token.key"),
                "INTERLOCK_BUILD": build,
            },
            # It ends when this pipe does: should we be killed, nothing of ours holds the port.
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            # Ctrl-C in the terminal is for us: we stop it when we are done.
            start_new_session=True,
        )
        try:
            yield Api(process, port, build, log, url.secrets)
        finally:
            with hold_interrupts():
                _stop(process)


def read_or_make_secret(file: Path) -> str:
    """Read a secret that only this user may read; make it if it is not there yet."""
    if not file.exists():
        write_privately(file, secrets.token_urlsafe(48))
    return file.read_text()


def write_privately(file: Path, text: str) -> None:
    """Write a file that nobody but this user ever could read, and that is whole or not there."""
    half_written = file.with_name(f"{file.name}.new")
    descriptor = os.open(half_written, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as stream:
        stream.write(text)
    half_written.rename(file)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    if process.stdin:
        process.stdin.close()
    try:
        process.wait(STOPS_WITHIN_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
