"""The guard's end of the child process: ask it, hear what the project's code printed, notice when it dies."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from importlib.util import find_spec
from typing import IO, Any, cast

from interlock.chain.failures import (
    NAME_THE_APPLICATION,
    EnvDoesNotMigrate,
    Failure,
    OpensAnotherDatabase,
    ProjectFailed,
    SeveralDatabases,
    SeveralVersionTables,
)
from interlock.chain.inputs import Inputs
from interlock.chain.mapped import Models
from interlock.chain.project import Project, fill_in
from interlock.chain.revisions import Chain, Revision
from interlock.errors import conceal
from interlock.hazards.lock import LockMode, TableLock
from interlock.hazards.statement import Made, Statement
from interlock.postgres.lock_patience import LockPatience
from interlock.postgres.session import IDENTITY
from interlock.postgres.url import DatabaseUrl, spellings

KEEPS_LINES = 200
KEEPS_OF_A_LINE = 2000
ENDS_WITHIN_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Environment:
    """What env.py configures. `room_for_revisions` is how long an id may be in a version table that Alembic makes.

    `search_path` is that of the connection which Alembic has; None where that is not known.
    """

    version_table: str
    version_table_schema: str | None
    room_for_revisions: int | None = field(default=None, compare=False)
    search_path: str | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class DefiningModules:
    """Modules that can define mapped classes, by name. `left_out` says why others are not imported."""

    names: tuple[str, ...]
    left_out: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Start:
    """From where on a revision has to be run: `schema` are the statements that have changed the schema already.

    `rows` are those that have written rows, by what the journal knows them by, with their numbers of rows. A journal is
    kept where it is named: by its version table, which the statements call `version_table`; of statements that write by
    what they say, and of those that are `writing` whatever they say. `foreseen` are the tables and columns that it
    may drop, as people write them.
    """

    version_table: str
    schema: tuple[str, ...] = ()
    rows: tuple[tuple[str, int], ...] = ()
    journal: str | None = None
    writing: tuple[str, ...] = ()
    foreseen: tuple[str, ...] = ()


def as_statement(told: Mapping[str, Any]) -> Statement:
    """Make the value of what `Child.measure` gives, at once or after it was remembered."""
    return Statement(
        **{
            **told,
            "locks": tuple(TableLock(table, LockMode.of(mode)) for table, mode in told["locks"]),
            "rewritten": tuple(told["rewritten"]),
            "scanned": tuple(told["scanned"]),
            "rows_written": tuple((table, rows) for table, rows in told["rows_written"]),
            "created": tuple(Made(*made) for made in told["created"]),
            "dropped": tuple(Made(*made) for made in told["dropped"]),
        }
    )


class Child:
    """A running child process. It knows no database before `connect`.

    `is_held_up`: a run of env.py has not come to its end yet; `goes_on`: nor does it wait to be asked for the next
    revision. `asked_for` are the revisions that it was asked for last, to be run patiently.
    """

    def __init__(
        self,
        project: Project,
        channel: socket.socket,
        process: subprocess.Popen[str],
        output: deque[str],
        ending: threading.Thread,
    ) -> None:
        """`ending` lives as long as the process, and `output` is what that prints."""
        self._project, self._channel, self._process, self._output = project, channel, process, output
        self._ending = ending
        self._answers = channel.makefile("r", encoding="utf-8")
        # libpq takes a password from there where the URL has none.
        self._secrets = spellings(os.environ.get("PGPASSWORD", ""))
        self.is_held_up = self.goes_on = self.was_asked = False
        self.asked_for: tuple[str, ...] = ()

    @property
    def output(self) -> str:
        """The last lines that the project's code printed, without secrets."""
        return conceal("\n".join(self._output), self._secrets)

    def connect(
        self,
        url: DatabaseUrl,
        identity: str,
        *,
        refused: tuple[DatabaseUrl, str] | None = None,
        session_statements: Iterable[str] = (),
        scratch_roles: Collection[str] | None = None,
    ) -> None:
        """Set the project's environment to this database; `identity` is what proves that env.py opened it.

        `refused` is the database, with its identity, that SQLAlchemy may not open in this process whoever asks for
        it; each `session_statements` runs at the beginning of every session. `scratch_roles` are the roles of the
        target, where this is a scratch database.
        """
        self._secrets |= url.secrets | (refused[0].secrets if refused else frozenset())
        setup = {
            **_setup(self._project, url),
            "identity": identity,
            "refused_identity": refused[1] if refused else None,
            "session_statements": list(session_statements),
            "scratch_roles": None if scratch_roles is None else sorted(scratch_roles),
        }
        self._ask("preparing the project", "connect", setup)

    def kill(self) -> None:
        """End the process at once, and every process that it started."""
        # What env.py starts in the background (a tunnel, say) is in the process group of the child.
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def end(self) -> None:
        """Let the process end in its own way, and end it where that takes too long."""
        if not self.was_asked:
            self.kill()  # nothing of the project has run in it that could want to
        _shut(self._channel)
        self._ending.join(ENDS_WITHIN_SECONDS)
        self.kill()

    def close(self) -> None:
        self.end()
        self._answers.close()

    def describe(self) -> Chain:
        """Read the revisions of the chain. Raises ProjectFailed for a broken one."""
        answer = self._ask("reading the chain", "describe")
        revisions = (
            Revision(
                **{**each, "parents": tuple(each["parents"]), "dependencies": tuple(each["dependencies"])},
            )
            for each in answer["revisions"]
        )
        labels = {head: tuple(each) for head, each in answer["labels"].items()}
        return Chain(tuple(revisions), tuple(answer["heads"]), labels)

    def read_inputs(self) -> Inputs | None:
        """What the project's code has read; None where that is not known. Raises ProjectFailed."""
        answer = self._ask("asking what was read", "inputs")["inputs"]
        return Inputs(**answer) if answer else None

    def look(self) -> Environment:
        """Run env.py without a revision. Raises ProjectFailed, OpensAnotherDatabase, EnvDoesNotMigrate."""
        answer = self._ask("env.py", "look")
        if not answer["calls_alembic"]:
            raise EnvDoesNotMigrate
        told = ("version_table", "version_table_schema", "room_for_revisions", "search_path")
        return Environment(*(answer[each] for each in told))

    def limit_lock_waits(self) -> None:
        """Let no statement of a revision wait for a lock for longer than `upgrade` is told."""
        self._ask("preparing the project", "limit_lock_waits")

    def upgrade(self, revision: str) -> None:
        """Run one revision. Raises ProjectFailed. Whether it was committed is for the database to say."""
        self._ask_run(f"revision {revision}", "upgrade", [(revision, None, None)])

    def upgrade_patiently(self, starts: Mapping[str, Start], waits: LockPatience) -> Iterator[str]:
        """Run these revisions, once lock waits are limited: give each when it has run.

        They go without being asked for one by one as long as one run of env.py and a moment allow it, so the last ones
        may be left. Raises ProjectFailed for the one after the last that was given.
        """
        self.asked_for, patience = tuple(starts), asdict(waits)
        revisions = iter(starts)
        revision = next(revisions)
        asked = [(each, patience, asdict(start)) for each, start in starts.items()]
        self._ask_run(f"revision {revision}", "upgrade", asked)
        yield revision
        while self.goes_on:
            revision = next(revisions)
            self._hear_run(f"revision {revision}")
            yield revision

    def measure(
        self, revision: str, version_table: str, on_pause: Callable[[Sequence[str]], None]
    ) -> list[Mapping[str, Any]]:
        """Run one revision on a scratch database, and give what each of its statements does: see `as_statement`.

        Where it goes on after it has committed changes of the schema, `on_pause` is called with the statements that
        made them so far. Raises ProjectFailed.
        """
        doing = f"revision {revision}"
        answer = self._ask_run(doing, "measure", revision, version_table)
        while "paused_after" in answer:
            on_pause(answer["paused_after"])
            answer = self._ask_run(doing, "go on")
        measured: list[Mapping[str, Any]] = answer["statements"]
        return measured

    def end_run(self) -> None:
        """Let env.py, which is held up after a revision, come to its end. Raises ProjectFailed."""
        if self.is_held_up:
            self._ask_run("env.py", "end_run")

    def begin_run(self) -> None:
        """Let the next revisions be those of a new `alembic upgrade`, which knows nothing of the ones before."""
        self._ask("env.py", "begin_run")

    def lay_foundation(self) -> None:
        """Make the tables that the chain takes for granted. Raises ProjectFailed."""
        self._ask("making the tables of [project] foundation", "lay_foundation")

    def find_modules(self) -> DefiningModules:
        """Find the modules of the project that can define mapped classes; nothing is written from now on.

        Raises ProjectFailed.
        """
        answer = self._ask("looking for mapped classes", "find_modules")
        return DefiningModules(tuple(answer["modules"]), answer["left_out"])

    def load(self, module: str, within_seconds: float) -> None:
        """Import a module of the project. Raises ProjectFailed; where it takes too long, the process is ended."""
        self._ask(f"importing {module}", "load", module, within_seconds=within_seconds)

    def describe_models(self) -> Models | None:
        """Describe the mapped classes; None where no metadata is known. Raises ProjectFailed."""
        answer = self._ask("loading the models", "describe_models")
        return Models.from_description(answer) if answer["metadata"] else None

    @property
    def is_running(self) -> bool:
        """Whether the process can still be asked something."""
        return self._process.poll() is None

    def _ask(self, doing: str, what: str, *arguments: object, within_seconds: float | None = None) -> Mapping[str, Any]:
        """Ask for what is no revision: env.py comes to its end before."""
        self.end_run()
        self._say(what, *arguments)
        return self._hear(doing, within_seconds)

    def _ask_run(self, doing: str, what: str, *arguments: object) -> Mapping[str, Any]:
        """Ask for a revision, which may go by the run of env.py that is held up."""
        self._say(what, *arguments)
        return self._hear_run(doing)

    def _hear_run(self, doing: str) -> Mapping[str, Any]:
        self.is_held_up = self.goes_on = False
        answer = self._hear(doing)
        self.is_held_up, self.goes_on = "is_over" not in answer, "goes_on" in answer
        return answer

    def _say(self, what: str, *arguments: object) -> None:
        self.was_asked = True
        self._channel.settimeout(None)
        with suppress(OSError):  # it is dead: that there is no answer says so
            self._channel.sendall(json.dumps({"do": what, "with": arguments}).encode() + b"\n")

    def _hear(self, doing: str, within_seconds: float | None = None) -> Mapping[str, Any]:
        self._channel.settimeout(within_seconds)
        try:
            line = self._answers.readline()
        except TimeoutError:
            self.kill()
            raise ProjectFailed(doing, Failure("TimeoutError", f"it took longer than {within_seconds:g} s")) from None
        except OSError:
            line = ""
        answer = json.loads(line) if line else self._last_words()
        if answer.get("error") == "AnotherDatabase":
            raise OpensAnotherDatabase(is_flask_migrate=self._project.is_flask_migrate)
        if answer.get("error") == "SeveralDatabases":
            raise SeveralDatabases
        if answer.get("error") == "SeveralVersionTables":
            raise SeveralVersionTables(answer["message"])
        if "error" in answer:
            failure = Failure(**{key: self._without_secrets(value) for key, value in answer.items()})
            if failure.error == "NoFlaskApplication":
                raise ProjectFailed("loading the Flask application", failure, NAME_THE_APPLICATION)
            raise ProjectFailed(doing, failure)
        return cast("Mapping[str, Any]", answer)

    def _without_secrets(self, value: Any) -> Any:
        if isinstance(value, list):
            return tuple(map(self._without_secrets, value))
        return conceal(value, self._secrets) if isinstance(value, str) else value

    def _last_words(self) -> Mapping[str, Any]:
        # It may live on although its channel is closed: an env.py that makes a daemon of itself closes everything.
        self.kill()
        status = self._process.returncode
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
            [sys.executable, "-P", "-m", "interlock.chain.channel", str(theirs.fileno())],
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
        # A process that env.py forked off can hold its copies of the channel open when the child is dead.
        ending = threading.Thread(target=_close_after, args=(process, ours), daemon=True)
        ending.start()
        child = Child(project, ours, process, output, ending)
        try:
            yield child
        finally:
            child.close()
            listener.join(ENDS_WITHIN_SECONDS)


def _setup(project: Project, url: DatabaseUrl) -> Mapping[str, Any]:
    text = url.as_text(_scheme_for_project(url))
    return {
        "url": text,
        "psycopg_url": url.as_text("postgresql+psycopg" if _sqlalchemy() >= (2, 0) else "postgresql+psycopg2"),
        "identity_query": IDENTITY,
        "environment": {name: fill_in(template, url, text) for name, template in project.environment.items()},
        "config_file": str(project.config_file) if project.config_file else None,
        "toml_file": str(project.toml_file) if project.toml_file else None,
        "section": project.section,
        "script_location": project.script_location,
        "is_flask_migrate": project.is_flask_migrate,
        "x_arguments": [fill_in(argument, url, text) for argument in project.x_arguments],
        "models": project.models,
        "exclude_modules": project.exclude_modules,
        "foundation": project.foundation,
    }


def _scheme_for_project(url: DatabaseUrl) -> str:
    """The driver that the URL names; where it names none and SQLAlchemy's own choice is not there, psycopg 3."""
    if url.scheme != "postgresql":
        return url.scheme
    default = "psycopg2" if _sqlalchemy() < (2, 1) else "psycopg"
    return url.scheme if find_spec(default) else "postgresql+psycopg"


def _sqlalchemy() -> tuple[int, ...]:
    return tuple(int(part) for part in version("sqlalchemy").split(".")[:2])


def _listen(pipe: IO[str], note: Callable[[str], None]) -> None:
    with pipe:
        for line in iter(lambda: pipe.readline(KEEPS_OF_A_LINE), ""):
            note(line.rstrip("\n"))


def _close_after(process: subprocess.Popen[str], channel: socket.socket) -> None:
    process.wait()
    _shut(channel)


def _shut(channel: socket.socket) -> None:
    with suppress(OSError):  # it is shut, or closed, already
        channel.shutdown(socket.SHUT_RDWR)
