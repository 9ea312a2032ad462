"""Run the pending revisions on the target, one at a time, and believe only what the database says."""

import textwrap
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import ExitStack, suppress

import psycopg

from interlock.chain.child import Child, Environment, Start
from interlock.chain.failures import Failure, ProjectFailed
from interlock.chain.revisions import Chain
from interlock.errors import InterlockError, Unreachable
from interlock.postgres.blockers import Blocker
from interlock.postgres.lock_patience import GIVES_WAY
from interlock.postgres.outages import outage_remedy
from interlock.postgres.session import Connection, open_session
from interlock.postgres.url import DatabaseUrl
from interlock.postgres.version_table import VersionTable, find_version_table, read_revisions
from interlock.release.logbook import counted
from interlock.release.patience import Patience
from interlock.release.record import AppliedStep, Plan, Step
from interlock.release.scratch_build import NotCommitted
from interlock.schema.history import MovedMeanwhile

LOOKS_EVERY_SECONDS = 0.2
RECOVERS_WITHIN_SECONDS = 30.0


class StepFailed(ProjectFailed):
    """A revision failed on the target."""

    def __init__(self, step: Step, failure: Failure, at: Iterable[str], blockers: Iterable[Blocker]) -> None:
        waited_for = tuple(blockers)
        remedy = _remedy(failure)
        if any(each.prevents_wraparound for each in waited_for):
            remedy = "let that vacuum end, which gives way to nobody (pg_stat_progress_vacuum), then release again"
        if failure.committed:
            remedy = f"{remedy}: it goes on after what is done"
        super().__init__(f"revision {step.revision}", failure, remedy=remedy)
        self.step = step
        told = [self.problem, *(f"it waited for {each}" for each in waited_for), *_what_stays(failure)]
        self.problem = "; ".join([*told, f"the database is at {', '.join(at) or 'no revision'}"])


def _remedy(failure: Failure) -> str:
    if known := _REMEDIES.get(failure.sqlstate or failure.error):
        return known
    return f"{_outage(failure) or 'correct the revision'}, then run interlock release again"


def _outage(failure: Failure) -> str | None:
    # A driver that has lost its server may have an error without a state.
    return outage_remedy(failure.sqlstate or ("08" if failure.error in _CONNECTION_BROKE else ""))


_CONNECTION_BROKE = frozenset({"OperationalError", "InterfaceError"})


class LostByServer(NotCommitted):
    """A revision had run when the server went down, and is not there now that it is back."""

    def __init__(self, revision: str, failure: Failure, at: Iterable[str]) -> None:
        InterlockError.__init__(
            self,
            problem=f"revision {revision} had run, and then: {failure.message}; now the database is at "
            f"{', '.join(at) or 'no revision'}: the server has lost it",
            remedy="run interlock release again: it begins with what is there. A server with synchronous_commit off "
            "loses what was committed last when it crashes",
        )
        self.revision = revision


_SHOWS_STATEMENTS, _SHOWS_OF_A_STATEMENT = 3, 80


def _what_stays(failure: Failure) -> Iterator[str]:
    if failure.is_undone:
        yield "nothing of this revision was committed"
    elif failure.committed:
        shown = [textwrap.shorten(each, _SHOWS_OF_A_STATEMENT) for each in failure.committed[:_SHOWS_STATEMENTS]]
        more = len(failure.committed) - len(shown)
        listed = " / ".join([*shown, *([f"and {more} more"] if more else [])])
        yield f"of this revision {counted(len(failure.committed), 'statement')} committed before stay: {listed}"


_REMEDIES = {
    "UnforeseenLoss": "where that is meant, run again with --allow-drop and each of these names",
    "42501": "let the role that releases own the objects, or grant it what is missing, then release again",
    "42P07": "see what is there already with interlock verify: it names what no revision made",
    "42701": "see what is there already with interlock verify: it names what no revision made",
    "42710": "see what is there already with interlock verify: it names what no revision made",
    "23502": "rows are there that have no value: give the column a default or a backfill first",
    "55P03": "another session holds the lock: wait for it, or end it, then release again",
    "57014": "the statement took longer than the server allows: raise statement_timeout, or do it in batches",
}


def apply(
    plan: Plan,
    chain: Chain,
    child: Child,
    environment: Environment,
    url: DatabaseUrl,
    patience: Patience,
    starts: Callable[[str], Start],
    on_step: Callable[[int, Step], None],
) -> Iterator[AppliedStep]:
    """Run each pending revision, in a transaction of its own unless it says otherwise; the last may be a failed one.

    `starts` says from where on each has to be run. One that does not get its locks is tried again as long as the
    patience lasts. Raises StepFailed where a revision fails, NotCommitted where one leaves nothing behind, and
    MovedMeanwhile where somebody else has migrated the database since it was planned.
    """
    with ExitStack() as sessions:
        outside = _Outside(url, environment, sessions)
        run = chain.run_before(outside.revisions())
        if run != chain.run_before(plan.current):
            raise MovedMeanwhile(run)
        child.limit_lock_waits()
        yield from _run(plan, chain, child, outside, patience, starts, on_step)
        child.end_run()


def _run(
    plan: Plan,
    chain: Chain,
    child: Child,
    outside: "_Outside",
    patience: Patience,
    starts: Callable[[str], Start],
    on_step: Callable[[int, Step], None],
) -> Iterator[AppliedStep]:
    run = set(chain.run_before(plan.current))
    unseen: list[AppliedStep] = []
    seen_at = time.monotonic()
    running = patience.run(child, [step.revision for step in plan.steps], starts)
    for number, step in enumerate(plan.steps, start=1):
        began = time.monotonic()
        try:
            on_step(number, step)
            next(running)
        except (InterlockError, KeyboardInterrupt) as error:
            # What ran before is told, whatever came in between.
            at = outside.revisions_after(error, step)
            _require_kept(chain.run_before(at), unseen, at, error)
            yield from unseen
            if not isinstance(error, ProjectFailed):
                raise
            yield AppliedStep(step, time.monotonic() - began, is_done=False, output=child.output)
            blockers = patience.blockers if error.failure.sqlstate in GIVES_WAY else ()
            raise StepFailed(step, error.failure, at, blockers) from None
        run.add(step.revision)
        unseen.append(AppliedStep(step, time.monotonic() - began, is_done=True))
        # By one run of env.py they come fast: a look for each would take longer than they do.
        # One that goes on may be further by now.
        is_due = not child.is_held_up or time.monotonic() - seen_at > LOOKS_EVERY_SECONDS
        if not child.goes_on and (is_due or number == len(plan.steps)):
            at = outside.revisions()
            known = chain.run_before(at)
            _require_known(known, unseen, at)
            if known != run:
                raise NotCommitted(step.revision, at)
            yield from unseen
            unseen.clear()
            seen_at = time.monotonic()


def _require_kept(
    known: Collection[str], steps: Iterable[AppliedStep], at: tuple[str, ...], error: BaseException
) -> None:
    """Raise NotCommitted as `_require_known` does; LostByServer where the server went down since."""
    try:
        _require_known(known, steps, at)
    except NotCommitted as unknown:
        if isinstance(error, ProjectFailed) and _outage(error.failure):
            raise LostByServer(unknown.revision, error.failure, at) from None
        raise


def _require_known(known: Collection[str], steps: Iterable[AppliedStep], at: tuple[str, ...]) -> None:
    """Raise NotCommitted for the first of the steps that the database does not know of."""
    for each in steps:
        if each.step.revision not in known:
            raise NotCommitted(each.step.revision, at)


class _Outside:
    """A session of our own: what env.py has not committed is not seen here, and nobody else will see it."""

    def __init__(self, url: DatabaseUrl, environment: Environment, sessions: ExitStack) -> None:
        self._url, self._environment, self._sessions = url, environment, sessions
        self._session: Connection | None = None
        self._table: VersionTable | None = None

    def revisions_after(self, error: BaseException, step: Step) -> tuple[str, ...]:
        """The same when a step was cut short: a server that has crashed may need a while to come back."""
        deadline = time.monotonic() + (0 if isinstance(error, KeyboardInterrupt) else RECOVERS_WITHIN_SECONDS)
        while True:
            try:
                return self.revisions()
            except Unreachable as unreachable:
                if time.monotonic() > deadline:
                    problem = f"revision {step.revision} was cut short ({error}), and {unreachable.problem}"
                    remedy = "see that the server comes back, then run interlock release again: it sees what was done"
                    raise Unreachable(problem, remedy) from error
            time.sleep(LOOKS_EVERY_SECONDS)

    def revisions(self) -> tuple[str, ...]:
        """Where the database says that it is. Raises Unreachable."""
        if self._session is not None and self._table is not None:
            # It may have been ended since, as the project's own may; where the table is, does not change.
            with suppress(psycopg.OperationalError):
                return read_revisions(self._session, self._table)
        session = self._sessions.enter_context(open_session(self._url))
        table = find_version_table(session, self._environment.version_table, self._environment.version_table_schema)
        self._session, self._table = session, table if table.is_there else None
        return read_revisions(session, table)
