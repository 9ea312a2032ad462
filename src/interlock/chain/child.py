"""The guard's end of the child process: ask it, hear what the project's code printed, notice when it dies."""

import json
import os
import socket
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from typing import IO, Any, cast

from interlock.chain.mapped import Models
from interlock.chain.project import Project, fill_in
from interlock.chain.revisions import Chain, Revision
from interlock.errors import InterlockError, conceal
from interlock.postgres.session import IDENTITY
from interlock.postgres.url import DatabaseUrl

KEEPS_LINES = 200
ENDS_WITHIN_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Failure:
    """What went wrong in the project's code."""

    error: str
    message: str
    sqlstate: str | None = None
    statement: str | None = None
    place: str | None = None
    traceback: str = ""

    def __str__(self) -> str:
        where = f" ({self.place})" if self.place else ""
        return f"{self.message}{where}"


class ProjectFailed(InterlockError):
    """The project's code failed, or its process ended."""

    def __init__(self, doing: str, failure: Failure, remedy: str = "") -> None:
        super().__init__(
            problem=f"{doing} failed: {failure}",
            remedy=remedy or "correct it and run again; --debug shows the whole traceback",
        )
        self.failure = failure


class OpensAnotherDatabase(InterlockError):
    """env.py does not open the database that it is given."""

    def __init__(self) -> None:
        super().__init__(
            problem="env.py opens another database than the one it was given: it takes its URL from somewhere else",
            remedy='say in interlock.toml how it is told: [project.environment] NAME = "{url}", or x_arguments',
        )


class EnvDoesNotMigrate(InterlockError):
    """env.py ended without calling Alembic."""

    def __init__(self) -> None:
        super().__init__(
            problem="env.py ended without running context.run_migrations(): it would apply nothing, and say nothing",
            remedy="look for a condition around it in env.py, or an exception that env.py catches",
        )


@dataclass(frozen=True, slots=True)
class Environment:
    """What env.py configures."""

    version_table: str
    version_table_schema: str | None


class Child:
    """A running child process. It knows no database before `connect`."""

    def __init__(self, project: Project, stream: IO[str], process: subprocess.Popen[str], output: deque[str]) -> None:
        self._project, self._stream, self._process, self._output = project, stream, process, output
        self._secrets: frozenset[str] = frozenset()

    @property
    def output(self) -> str:
        """The last lines that the project's code printed, without secrets."""
        return conceal("\n".join(self._output), self._secrets)

    def connect(self, url: DatabaseUrl, identity: str) -> None:
        """Set the project's environment to this database; `identity` is what proves that env.py opened it."""
        self._secrets = url.secrets
        self._ask("preparing the project", "connect", _setup(self._project, url, identity))

    def describe(self) -> Chain:
        """Read the revisions of the chain. Raises ProjectFailed for a broken one."""
        answer = self._ask("reading the chain", "describe")
        revisions = (
            Revision(
                **{**each, "parents": tuple(each["parents"]), "dependencies": tuple(each["dependencies"])},
            )
            for each in answer["revisions"]
        )
        return Chain(tuple(revisions), tuple(answer["heads"]))

    def look(self) -> Environment:
        """Run env.py without a revision. Raises ProjectFailed, OpensAnotherDatabase, EnvDoesNotMigrate."""
        answer = self._ask("env.py", "look")
        if not answer["calls_alembic"]:
            raise EnvDoesNotMigrate
        return Environment(answer["version_table"], answer["version_table_schema"])

    def upgrade(self, revision: str) -> None:
        """Run one revision. Raises ProjectFailed. Whether it was committed is for the database to say."""
        self._ask(f"revision {revision}", "upgrade", revision)

    def begin_run(self) -> None:
        """Let the next revisions be those of a new `alembic upgrade`, which knows nothing of the ones before."""
        self._ask("env.py", "begin_run")

    def lay_foundation(self) -> None:
        """Make the tables that the chain takes for granted. Raises ProjectFailed."""
        self._ask("making the tables of [project] foundation", "lay_foundation")

    def describe_models(self) -> Models | None:
        """Describe the mapped classes; None where no metadata is known. Raises ProjectFailed."""
        answer = self._ask("loading the models", "describe_models")
        return Models.from_description(answer) if answer["metadata"] else None

    def _ask(self, doing: str, what: str, *arguments: object) -> Mapping[str, Any]:
        try:
            self._stream.write(json.dumps({"do": what, "with": arguments}) + "\n")
            self._stream.flush()
            line = self._stream.readline()
        except OSError:
            line = ""
        answer = json.loads(line) if line else self._last_words()
        if answer.get("error") == "AnotherDatabase":
            raise OpensAnotherDatabase
        if "error" in answer:
            told = {key: conceal(text, self._secrets) if text else text for key, text in answer.items()}
            raise ProjectFailed(doing, Failure(**told))
        return cast("Mapping[str, Any]", answer)

    def _last_words(self) -> Mapping[str, Any]:
        status = self._process.wait()
        said = f"; its last words: {self._output[-1]}" if self._output else ""
        return {"error": "Died", "message": f"the process ended with status {status}{said}"}


@contextmanager
def start_child(project: Project, application: str = "interlock") -> Iterator[Child]:
    """Start a process for the project's code, and end it afterwards. It gets ready while the caller goes on.

    `application` is the name that its sessions have on the server.
    """
    ours, theirs = socket.socketpair()
    with ours, theirs:
        process = subprocess.Popen(
            # -P: the folder it runs in may have a package named like one of ours (alembic/__init__.py).
            [sys.executable, "-P", "-m", "interlock.chain.worker", str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            cwd=project.folder,
            env={**os.environ, "PGAPPNAME": application, "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            # Ctrl-C in the terminal is for the guard: it ends this process when it has taken note.
            start_new_session=True,
        )
        theirs.close()
        output = deque[str](maxlen=KEEPS_LINES)
        listener = threading.Thread(target=_listen, args=(process.stdout, output.append), daemon=True)
        listener.start()
        try:
            with ours.makefile("rw", encoding="utf-8") as stream:
                yield Child(project, stream, process, output)
        finally:
            ours.shutdown(socket.SHUT_RDWR)
            _end(process)
            listener.join()


def _setup(project: Project, url: DatabaseUrl, identity: str) -> Mapping[str, Any]:
    text = url.as_text(_scheme_for_project(url))
    return {
        "url": text,
        "identity": identity,
        "identity_query": IDENTITY,
        "environment": {name: fill_in(template, url, text) for name, template in project.environment.items()},
        "config_file": str(project.config_file) if project.config_file else None,
        "toml_file": str(project.toml_file) if project.toml_file else None,
        "section": project.section,
        "script_location": project.script_location,
        "x_arguments": [fill_in(argument, url, text) for argument in project.x_arguments],
        "models": project.models,
        "foundation": project.foundation,
    }


def _scheme_for_project(url: DatabaseUrl) -> str:
    """The driver that the URL names; where it names none and SQLAlchemy's own choice is not there, psycopg 3."""
    if url.scheme != "postgresql":
        return url.scheme
    major, minor = (int(part) for part in version("sqlalchemy").split(".")[:2])
    default = "psycopg2" if (major, minor) < (2, 1) else "psycopg"
    return url.scheme if find_spec(default) else "postgresql+psycopg"


def _listen(pipe: IO[str], note: Callable[[str], None]) -> None:
    with pipe:
        for line in pipe:
            note(line.rstrip("\n"))


def _end(process: subprocess.Popen[str]) -> None:
    try:
        process.wait(ENDS_WITHIN_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
