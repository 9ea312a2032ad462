"""Run the pending revisions on the target, one at a time, and believe only what the database says."""

import textwrap
import time
from collections.abc import Callable, Iterable, Iterator

from interlock.chain.child import Child, Environment, Failure, ProjectFailed, Start
from interlock.chain.revisions import Chain
from interlock.postgres.blockers import Blocker
from interlock.postgres.lock_patience import GIVES_WAY
from interlock.postgres.session import open_session
from interlock.postgres.url import DatabaseUrl
from interlock.release.logbook import counted
from interlock.release.patience import Patience
from interlock.release.record import AppliedStep, Plan, Step
from interlock.release.scratch_build import NotCommitted, current_revisions
from interlock.schema.history import MovedMeanwhile


class StepFailed(ProjectFailed):
    """A revision failed on the target."""

    def __init__(self, step: Step, failure: Failure, at: Iterable[str], blockers: Iterable[Blocker]) -> None:
        remedy = _REMEDIES.get(failure.sqlstate or "", "correct the revision, then run interlock release again")
        if failure.committed:
            remedy = f"{remedy}: it goes on after what is done"
        super().__init__(f"revision {step.revision}", failure, remedy=remedy)
        self.step = step
        told = [self.problem, *(f"it waited for {each}" for each in blockers), *_what_stays(failure)]
        self.problem = "; ".join([*told, f"the database is at {', '.join(at) or 'no revision'}"])


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
    at = _seen_from_outside(url, environment)
    run = set(chain.run_before(at))
    if run != chain.run_before(plan.current):
        raise MovedMeanwhile(run)
    child.limit_lock_waits()
    for number, step in enumerate(plan.steps, start=1):
        on_step(number, step)
        began = time.monotonic()
        try:
            patience.run(child, step.revision, starts(step.revision))
        except ProjectFailed as error:
            yield AppliedStep(step, time.monotonic() - began, is_done=False, output=child.output)
            blockers = patience.blockers if error.failure.sqlstate in GIVES_WAY else ()
            raise StepFailed(step, error.failure, _seen_from_outside(url, environment), blockers) from None
        run.add(step.revision)
        at = _seen_from_outside(url, environment)
        if chain.run_before(at) != run:
            raise NotCommitted(step.revision, at)
        yield AppliedStep(step, time.monotonic() - began, is_done=True)


def _seen_from_outside(url: DatabaseUrl, environment: Environment) -> tuple[str, ...]:
    # A new connection each time: what env.py has not committed is not seen here, and nobody else will see it.
    with open_session(url) as session:
        return current_revisions(session, environment)
