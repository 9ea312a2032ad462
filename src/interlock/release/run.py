"""What every run of the guard does: each stage a method; `pipeline` says in which order they run."""

from collections.abc import Iterable
from contextlib import ExitStack
from functools import cached_property

from interlock.chain.mapped import Models
from interlock.chain.misfits import find_lost_strays, find_misfits
from interlock.chain.rows import look_at_rows
from interlock.postgres.lineage import Lineage, read_lineage
from interlock.postgres.preflight import require_connections, require_session_of_its_own
from interlock.postgres.session import (
    Connection,
    open_session,
    read_facts,
    require_named,
    require_writable,
)
from interlock.postgres.standbys import read_written, wait_for_standbys
from interlock.postgres.unpopulated import find_unpopulated
from interlock.postgres.version_table import VersionTable, find_version_table
from interlock.release.baseline import read_baseline, told_of
from interlock.release.build import Build, open_build
from interlock.release.cut_short import CutShort
from interlock.release.left_behind import left_behind_findings
from interlock.release.load_models import LoadedModels
from interlock.release.logbook import Logbook, StageNotes, counted
from interlock.release.models import (
    loading_findings,
    misfit_findings_of_both,
    not_covered,
    row_findings,
    rows_summary,
    unknown_models,
    without_room,
)
from interlock.release.observe import Observation, observe
from interlock.release.plan import plan_release
from interlock.release.record import Plan, Step, Target, Verification
from interlock.release.request import Request
from interlock.release.scratch_build import current_revisions
from interlock.release.standbys import WAITS_SECONDS, lag_findings, what_is_not_seen
from interlock.release.takeover import TakenOver, require_kin, takeover_findings
from interlock.release.verify import drift_findings, require_true_claim, unpopulated_findings, unseen_findings, verify
from interlock.schema.file import SchemaFile
from interlock.schema.history import History
from interlock.verdict.finding import Check, Finding, Signal


class Run:
    """One run of the guard, and what its stages hand to each other. `resources` closes what they open."""

    session: Connection
    lineage: Lineage
    build: Build
    plan: Plan
    cut_short: CutShort | None = None
    models: Models | None = None
    _is_compared_with_chain = False
    _is_released = False

    def __init__(self, request: Request, book: Logbook, resources: ExitStack) -> None:
        self.request, self.book, self.resources = request, book, resources

    @cached_property
    def history(self) -> History:
        """What the chain declares at each revision, on the way that this database has taken."""
        whole = self.build.replay(
            self.plan.current, lambda revision: self.book.progress.tells(f"building {revision.id}")
        )
        return self.request.rules.applied_to_history(whole)

    @cached_property
    def baseline(self) -> SchemaFile | None:
        """What stands for the older revisions."""
        return read_baseline(self.request.project)

    @property
    def version_table(self) -> VersionTable:
        environment = self.build.environment
        return find_version_table(self.session, environment.version_table, environment.version_table_schema)

    def connect(self, *, is_write: bool = False, is_planned: bool = False) -> None:
        with self.book.stage(Check.CONNECT) as stage:
            self.session = self.resources.enter_context(open_session(self.request.url))
            server = read_facts(self.session)
            self.lineage = read_lineage(self.session)
            self.book.note(
                target=Target(
                    host=self.request.url.host,
                    port=self.request.url.port,
                    database=server.database,
                    role=server.role,
                    server_version=server.version,
                    system_identifier=server.system_identifier,
                )
            )
            stage.summary = f"{self.request.url}, PostgreSQL {server.version}"
            require_named(server, self.request.databases)
            if is_write:
                require_writable(server)
            if is_write or is_planned:
                require_connections(self.session)
                require_session_of_its_own(self.session, self.request.url)

    def read_project(self) -> None:
        """Read the chain and run env.py, on a scratch database: the target is not theirs before the gate."""
        with self.book.stage(Check.PROJECT) as stage:
            scratch = open_build(self.request.project, self.request.scratch_server, self.request.url, self.session)
            self.build = self.resources.enter_context(scratch)
            end = self.build.chain.end
            stage.summary = f"{len(self.build.chain.revisions)} revisions, head {end}"

    def make_plan(self) -> None:
        with self.book.stage(Check.PLAN) as stage:
            current = current_revisions(self.session, self.build.environment)
            if self.baseline:
                self.book.admit(told_of(self.request.project, self.baseline))
            self.plan = plan_release(self.build.chain, current)
            self.book.note(plan=self.plan)
            at = ", ".join(current) or "no revision"
            stage.summary = f"at {at}, {counted(len(self.plan.steps), 'revision')} to run"

    @cached_property
    def loaded(self) -> LoadedModels:
        """The mapped classes of the project."""
        _ = self.history  # first: the chain cannot be replayed where they were loaded
        return self.build.load_models(lambda module: self.book.progress.tells(f"importing {module}"))

    def verify_after(self) -> None:
        """Look at the live schema from a new connection; after a release, until the standbys show it too."""
        with self.book.stage(Check.VERIFY_AFTER, is_gate=False) as stage, open_session(self.request.url) as fresh:
            written = read_written(fresh) if self._is_released else None
            current = current_revisions(fresh, self.build.environment)
            self._compare_servers(stage, fresh, current)
            left = plan_release(self.build.chain, current).steps
            if left:
                stage.find(not_run(current, left))
            observed = self._observe(fresh)
            found = self._verify(stage, current, observed)
            self.book.note(after=found)
            for text in observed.told:
                self.book.admit(text)
            require_true_claim(found, observed.schema)
            before = self.history.after(self.build.chain.run_before(self.plan.current))
            stage.find(*left_behind_findings(fresh, observed.schema, before))
            stage.find(*unpopulated_findings(stage.check, find_unpopulated(fresh, observed.schema.items)))
            if written:
                self._wait_for_standbys(stage, fresh, written)

    def _compare_servers(self, stage: StageNotes, fresh: Connection, current: tuple[str, ...]) -> None:
        now = read_lineage(fresh)
        require_kin(self.lineage, now)
        stage.find(*takeover_findings(self.lineage, now, self._lost(current)))
        self.lineage = now  # what is proved from here on is proved of this one

    def _lost(self, current: tuple[str, ...]) -> list[str]:
        """The revisions that this release has run, and that the database that answers now does not know of."""
        run = self.build.chain.run_before(current)
        done = (each.step.revision for each in self.book.record.applied if each.is_done)
        return [revision for revision in done if revision not in run]

    def _require_verified_server(self, fresh: Connection) -> None:
        now = read_lineage(fresh)
        require_kin(self.lineage, now)
        if now.has_taken_over_from(self.lineage):
            raise TakenOver(self.lineage, now)

    def _wait_for_standbys(self, stage: StageNotes, session: Connection, written: str) -> None:
        standbys = wait_for_standbys(session, written, WAITS_SECONDS)
        stage.find(*lag_findings(standbys))
        if number := sum(each.is_level for each in standbys):
            stage.summary += f"; {counted(number, 'standby')} show{'s' if number == 1 else ''} it too"
        for text in what_is_not_seen(standbys):
            self.book.admit(text)

    def check_models(self) -> None:
        if not self.request.project.has_models:
            self.book.admit("mapped classes: the settings say that this project has none")
            return
        with self.book.stage(Check.MODELS, is_gate=False) as stage, open_session(self.request.url) as fresh:
            self._require_verified_server(fresh)
            loaded = self.loaded
            stage.find(*loading_findings(Check.MODELS, loaded))
            models = loaded.models
            if models is None or not models.selects:
                stage.find(unknown_models(models))
                return
            self.book.note(mapped_classes=len(models.selects))
            for told in (*not_covered(loaded), *without_room(fresh, models)):
                self.book.admit(told)
            of_chain = () if self._is_compared_with_chain else tuple(self.build.find_misfits(models))
            of_live = (*find_misfits(fresh, models), *find_lost_strays(fresh, models))
            stage.find(*misfit_findings_of_both(of_chain, of_live, self.plan.head))
            self.models = models
            classes, enums = counted(len(models.selects), "class", "classes"), counted(len(models.enums), "enum column")
            stage.summary = f"{classes} selected, {enums} compared"

    def check_rows(self) -> None:
        if not self.request.project.has_models:
            return
        with self.book.stage(Check.ROWS, is_gate=False) as stage, open_session(self.request.url) as fresh:
            self._require_verified_server(fresh)
            if self.models is None:
                stage.find(
                    Finding(Check.ROWS, Signal.CAUTION, "no row was looked at: the mapped classes are not known")
                )
                return
            looked = look_at_rows(fresh, self.models)
            stage.find(*row_findings(looked, is_complete=not self.loaded.failures))
            stage.summary = rows_summary(looked)

    def _observe(self, session: Connection) -> Observation:
        return observe(session, self.build, self.history, self.request.rules)

    def _verify(self, stage: StageNotes, current: tuple[str, ...], observed: Observation) -> Verification:
        """Compare, and write down what was found."""
        history = self.history
        if self.cut_short and self.cut_short.half and current == self.plan.current:
            history = history.half_way(self.build.chain.run_before(current), self.cut_short.half)
        found = verify(self.build.chain, history, current, observed.schema, self.request.rules)
        stage.find(*drift_findings(stage.check, found), *unseen_findings(stage.check, observed.schema))
        stage.summary = _verified(found)
        return found


def not_run(current: Iterable[str], left: Iterable[Step]) -> Finding:
    """Say that a database has not run all of its chain."""
    at, pending = ", ".join(current) or "no revision", ", ".join(step.revision for step in left)
    return Finding(
        Check.VERIFY_AFTER, Signal.STOP, f"the database is at {at}; not run yet: {pending}", "run interlock release"
    )


def _verified(found: Verification) -> str:
    if not found.drift:
        return f"as the chain defines it at {', '.join(found.claimed)}: {counted(found.compared_objects, 'object')}"
    return f"{counted(len(found.drift), 'difference')} from {', '.join(found.claimed) or 'the base'}"
