"""The stages of a run of the guard, each a method; `pipeline` says in which order they run."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, suppress
from functools import cached_property

import psycopg
from psycopg import sql

from interlock.chain.child import Child, start_child
from interlock.chain.mapped import find_misfits
from interlock.errors import InterlockError, Unreachable
from interlock.postgres.lock import ReleaseLock, hold_release_lock
from interlock.postgres.session import Connection, open_session, read_facts, read_identity, require_writable
from interlock.postgres.version_table import find_version_table
from interlock.release.apply import apply
from interlock.release.logbook import Logbook, counted
from interlock.release.observe import observe
from interlock.release.plan import plan_release
from interlock.release.privileges import require_privileges
from interlock.release.record import Plan, Step, Target, Verification
from interlock.release.request import Request
from interlock.release.scratch_build import (
    ScratchBuild,
    current_revisions,
    open_scratch_build,
)
from interlock.release.verify import drift_findings, require_true_claim, verify
from interlock.schema.history import History
from interlock.schema.snapshot import Snapshot
from interlock.verdict.finding import Check, Finding, Signal

NOT_COMPARED = (
    "not compared in this version: check and exclusion constraints, views, functions, triggers, sequences, domains, "
    "collations, unlogged tables, row-level security, grants, comments"
)


class NotDeployed(InterlockError):
    """The new application is not put into place, because the database is not ready for it."""

    def __init__(self) -> None:
        super().__init__("the application was not deployed", "put right what was found, then release again")


class Run:
    """One run of the guard, and what its stages hand to each other. `resources` closes what they open."""

    session: Connection
    release_lock: ReleaseLock
    build: ScratchBuild
    plan: Plan

    def __init__(self, request: Request, book: Logbook, resources: ExitStack) -> None:
        self.request, self.book, self.resources = request, book, resources

    @cached_property
    def history(self) -> History:
        """What the chain declares at each revision, on the way that this database has taken."""
        return self.build.replay(
            self.plan.current, lambda revision: self.book.progress.tells(f"building {revision.id}")
        )

    def connect(self, *, is_write: bool) -> None:
        with self.book.stage(Check.CONNECT) as stage:
            self.session = self.resources.enter_context(open_session(self.request.url))
            server = read_facts(self.session)
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
            if is_write:
                require_writable(server)

    def read_project(self) -> None:
        """Read the chain and run env.py, on a scratch database: the target is not theirs before the gate."""
        with self.book.stage(Check.PROJECT) as stage:
            scratch = open_scratch_build(
                self.request.project, self.request.scratch_server, self.request.url, self.session
            )
            self.build = self.resources.enter_context(scratch)
            head = self.build.chain.head
            stage.summary = f"{len(self.build.chain.revisions)} revisions, head {head}"

    def lock(self) -> None:
        with self.book.stage(Check.LOCK) as stage:
            session = self.resources.enter_context(open_session(self.request.url, "interlock release lock"))
            table = find_version_table(
                self.session, self.build.environment.version_table, self.build.environment.version_table_schema
            )
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
            self.plan = plan_release(self.build.chain, current)
            self.book.note(plan=self.plan)
            at = ", ".join(current) or "no revision"
            stage.summary = f"at {at}, {counted(len(self.plan.steps), 'revision')} to run"

    def verify_before(self) -> None:
        with self.book.stage(Check.VERIFY_BEFORE) as stage:
            observed = self._observe(self.session)
            if self.plan.steps:
                environment, run = self.build.environment, self.build.chain.run_before(self.plan.current)
                table = find_version_table(self.session, environment.version_table, environment.version_table_schema)
                require_privileges(self.session, self.history.still_to_come(run), table)
                stage.find(*self._what_the_head_lacks())
            # A database that was just made is as it should be: the first step lays the foundation, if there is one.
            if not self.plan.current and observed.is_empty:
                stage.summary = "empty, before the first revision"
                return
            found = verify(self.build.chain, self.history, self.plan.current, observed)
            self.book.note(before=found)
            stage.find(*drift_findings(Check.VERIFY_BEFORE, found))
            stage.summary = _verified(found)
            require_true_claim(found, observed)

    def _what_the_head_lacks(self) -> Iterator[Finding]:
        """Find what the mapped classes need and no revision makes, as long as the target is untouched."""
        models = self.build.describe_models() if self.request.project.has_models else None
        for misfit in self.build.find_misfits(models) if models else ():
            told = f"not even at {self.plan.head}: {misfit.problem}"
            yield Finding(Check.VERIFY_BEFORE, Signal.STOP, told, misfit.remedy)

    def apply(self) -> None:
        with self.book.stage(Check.APPLY) as stage:
            if not self.plan.steps:
                stage.summary = "nothing to do"
                return
            application = f"interlock {self.book.record.id}"
            with start_child(self.request.project, application) as child:
                try:
                    self._run_steps(child, application)
                except BaseException:
                    # The process first: it might try again.
                    child.kill()
                    self._end_sessions(application)
                    raise
            stage.summary = f"{counted(len(self.plan.steps), 'revision')} run, now at {self.plan.head}"

    def _run_steps(self, child: Child, application: str) -> None:
        name = sql.SQL("select pg_catalog.set_config('application_name', {}, false)").format(application)
        child.connect(
            self.request.url,
            read_identity(self.session),
            session_statements=[self.release_lock.shared_by_workers, name.as_string()],
        )
        if self.request.project.foundation and self._observe(self.session).is_empty:
            child.lay_foundation()
        environment = self.build.environment
        for step in apply(self.plan, self.build.chain, child, environment, self.request.url, self._begin_step):
            self.book.note(applied=(*self.book.record.applied, step))

    def verify_after(self) -> None:
        with self.book.stage(Check.VERIFY_AFTER, is_gate=False) as stage, open_session(self.request.url) as fresh:
            current = current_revisions(fresh, self.build.environment)
            left = plan_release(self.build.chain, current).steps
            if left:
                stage.find(_not_run(current, left))
            observed = self._observe(fresh)
            found = verify(self.build.chain, self.history, current, observed)
            self.book.note(after=found)
            stage.find(*drift_findings(Check.VERIFY_AFTER, found))
            stage.summary = _verified(found)
            require_true_claim(found, observed)
        self.book.admit(NOT_COMPARED)

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
            models = self.build.describe_models()
            if models is None or not models.selects:
                told = "has no tables in it" if models else "is not given"
                stage.find(
                    Finding(
                        Check.MODELS,
                        Signal.CAUTION,
                        f"the mapped classes are unproved: target_metadata of env.py {told}",
                        'name them in interlock.toml: [project] models = "package.models:Base" (or false for none)',
                    )
                )
                return
            self.book.note(mapped_classes=len(models.selects))
            if models.elsewhere:
                self.book.admit(f"mapped by other metadata than target_metadata: {', '.join(models.elsewhere)}")
            misfits = find_misfits(fresh, models)
            stage.find(*(Finding(Check.MODELS, Signal.STOP, each.problem, each.remedy) for each in misfits))
            classes, enums = counted(len(models.selects), "class", "classes"), counted(len(models.enums), "enum column")
            stage.summary = f"{classes} selected, {enums} compared"

    def _observe(self, session: Connection) -> Snapshot:
        observation = observe(session, self.build, self.history)
        for told in observation.told:
            self.book.admit(told)
        return observation.rest

    def _begin_step(self, number: int, step: Step) -> None:
        self.release_lock.require()
        self.book.progress.tells(f"{number} of {len(self.plan.steps)}: {step.revision} {step.message}".rstrip())

    def _end_sessions(self, application: str) -> None:
        """End what the project's code still runs on the server: killing its process would not."""
        # Where that cannot be done, the next release waits for them: they hold their share of its lock.
        with suppress(Unreachable, psycopg.Error), open_session(self.request.url) as fresh:
            fresh.execute(
                "select pg_catalog.pg_terminate_backend(pid, 5000) from pg_catalog.pg_stat_activity "
                "where application_name = %s",
                [application],
            )


def _not_run(current: Iterable[str], left: Iterable[Step]) -> Finding:
    at, pending = ", ".join(current) or "no revision", ", ".join(step.revision for step in left)
    return Finding(
        Check.VERIFY_AFTER, Signal.STOP, f"the database is at {at}; not run yet: {pending}", "run interlock release"
    )


def _verified(found: Verification) -> str:
    if not found.drift:
        return f"as the chain defines it at {', '.join(found.claimed)}: {counted(found.compared_objects, 'object')}"
    return f"{counted(len(found.drift), 'difference')} from {', '.join(found.claimed) or 'the base'}"
