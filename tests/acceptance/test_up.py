"""interlock up, as a person starts and stops it: real processes, one folder, three starts."""

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from interlock.errors import ExitCode

UP = [sys.executable, "-m", "interlock", "up"]


@dataclass(frozen=True)
class Ended:
    """How an `interlock up` ended, and what it left running."""

    code: int
    out: str
    left: list[str]
    seconds: float = 0.0

    @property
    def lines(self) -> list[str]:
        return [line for line in self.out.splitlines() if line.strip()]

    @property
    def error(self) -> list[str]:
        """What it said, without the progress before it."""
        return [line for line in self.lines if not line.startswith("starting PostgreSQL")]


@dataclass
class Up:
    """A running `interlock up`."""

    process: subprocess.Popen[str]
    folder: Path
    port: int
    out: str = ""

    def wait_until(self, text: str) -> None:
        for line in self.process.stdout:
            self.out += line
            if text in line:
                return
        pytest.fail(f"it ended before it said {text!r}:\n{self.out}")

    def status(self, path: str) -> int:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
            return answer.status

    def sign_in(self) -> int:
        credentials = (self.folder / ".interlock" / "administrator.json").read_bytes()
        address = f"http://127.0.0.1:{self.port}/api/v1/sign-in"
        request = urllib.request.Request(address, credentials, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310 - our own
            return answer.status

    def send(self, number: int) -> Ended:
        began = time.monotonic()
        self.process.send_signal(number)
        self.out += self.process.stdout.read()
        code = self.process.wait(30)
        return Ended(code, self.out, running_in(self.folder, self.port), time.monotonic() - began)


def free_port() -> int:
    """A port that nobody listens on, and that the kernel gives to nobody while we are between two starts."""
    while True:
        port = random.randrange(20_000, 30_000)  # noqa: S311 - no secret
        with socket.socket() as trial, suppress(OSError):
            trial.bind(("127.0.0.1", port))
            return port


def running_in(folder: Path, port: int) -> list[str]:
    """The commands of the processes that belong to a folder or its port."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            words = process.cmdline()
            if process.pid != os.getpid() and (str(port) in words or any(str(folder) in word for word in words)):
                found.append(" ".join(words))
    return found


@contextmanager
def starting(folder: Path, port: int) -> Iterator[Up]:
    process = subprocess.Popen(
        [*UP, "-C", folder, "--port", str(port)],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield Up(process, folder, port)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.wait(30)
        process.stdout.close()


def start(folder: Path, port: int, **more: str) -> Ended:
    """Start where it is not to come up."""
    done = subprocess.run(
        [*UP, "-C", folder, "--port", str(port)],
        env={**environment(), **more},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=False,
    )
    return Ended(done.returncode, done.stdout, running_in(folder, port))


def environment() -> dict[str, str]:
    ours = ("INTERLOCK_", "DATABASE_URL")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)} | {"PYTHONUNBUFFERED": "1"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("project")


@pytest.fixture(scope="module")
def port() -> int:
    return free_port()


@dataclass(frozen=True)
class First:
    """The first start in a folder, and what was tried while it served."""

    ended: Ended
    statuses: list[int]
    another: Ended
    statuses_after_another: list[int]
    log: str


@pytest.fixture(scope="module")
def first(folder: Path, port: int) -> First:
    with starting(folder, port) as up:
        up.wait_until("sign in ")
        statuses = [up.status("/readyz"), up.sign_in()]
        up.status("/sign-in?next=/invitation%3Ftoken%3Da-secret-in-a-query")
        another = start(folder, free_port())
        after = [up.status("/readyz"), up.sign_in()]
        log = (folder / ".interlock" / "api.log").read_text()
        return First(up.send(signal.SIGINT), statuses, another, after, log)


@pytest.fixture(scope="module")
def second(first: First, folder: Path, port: int) -> Ended:  # noqa: ARG001 - it comes after it
    """The second start; killed without a chance to stop what it started."""
    with starting(folder, port) as up:
        up.wait_until("sign in ")
        return up.send(signal.SIGKILL)


@pytest.fixture(scope="module")
def third(second: Ended, folder: Path, port: int) -> Ended:  # noqa: ARG001 - it comes after it
    """The start after that kill, in a folder that has forgotten the administrator."""
    (folder / ".interlock" / "administrator.json").unlink()
    with starting(folder, port) as up:
        up.wait_until("at the next start")
        return up.send(signal.SIGTERM)


def test_the_first_start_is_clear_and_served(first: First, folder: Path):
    record = json.loads((folder / "interlock-report" / "report.json").read_text())

    assert record["verdict"]["signal"] == "CLEAR"
    assert "7 revisions" in first.ended.out or "revisions run" in first.ended.out
    assert first.statuses == [200, 200]


def test_the_password_is_told_once_and_later_where_it_is_kept(first: First, second: Ended):
    told = next(line for line in first.ended.lines if line.startswith("sign in "))
    password = told.partition("password ")[2].split()[0]

    assert len(password) >= 20
    assert first.ended.out.count(password) == 1
    assert password not in second.out
    assert "with the password in .interlock/administrator.json" in second.out


def test_the_log_tells_what_was_asked_for_and_no_query(first: First):
    assert "/invitation" in first.log
    assert "a-secret-in-a-query" not in first.log


@pytest.mark.usefixtures("first")
def test_what_is_kept_is_for_this_user_alone(folder: Path):
    kept = [folder / ".interlock" / name for name in ("token.key", "database-url", "postgres/password")]

    assert [oct(file.stat().st_mode & 0o777) for file in kept] == ["0o600"] * 3


def test_ctrl_c_stops_everything_within_seconds(first: First):
    assert first.ended.code == ExitCode.CLEAR
    assert first.ended.left == []
    assert first.ended.seconds < 10


def test_another_start_in_the_same_folder_is_refused_and_does_no_harm(first: First):
    assert first.another.code == ExitCode.TRY_AGAIN_LATER
    assert len(first.another.lines) == 2
    assert "is up already" in first.another.out
    assert first.statuses_after_another == [200, 200]


def test_the_second_start_finds_nothing_to_do_and_is_clear(second: Ended):
    assert "CLEAR" in second.out
    assert "nothing to do" in second.out
    assert "revisions run" not in second.out


def test_the_start_after_a_kill_recovers_by_itself(third: Ended):
    assert third.out.count("serving ") == 1
    assert third.left == []


def test_a_forgotten_administrator_is_caution_and_says_what_to_do(third: Ended):
    assert "CAUTION" in third.out
    assert "CLEAR  " not in third.out
    assert "write .interlock/administrator.json" in third.out
    assert third.code == ExitCode.CLEAR  # what was stopped was serving


@pytest.mark.usefixtures("third")
def test_an_api_that_does_not_come_up_is_one_error(folder: Path, port: int):
    key = folder / ".interlock" / "token.key"
    kept = key.read_text()
    key.write_text("short")

    ended = start(folder, port)

    key.write_text(kept)
    assert ended.code == ExitCode.STOP
    assert ended.error[0] == "error: the API did not come up: the token key is shorter than 32 bytes"
    assert len(ended.error) == 2
    assert ended.left == []


@pytest.mark.usefixtures("third")
def test_an_api_that_cannot_be_imported_is_one_error(folder: Path, port: int, tmp_path: Path):
    broken = "import sys\nif 'uvicorn' in sys.orig_argv:\n    sys.modules['fastapi'] = None\n"
    (tmp_path / "sitecustomize.py").write_text(broken)

    ended = start(folder, port, PYTHONPATH=str(tmp_path))

    assert ended.code == ExitCode.STOP
    assert "the API did not come up: ModuleNotFoundError: import of fastapi" in ended.error[0]
    assert len(ended.error) == 2
    assert ended.left == []


def test_a_port_of_another_program_is_named(tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        port = stranger.getsockname()[1]

        ended = start(tmp_path, port)

    assert ended.code == ExitCode.USAGE
    assert ended.lines == [
        f"error: port {port} of 127.0.0.1 is taken: another program listens there",
        "next:  stop that program, or serve on another port with --port",
    ]


def test_a_file_in_the_place_of_the_folder_is_named(tmp_path: Path, port: int):
    (tmp_path / ".interlock").touch()

    ended = start(tmp_path, port)

    assert ended.code == ExitCode.USAGE
    assert "it is a file" in ended.lines[0]
    assert len(ended.lines) == 2


def test_a_database_that_cannot_be_reached_is_named_without_its_password(tmp_path: Path, port: int):
    ended = start(tmp_path, port, DATABASE_URL=f"postgresql://app:top-secret@127.0.0.1:{free_port()}/app")

    assert ended.code == ExitCode.UNREACHABLE
    assert len(ended.lines) == 2
    assert "top-secret" not in ended.out
    assert ended.left == []


@pytest.mark.parametrize("after", [0.05, 0.5, 1.5, 3.0])
def test_ctrl_c_stops_everything_at_any_moment(tmp_path: Path, after: float):
    port = free_port()
    with starting(tmp_path, port) as up:
        time.sleep(after)

        ended = up.send(signal.SIGINT)

    assert ended.code != ExitCode.CLEAR
    assert "Traceback" not in ended.out or after == 0.05  # before the first line of ours Python itself answers
    assert ended.left == []
    assert ended.seconds < 10
