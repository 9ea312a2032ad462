"""The project at work on a scratch database: what its chain declares, at every revision."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any
from urllib.parse import quote

from interlock.chain.child import Child, Environment, start_child
from interlock.chain.failures import ProjectFailed
from interlock.chain.inputs import Inputs
from interlock.chain.mapped import Misfit, Models
from interlock.chain.misfits import find_misfits
from interlock.chain.project import Project
from interlock.chain.revisions import Chain, Revision
from interlock.errors import InterlockError
from interlock.postgres.catalog import take_snapshot
from interlock.postgres.roles import make_roles, read_roles
from interlock.postgres.row_holders import Identity, find_lost, read_row_holders
from interlock.postgres.scratch import ScratchServer, open_scratch_server
from interlock.postgres.session import Connection, open_session, read_identity
from interlock.postgres.url import DatabaseUrl
from interlock.postgres.version_table import (
    find_version_table,
    read_revisions,
    room_for_revisions,
    schema_made_in,
)
from interlock.release.baseline import lay_baseline, read_baseline, require_after_baseline
from interlock.release.load_models import LoadedModels, load_models
from interlock.schema.history import Half, History, Moment
from interlock.schema.name import Name
from interlock.schema.snapshot import Snapshot

RAN_ON_TARGET = (
    "the database has run it; where it cannot run from empty any more, let the chain begin later: "
    "interlock schema baseline"
)


class NotCommitted(InterlockError):
    """A revision ran without an error, and the database does not know of it."""

    def __init__(self, revision: str, at: Iterable[str]) -> None:
        super().__init__(
            problem=f"revision {revision} ran without an error, but the database is still at "
            f"{', '.join(at) or 'no revision'}: nothing was committed",
            remedy="let env.py begin nothing on its connection before context.configure(), and swallow no exception",
        )
        self.revision = revision


class WorksInAnotherSchema(InterlockError):
    """env.py sets a search path of its own, as the recipe for tenants does, and no other session has that."""

    def __init__(self, search_path: str, schema: str | None, own: str | None) -> None:
        path = quote(search_path.replace(", ", ","), safe=",")
        first = "" if schema else "make the schema, which is not there, and then "
        super().__init__(
            problem=f"env.py sets the search path to {search_path}: its tables, the version table too, are in "
            f"{schema or 'a schema that is not there'}, and every other session looks for them in {own or 'no schema'}",
            remedy=f"{first}give all sessions that search path by the URL: "
            f"DATABASE_URL=postgresql://...?options=-csearch_path%3D{path}",
        )


class ScratchBuild:
    """A chain, its env.py and a scratch database that only they use."""

    def __init__(
        self,
        project: Project,
        child: Child,
        observer: Connection,
        server: ScratchServer,
        renew: Callable[[], Child],
    ) -> None:
        self._project, self._child, self._observer, self._renew = project, child, observer, renew
        self.server = server
        self.statements: list[Mapping[str, Any]] = []
        self.chain: Chain = child.describe()
        self.environment: Environment = child.look()
        self.baseline = read_baseline(project)

    def replay(self, current: Iterable[str], on_step: Callable[[Revision], None]) -> History:
        """Build the schema from empty, revision by revision, by the way that a database at `current` has taken.

        What each statement of the pending revisions does is then in `statements`. Raises ProjectFailed where a revision
        fails, NotCommitted where it leaves nothing, BeforeBaseline and BaselineNotMade where the chain has a baseline.
        """
        current = tuple(current)
        moments = [*self._begin(current)]
        run = [each.revision for each in moments if each.revision]
        pending = [each for each in self.chain.pending(current) if each.id not in run]
        at_stake: Mapping[Identity, Name] = {}
        self.statements = []
        for revision in self._after(tuple(run), current):
            on_step(revision)
            if pending and revision is pending[0]:
                # From here on it has to go as it will go on the target.
                self._child.begin_run()
                at_stake = self._row_holders()
            halves: tuple[Half, ...] = ()
            if revision in pending:
                halves = self._measure(revision)
            else:
                self._run_again(revision)
            run.append(revision.id)
            left = self._row_holders() if at_stake else {}
            lost = tuple(name for _, name in find_lost(at_stake, left))
            at_stake = {identity: name for identity, name in at_stake.items() if identity in left}
            moments.append(Moment(revision.id, self._look(), self._require_committed(run), lost, halves))
        return History(tuple(moments))

    def replay_run(self, current: Iterable[str], fill: Callable[[Connection], None]) -> None:
        """Build the schema of a database at `current`, and let rows be filled in. Raises ProjectFailed."""
        current = tuple(current)
        run = self.chain.run_before(current)
        begun = [each.revision for each in self._begin(current) if each.revision]
        for revision in self._after(begun, current):
            if revision.id in run:
                self._run_again(revision)
        self._child.begin_run()
        fill(self._observer)

    def run_pending(self, current: Iterable[str]) -> None:
        """Run what is pending, after `replay_run`. Raises ProjectFailed."""
        for revision in self.chain.pending(current):
            self._child.upgrade(revision.id)
        self._child.end_run()

    def _begin(self, current: Collection[str]) -> Sequence[Moment]:
        """Make what is there before the first revision that is to be run, and give the moments up to then."""
        if self.baseline is None:
            if self._project.foundation:
                self._child.lay_foundation()
            return [Moment(None, self._look())]
        # Nobody is at no revision but who wants to have it all built.
        if current:
            require_after_baseline(self._project, self.baseline, self.chain, current)
        before = Moment(None, self._look())
        environment, head = self.environment, self.baseline.head
        table = find_version_table(self._observer, environment.version_table, environment.version_table_schema)
        lay_baseline(self._project, self.baseline, self._observer, table)
        laid = self._look()
        run = self.chain.run_before([head])
        first = [each.id for each in self.chain.replay_order(current or [head]) if each.id in run]
        return [before, *(Moment(each, laid, (head,), is_known=each == head) for each in first)]

    def _run_again(self, revision: Revision) -> None:
        """Run what the target has run already. Raises ProjectFailed."""
        try:
            self._child.upgrade(revision.id)
        except ProjectFailed as error:
            raise ProjectFailed(f"revision {revision.id}", error.failure, RAN_ON_TARGET) from error

    def _after(self, begun: Collection[str], current: Collection[str]) -> Sequence[Revision]:
        return [revision for revision in self.chain.replay_order(current) if revision.id not in begun]

    def _measure(self, revision: Revision) -> tuple[Half, ...]:
        """Run a pending revision, and give what it would leave where it is cut short."""
        halves: list[Half] = []

        def note(done: Sequence[str]) -> None:
            halves.append(Half(tuple(done), self._look()))

        self.statements += self._child.measure(revision.id, self.environment.version_table, note)
        return tuple(halves)

    def read_inputs(self) -> Inputs | None:
        """What the project's code has read; None where that is not known. Raises ProjectFailed."""
        return self._child.read_inputs()

    def load_models(self, on_module: Callable[[str], None]) -> LoadedModels:
        """Import and describe the mapped classes. The chain cannot be replayed afterwards. Raises ProjectFailed."""
        return load_models(self._child, self._renew, on_module)

    def find_misfits(self, models: Models) -> Iterator[Misfit]:
        """Find what mapped classes need and the replayed chain does not give. Nothing is written here afterwards."""
        return find_misfits(self._observer, models)

    def room_for_revisions(self) -> int | None:
        """How many characters a revision id may have; None where there is no limit."""
        environment = self.environment
        table = find_version_table(self._observer, environment.version_table, environment.version_table_schema)
        return room_for_revisions(self._observer, table) if table.is_there else environment.room_for_revisions

    def _look(self) -> Snapshot:
        return without_version_table(self._observer, self.environment, take_snapshot(self._observer))

    def _row_holders(self) -> Mapping[Identity, Name]:
        environment = self.environment
        table = find_version_table(self._observer, environment.version_table, environment.version_table_schema)
        return {
            identity: name
            for identity, name in read_row_holders(self._observer).items()
            if (name.schema, name.table) != (table.schema, table.name)
        }

    def _require_committed(self, run: Sequence[str]) -> tuple[str, ...]:
        at = current_revisions(self._observer, self.environment)
        if self.chain.run_before(at) != frozenset(run):
            raise NotCommitted(run[-1], at)
        return at


@contextmanager
def open_scratch_build(
    project: Project,
    scratch_server: DatabaseUrl | None,
    target: DatabaseUrl | None = None,
    like: Connection | None = None,
) -> Iterator[ScratchBuild]:
    """Give the project a scratch database that resolves names as the target does, a session on which is `like`.

    Without that session, names are resolved as in a database that was just made, and of the target only the driver
    counts. Raises what the project's chain and
    env.py can do wrong: ProjectFailed, OpensAnotherDatabase, EnvDoesNotMigrate, WorksInAnotherSchema.
    """
    with (
        start_child(project) as child,  # it gets ready while the server does
        open_scratch_server(scratch_server) as server,
        server.database_like(like) as url,
        open_session(url) as observer,
        ExitStack() as others,
    ):
        refused = (target, read_identity(like)) if target and like else None
        roles = read_roles(like) if like else ()
        make_roles(observer, roles)

        def introduce(child: Child) -> Child:
            # The target is not the project's before the gate, wherever its code has found another URL of it.
            told = url.with_driver_of(target) if target else url  # env.py may know only one: that of an event loop
            child.connect(told, read_identity(observer), refused=refused, scratch_roles=roles)
            return child

        def renew() -> Child:
            another = introduce(others.enter_context(start_child(project)))
            another.look()
            return another

        build = ScratchBuild(project, introduce(child), observer, server, renew)
        if like:
            _require_same_schema(like, build.environment)
        yield build


def _require_same_schema(target: Connection, environment: Environment) -> None:
    """Raise WorksInAnotherSchema where env.py makes tables in a schema that other sessions do not look into."""
    if environment.search_path is None or environment.version_table_schema is not None:
        return
    search_path = target.execute("show search_path").fetchall()[0][0]
    own, schema = schema_made_in(target, search_path), schema_made_in(target, environment.search_path)
    # env.py may yet make the schema, and may look into the same ones in another order.
    made_in = {schema} if schema else _names_in(environment.search_path)
    if schema != own and made_in.isdisjoint(_names_in(search_path)):
        raise WorksInAnotherSchema(environment.search_path, schema, own)


def _names_in(search_path: str) -> set[str]:
    return {name.strip().strip('"') for name in search_path.split(",")}


def current_revisions(connection: Connection, environment: Environment) -> tuple[str, ...]:
    """Read which revisions a database says that it is at."""
    table = find_version_table(connection, environment.version_table, environment.version_table_schema)
    return read_revisions(connection, table)


def without_version_table(connection: Connection, environment: Environment, snapshot: Snapshot) -> Snapshot:
    """Take out Alembic's own table: its rows are looked at, its shape is Alembic's."""
    table = find_version_table(connection, environment.version_table, environment.version_table_schema)
    return snapshot.without_table(table.schema, table.name)
