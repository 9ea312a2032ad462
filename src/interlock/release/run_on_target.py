"""What a release does beside, and a plan as far as it changes nothing: the stages up to the gate, and the work."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

import psycopg

from interlock.errors import InterlockError, Unreachable
from interlock.hazards.statement import Rates, Statement
from interlock.postgres.lineage import read_lineage
from interlock.postgres.lock import ReleaseLock, hold_release_lock
from interlock.postgres.rates import measure_rates
from interlock.postgres.session import (
    Connection,
    open_session,
)
from interlock.release.apply import apply
from interlock.release.backup import Means, PlannedBackup, plan_backup
from interlock.release.baseline import require_after_baseline
from interlock.release.cut_short import CutShort, find_cut_short, open_starts, writes_early
from interlock.release.data_loss import find_data_loss, loss_finding
from interlock.release.leftovers import Leftovers, NotAsForeseen, clear_away, find_leftovers
from interlock.release.logbook import StageNotes, counted
from interlock.release.models import loading_findings, misfit_findings
from interlock.release.observe import told_of_event_triggers, told_of_stand_ins
from interlock.release.patience import patience
from interlock.release.privileges import require_privileges
from interlock.release.record import AppliedStep, Step
from interlock.release.rehearse import rehearse
from interlock.release.rehearse_rows import rehearse_rows
from interlock.release.run import Run
from interlock.release.scratch_build import NotCommitted, current_revisions, open_scratch_build
from interlock.release.squawk import ask_squawk, find_squawk
from interlock.release.takeover import TakenOver, require_kin
from interlock.release.target_process import TargetProcess, start_target_process
from interlock.release.verify import require_true_claim
from interlock.schema.drift import find_drift
from interlock.schema.snapshot import Snapshot
from interlock.verdict.finding import Check, Finding, Signal


class NotDeployed(InterlockError):
    """The new application is not put into place, because the database is not ready for it."""

    def __init__(self) -> None:
        super().__init__("the application was not deployed", "put right what was found, then release again")


class RunOnTarget(Run):
    """A run that works on the target, or says what it would do there."""

    process: TargetProcess
    release_lock: ReleaseLock
    leftovers: Leftovers | None = None
    is_empty: bool = False
    backup: PlannedBackup | None = None

    def start_process(self) -> None:
        """Let the process for the target get ready while others work."""
        application = f"interlock {self.book.record.id}"
        started = start_target_process(self.request.project, self.request.url, application)
        self.process = self.resources.enter_context(started)

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

    def verify_before(self) -> None:
        with self.book.stage(Check.VERIFY_BEFORE) as stage:
            observed = self._observe(self.session)
            if self.plan.steps:
                to_come = self.history.still_to_come(self.build.chain.run_before(self.plan.current))
                statements = self.build.statements(self.plan.current)
                require_privileges(self.session, to_come, self.version_table, statements)
                stand_ins = () if self.request.scratch_server else told_of_stand_ins(self.history)
                for text in (*told_of_event_triggers(observed.everything, self.history), *stand_ins):
                    self.book.admit(text)
                self.leftovers = find_leftovers(self.session, observed.schema, to_come, statements)
                observed = replace(observed, schema=self.leftovers.schema)
                if self.request.project.has_models:
                    stage.find(*loading_findings(Check.VERIFY_BEFORE, self.loaded))
                    stage.find(*self._what_the_head_lacks())
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

    def _what_the_head_lacks(self) -> Iterator[Finding]:
        """Find what the mapped classes need and no revision makes: known while the target is untouched."""
        self._is_compared_with_chain = True
        if self.loaded.models:
            misfits = self.build.find_misfits(self.loaded.models)
            yield from misfit_findings(Check.VERIFY_BEFORE, f"models against chain at {self.plan.head}", misfits)

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

    def deploy(self, action: Callable[[], None]) -> None:
        """Do what has to be done between the new schema and the last probes, such as a restart."""
        with self.book.stage(Check.DEPLOY) as stage:
            if self.book.signal is Signal.STOP:
                raise NotDeployed
            action()
            stage.summary = "done"

    def _begin_step(self, number: int, step: Step) -> None:
        self.release_lock.require()
        self.book.progress.tells(f"{number} of {len(self.plan.steps)}: {step.revision} {step.message}".rstrip())
