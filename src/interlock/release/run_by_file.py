"""A verification by the schema file: no scratch server, and no revision is run anywhere."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from interlock.chain.child import Child, Environment, start_child
from interlock.chain.project import Project
from interlock.errors import InterlockError
from interlock.postgres.catalog import take_snapshot
from interlock.postgres.scratch import scratch_databases
from interlock.postgres.session import Connection, open_session, read_identity
from interlock.postgres.unpopulated import find_unpopulated
from interlock.release.declared import (
    compare_with_file,
    find_reasons_for_stale,
    hash_of_scripts,
    history_of,
    read_schema_file,
)
from interlock.release.left_behind import left_behind_findings
from interlock.release.load_models import LoadedModels, load_models
from interlock.release.logbook import Logbook, counted
from interlock.release.observe import Observation, as_judged, like_with_like
from interlock.release.plan import plan_release
from interlock.release.record import Verification
from interlock.release.request import Request
from interlock.release.run import Run, not_run
from interlock.release.scratch_build import current_revisions, without_version_table
from interlock.release.verify import unpopulated_findings, unseen_findings
from interlock.schema.file import SchemaFile
from interlock.schema.history import History
from interlock.schema.prints import recognise_known
from interlock.verdict.finding import Check, Finding, Signal

# The target is nobody's to write to here, and env.py may open it to say what the models are.
_READ_ONLY = "select pg_catalog.set_config('default_transaction_read_only', 'on', false)"


class AnotherVersionTable(InterlockError):
    """env.py keeps the revision elsewhere than when the schema file was written."""

    def __init__(self, path: Path, said: Environment, file: SchemaFile) -> None:
        ours, theirs = (
            ".".join(filter(None, pair))
            for pair in (
                (said.version_table_schema, said.version_table),
                (file.version_table_schema, file.version_table),
            )
        )
        super().__init__(
            problem=f"env.py keeps the revision in {ours}, and {path.name} says {theirs}",
            remedy="write it anew: interlock schema write",
        )


class BuildByFile:
    """A chain, of which the schema file says what it declares."""

    environment: Environment

    def __init__(self, project: Project, child: Child, renew: Callable[[], Child]) -> None:
        self._project, self._child, self._renew = project, child, renew
        self.chain = child.describe()

    def load_models(self, on_module: Callable[[str], None]) -> LoadedModels:
        """Import and describe the mapped classes. Raises ProjectFailed, AnotherVersionTable."""
        if self._project.models is None:
            self._require_same_table(self._child.look())
        return load_models(self._child, self._renew, on_module)

    def know_file(self, path: Path, file: SchemaFile) -> None:
        """Take the version table from the file: env.py need not be asked for it."""
        self._path, self._file = path, file
        self.environment = Environment(file.version_table, file.version_table_schema)

    def _require_same_table(self, said: Environment) -> None:
        if said != self.environment:
            raise AnotherVersionTable(self._path, said, self._file)


class RunByFile(Run):
    """A run whose declared schema is that of the schema file."""

    build: BuildByFile  # type: ignore[assignment]  # what replays is not asked for here
    # There is no database that the chain was built in: `interlock schema check` compares the classes with one.
    _is_compared_with_chain = True
    file: SchemaFile

    def __init__(self, request: Request, path: Path, book: Logbook, resources: ExitStack) -> None:
        super().__init__(request, book, resources)
        self.path = path

    def read_project(self) -> None:
        """Read the chain. None of it is run."""
        with self.book.stage(Check.PROJECT) as stage:
            self.build = BuildByFile(self.request.project, self._start_child(), self._renew_child)
            stage.summary = f"{len(self.build.chain.revisions)} revisions, head {self.build.chain.head}"

    def _start_child(self) -> Child:
        child = self.resources.enter_context(start_child(self.request.project))
        child.connect(self.request.url, read_identity(self.session), session_statements=[_READ_ONLY])
        return child

    def _renew_child(self) -> Child:
        another = self._start_child()
        if self.request.project.models is None:
            another.look()
        return another

    @cached_property
    def loaded(self) -> LoadedModels:
        """The mapped classes of the project."""
        return self.build.load_models(lambda module: self.book.progress.tells(f"importing {module}"))

    def read_file(self) -> None:
        """Read the schema file, and find out whether it is that of this chain."""
        with self.book.stage(Check.SCHEMA_FILE) as stage:
            self.file = read_schema_file(self.path)
            self.build.know_file(self.path, self.file)
            chain = self.build.chain
            for reason in find_reasons_for_stale(self.file, chain, hash_of_scripts(chain)):
                told = f"{self.path.name} is stale: {reason}"
                stage.find(Finding(Check.SCHEMA_FILE, Signal.STOP, told, "write it anew: interlock schema write"))
            objects = counted(len(self.file.snapshot), "object")
            stage.summary = f"{self.path.name} at {self.file.head}: {objects}, printed by {self.file.snapshot.major}"
        self.book.admit(
            f"the chain was not built: {self.path.name} stands for it (interlock schema check proves that they agree)"
        )

    def verify_after(self) -> None:
        with self.book.stage(Check.VERIFY_AFTER, is_gate=False) as stage, open_session(self.request.url) as fresh:
            current = current_revisions(fresh, self.build.environment)
            self._compare_servers(stage, fresh, current)
            left = plan_release(self.build.chain, current).steps
            if left:
                stage.find(not_run(current, left))
            observed, history = self._observe_by_file(fresh)
            found = compare_with_file(self.file, history, observed.schema, self.request.rules)
            self.book.note(after=found)
            stage.find(*self._findings(found, is_pending=bool(left), schema=_default_schema(fresh)))
            stage.find(*unseen_findings(Check.VERIFY_AFTER, observed.schema))
            stage.find(*left_behind_findings(fresh, observed.schema))
            stage.find(*unpopulated_findings(stage.check, find_unpopulated(fresh, observed.schema.items)))
            stage.summary = self._told(found)
        for text in observed.told:
            self.book.admit(text)

    def _observe_by_file(self, session: Connection) -> tuple[Observation, History]:
        rules = self.request.rules
        whole = without_version_table(session, self.build.environment, take_snapshot(session))
        ours = rules.applied_to(whole.within(self.file.snapshot.schemas))
        history = rules.applied_to_history(history_of(self.file, ours))
        judged = as_judged(whole, ours, history, rules)
        known = recognise_known(judged.schema, history.moments[-1].schema, self.file.forms)
        # What the file does not know the prints of is asked of a scratch server, and only that.
        with scratch_databases(self.request.scratch_server) as scratch:
            return like_with_like(replace(judged, schema=known), history, scratch), history

    def _findings(self, found: Verification, *, is_pending: bool, schema: str) -> Iterator[Finding]:
        if any(blamed.signal is Signal.STOP for blamed in found.drift) and not is_pending:
            told = f"the database claims {self.file.head}, and its schema is not what {self.path.name} has at it"
            remedy = "put right what is listed; interlock plan builds the chain, and says which revision it really is"
            if schema != _DEFAULT_SCHEMA:
                told += f"; it resolves names in {schema} first, and the file was made where that is {_DEFAULT_SCHEMA}"
                remedy = "verify it by the chain: [project] schema_file = false"
            yield Finding(Check.VERIFY_AFTER, Signal.STOP, told, remedy)
        for blamed in found.drift:
            maker = f" (revision {blamed.maker} makes it)" if blamed.maker else ""
            yield Finding(Check.VERIFY_AFTER, blamed.signal, f"{blamed.change}{maker}")

    def _told(self, found: Verification) -> str:
        if not found.drift:
            return f"as {self.path.name} has it at {self.file.head}: {counted(found.compared_objects, 'object')}"
        return f"{counted(len(found.drift), 'difference')} from {self.path.name} at {self.file.head}"


_DEFAULT_SCHEMA = "public"


def _default_schema(session: Connection) -> str:
    """Where a table is made whose schema is not said."""
    return str(session.execute("select coalesce(pg_catalog.current_schema(), 'no schema')").fetchall()[0][0])
