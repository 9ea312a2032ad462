"""The stages of a run of the guard, each a method; `pipeline` says in which order they run."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from functools import cached_property

import psycopg

from interlock.chain.mapped import Models
from interlock.chain.misfits import find_lost_strays, find_misfits
from interlock.chain.rows import look_at_rows
from interlock.errors import InterlockError, Unreachable
from interlock.hazards.statement import Rates, Statement
from interlock.postgres.lineage import Lineage, read_lineage
from interlock.postgres.lock import ReleaseLock, hold_release_lock
from interlock.postgres.preflight import require_connections, require_session_of_its_own
from interlock.postgres.rates import measure_rates
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
from interlock.release.apply import apply
from interlock.release.backup import Means, PlannedBackup, plan_backup
from interlock.release.baseline import read_baseline, require_after_baseline, told_of
from interlock.release.build import Build, open_build
from interlock.release.cut_short import CutShort, find_cut_short, open_starts, writes_early
from interlock.release.data_loss import find_data_loss, loss_finding
from interlock.release.left_behind import left_behind_findings
from interlock.release.leftovers import Leftovers, NotAsForeseen, clear_away, find_leftovers
from interlock.release.load_models import LoadedModels
from interlock.release.logbook import Logbook, StageNotes, counted
from interlock.release.models import (
    loading_findings,
    misfit_findings,
    not_covered,
    row_findings,
    rows_summary,
    unknown_models,
    without_room,
)
from interlock.release.observe import Observation, observe, told_of_event_triggers
from interlock.release.patience import patience
from interlock.release.plan import plan_release
from interlock.release.privileges import require_privileges
from interlock.release.record import AppliedStep, Plan, Step, Target, Verification
from interlock.release.rehearse import rehearse
from interlock.release.rehearse_rows import rehearse_rows
from interlock.release.request import Request
from interlock.release.scratch_build import NotCommitted, current_revisions, open_scratch_build
from interlock.release.squawk import ask_squawk, find_squawk
from interlock.release.standbys import WAITS_SECONDS, lag_findings, what_is_not_seen
from interlock.release.takeover import TakenOver, require_kin, takeover_findings
from interlock.release.target_process import TargetProcess, start_target_process
from interlock.release.verify import drift_findings, require_true_claim, unpopulated_findings, unseen_findings, verify
from interlock.schema.drift import find_drift
from interlock.schema.file import SchemaFile
from interlock.schema.history import History
from interlock.schema.snapshot import Snapshot
from interlock.verdict.finding import Check, Finding, Signal


class NotDeployed(InterlockError):
    """The new application is not put into place, because the database is not ready for it."""

    def __init__(self) -> None:
        super().__init__("the application was not deployed", "put right what was found, then release again")


class Run:
    """One run of the guard, and what its stages hand to each other. `resources` closes what they open."""

    session: Connection
    lineage: Lineage
    process: TargetProcess
    release_lock: ReleaseLock
    build: Build
    plan: Plan
    leftovers: Leftovers | None = None
    cut_short: CutShort | None = None
    is_empty: bool = False
    backup: PlannedBackup | None = None
    models: Models | None = None
    _is_compared_with_chain = False
    _is_released = False

    def __init__(self, request: Request, book: Logbook, resources: ExitStack) -> None:
        self.request, self.book, self.resources = request, book, resources

    def start_process(self) -> None:
        """Let the process for the target get ready while others work."""
        application = f"interlock {self.book.record.id}"
        started = start_target_process(self.request.project, self.request.url, application)
        self.process = self.resources.enter_context(started)

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

    def lock(self) -> None:
        with self.book.stage(Check.LOCK) as stage:
            session = self.resources.enter_context(open_session(self.request.url, "interlock release lock"))
            table = self.version_table
            self.release_lock = self.resources.enter_context(
                hold_release_lock(
                    session,
                    str(table),
                    self.request.lock_wait_seconds,
                    on_wait=lambda holder: self.book.progress.tells(f"waiting for {holder or 'another release'}"),
                )
            )
            stage.summary = f"this is the only release by {table}"

    def make_plan(self) -> None:
        with self.book.stage(Check.PLAN) as stage:
            current = current_revisions(self.session, self.build.environment)
            if self.baseline:
                self.book.admit(told_of(self.request.project, self.baseline))
            self.plan = plan_release(self.build.chain, current)
            self.book.note(plan=self.plan)
            at = ", ".join(current) or "no revision"
            stage.summary = f"at {at}, {counted(len(self.plan.steps), 'revision')} to run"

    def verify_before(self) -> None:
        with self.book.stage(Check.VERIFY_BEFORE) as stage:
            observed = self._observe(self.session)
            if self.plan.steps:
                to_come = self.history.still_to_come(self.build.chain.run_before(self.plan.current))
                statements = self.build.statements(self.plan.current)
                require_privileges(self.session, to_come, self.version_table, statements)
                for text in told_of_event_triggers(observed.everything, self.history):
                    self.book.admit(text)
                self.leftovers = find_leftovers(self.session, observed.schema, to_come, statements)
                observed = replace(observed, schema=self.leftovers.schema)
                if self.request.project.has_models:
                    stage.find(*loading_findings(Check.VERIFY_BEFORE, self.loaded))
                    stage.find(*self._what_the_head_lacks(Check.VERIFY_BEFORE))
            # A database that was just made is as it should be: the first step lays the foundation, if there is one.
            self.is_empty = observed.schema.is_empty
            if not self.plan.current and self.is_empty:
                if self.baseline:
                    require_after_baseline(self.request.project, self.baseline, self.build.chain, ())
                stage.summary = "empty, before the first revision"
                return
            self.cut_short = self._find_cut_short(observed.schema)
            found = self._verify(stage, self.plan.current, observed)
            self.book.note(before=found)
            require_true_claim(found, observed.schema)
            if self.cut_short:
                stage.looks = Signal.CAUTION
                stage.summary += f"; {self.cut_short}"
            if self.leftovers and (told := str(self.leftovers)):
                stage.summary += f"; {told}"

    def _find_cut_short(self, observed: Snapshot) -> CutShort | None:
        if not self.plan.steps:
            return None
        run, next_one = self.build.chain.run_before(self.plan.current), self.plan.steps[0].revision
        return find_cut_short(
            self.session, self.version_table, next_one, self.history, run, observed, self._writes_early
        )

    @property
    def _writes_early(self) -> Mapping[str, frozenset[str]]:
        return writes_early(self.build.statements(self.plan.current))

    def find_data_loss(self) -> None:
        with self.book.stage(Check.DATA_LOSS, is_gate=False) as stage:
            if not self.plan.steps:
                stage.summary = "nothing to do"
                return
            to_come = self.history.still_to_come(self.build.chain.run_before(self.plan.current)).moments
            losses = tuple(find_data_loss(self.session, to_come))
            allowed = [loss for loss in losses if loss.is_among(self.request.allowed_drops)]
            stage.find(*(loss_finding(loss) for loss in losses if loss not in allowed))
            stage.looks = Signal.CAUTION if allowed else Signal.CLEAR
            told = "; ".join(f"{loss} (allowed)" for loss in allowed)
            stage.summary = told or "nothing that holds values is dropped"
            if allowed and self.request.backup:
                self.backup = plan_backup(self.request.backup, self.session, (loss.name for loss in allowed))
                self.book.note(backup=self.backup.record)
                stage.summary += f"; backed up before: {', '.join(self.backup.record.tables)}"

    def rehearse(self) -> None:
        """Weigh what the pending revisions did on the scratch database with the tables of the target."""
        with self.book.stage(Check.REHEARSE) as stage:
            if not self.plan.steps or self.is_empty:
                stage.summary = "nobody uses an empty database" if self.plan.steps else "nothing to do"
                return
            measured = self.build.statements(self.plan.current)
            rehearsal = rehearse(
                self.session,
                [each for each in measured if not (self.cut_short and self.cut_short.has_done(each))],
                self.build.chain.pending(self.plan.current),
                self.request.budget,
                major=self.session.info.server_version // 10_000,
                today=self.book.record.began.date(),
                rates=self._measure_rates,
            )
            self.book.note(statements=rehearsal.statements, weights=rehearsal.weights, hazards=rehearsal.hazards)
            stage.find(*rehearsal.findings())
            stage.looks, stage.summary = rehearsal.looks, rehearsal.summary
            self._ask_squawk(rehearsal.statements)
            if self.request.sampling.rows and self.cut_short:
                self.book.admit(f"what the revisions do to rows: {self.cut_short.revision} is half done already")
            elif self.request.sampling.rows:
                self._rehearse_rows(stage)

    def _ask_squawk(self, statements: Sequence[Statement]) -> None:
        squawk = find_squawk()
        if squawk is None or not statements:
            return
        said = ask_squawk(squawk, statements, self.session.info.server_version // 10_000)
        if said is None:
            self.book.admit("what squawk says of the statements: it gave no answer that can be read")
            return
        self.book.note(remarks=said.remarks)
        if said.unread:
            self.book.admit(f"what squawk says of {counted(said.unread, 'statement')} that it cannot read")

    def _rehearse_rows(self, stage: StageNotes) -> None:
        """Run the pending revisions once more, with rows of the target."""
        request, current = self.request, self.plan.current
        with open_scratch_build(request.project, request.scratch_server, request.url, self.session) as build:
            to_come = self.history.still_to_come(self.build.chain.run_before(current))
            weights = self.book.record.weights
            found = rehearse_rows(self.session, build, current, to_come, weights, request.sampling)
        stage.summary += f"; {found.summary}"
        if found.finding:
            stage.find(found.finding)
        for each in found.admitted:
            self.book.admit(each)

    def _measure_rates(self) -> Rates:
        with self.build.empty_database() as scratch:
            return measure_rates(scratch)

    @cached_property
    def loaded(self) -> LoadedModels:
        """The mapped classes of the project."""
        _ = self.history  # first: the chain cannot be replayed where they were loaded
        return self.build.load_models(lambda module: self.book.progress.tells(f"importing {module}"))

    def _what_the_head_lacks(self, check: Check) -> Iterator[Finding]:
        """Find what the mapped classes need and no revision makes: known while the target is untouched."""
        self._is_compared_with_chain = True
        if self.loaded.models:
            misfits = self.build.find_misfits(self.loaded.models)
            yield from misfit_findings(check, f"models against chain at {self.plan.head}", misfits)

    def back_up(self) -> None:
        """Keep what the pending revisions destroy, where the settings say so."""
        if self.request.backup is None:
            return
        with self.book.stage(Check.BACKUP) as stage:
            if self.backup is None:
                stage.summary = "nothing that holds values is dropped"
                return
            means = Means(
                self.request.url, self.session, self.build.new_database, self.book.record.id, self.book.progress.tells
            )
            made = self.backup.make(means)
            self.book.note(backup=made.record)
            if made.told:
                self.book.admit(made.told)
            stage.summary = made.summary

    def apply(self) -> None:
        with self.book.stage(Check.APPLY) as stage:
            try:
                self._clear_away_leftovers()
                self.process.connect(self.session, self.release_lock.shared_by_workers, self.build.environment)
                if self.plan.steps:
                    self._run_steps()
                else:
                    self.process.child.kill()  # it has looked, and has nothing to bring to an end
            except BaseException as error:
                unheard = self.process.cut_off(self._run_on)
                self._note_applied(
                    AppliedStep(each, 0.0, is_done=True) for each in self.plan.steps if each.revision in unheard
                )
                if isinstance(error, (InterlockError, psycopg.Error)):
                    self._require_same_server(error)
                raise
            finally:
                self.process.child.end()  # its sessions are to be gone before anybody looks again
            self._is_released = True
            number = len(self.plan.steps)
            stage.summary = f"{counted(number, 'revision')} run, now at {self.plan.head}" if number else "nothing to do"

    def _clear_away_leftovers(self) -> None:
        if self.leftovers:
            clear_away(self.session, self.leftovers, self.request.lock_wait_seconds)
            if self.leftovers.detached:
                # It was foreseen, and not seen.
                drift = find_drift(self.leftovers.schema, self._observe(self.session).schema)
                if found := [change for change in drift if change.name not in self.leftovers.dropped]:
                    raise NotAsForeseen((each.name for each in self.leftovers.detached), found)

    def _require_same_server(self, error: Exception) -> None:
        """Raise TakenOver or AnotherServer where that is what went wrong, whatever it looked like from near."""
        with suppress(Unreachable, psycopg.Error), open_session(self.request.url) as fresh:
            now = read_lineage(fresh)
            require_kin(self.lineage, now)
            if now.has_taken_over_from(self.lineage):
                current = current_revisions(fresh, self.build.environment)
                lost = self._lost(current)
                if isinstance(error, NotCommitted) and error.revision not in lost:
                    lost.append(error.revision)
                raise TakenOver(self.lineage, now, lost, current) from error

    def _lost(self, current: tuple[str, ...]) -> list[str]:
        """The revisions that this release has run, and that the database that answers now does not know of."""
        run = self.build.chain.run_before(current)
        done = (each.step.revision for each in self.book.record.applied if each.is_done)
        return [revision for revision in done if revision not in run]

    def _run_steps(self) -> None:
        child, url, environment = self.process.child, self.request.url, self.build.environment
        if self.request.project.foundation and self._observe(self.session).schema.is_empty:
            child.lay_foundation()
        wait, tells = self.request.lock_wait_seconds, self.book.progress.tells
        with patience(url, self.process.application, wait, tells) as patient:
            pending = [step.revision for step in self.plan.steps]
            starts, told = open_starts(
                self.session, self.version_table, pending, self._writes_early, self._foreseen, self.cut_short
            )
            if told:
                self.book.admit(told)
            steps: list[AppliedStep] = []
            try:
                steps.extend(
                    apply(self.plan, self.build.chain, child, environment, url, patient, starts, self._begin_step)
                )
            finally:
                self._note_applied(steps)

    @property
    def _foreseen(self) -> Mapping[str, tuple[str, ...]]:
        """What each revision may drop: it did so on the scratch database, or somebody answers for it."""
        allowed = tuple(self.request.allowed_drops)
        lost = {moment.revision: moment.lost for moment in self.history.moments}
        return {
            step.revision: (*allowed, *(name.path for name in lost.get(step.revision, ()))) for step in self.plan.steps
        }

    def _note_applied(self, steps: Iterable[AppliedStep]) -> None:
        heard = {each.step.revision for each in self.book.record.applied}
        more = (each for each in steps if each.step.revision not in heard)
        self.book.note(applied=(*self.book.record.applied, *more))

    def _run_on(self, session: Connection) -> Collection[str]:
        return self.build.chain.run_before(current_revisions(session, self.build.environment))

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

    def deploy(self, action: Callable[[], None]) -> None:
        """Do what has to be done between the new schema and the last probes, such as a restart."""
        with self.book.stage(Check.DEPLOY) as stage:
            if self.book.signal is Signal.STOP:
                raise NotDeployed
            action()
            stage.summary = "done"

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
            if not self._is_compared_with_chain:
                stage.find(*self._what_the_head_lacks(Check.MODELS))
            misfits = (*find_misfits(fresh, models), *find_lost_strays(fresh, models))
            stage.find(*misfit_findings(Check.MODELS, "models against live", misfits))
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

    def _begin_step(self, number: int, step: Step) -> None:
        self.release_lock.require()
        self.book.progress.tells(f"{number} of {len(self.plan.steps)}: {step.revision} {step.message}".rstrip())


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
