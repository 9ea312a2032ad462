"""Wait for locks without making others wait: short attempts, growing pauses, and who stands in the way by name."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from threading import Event, Thread

import psycopg

from interlock.chain.child import Child, Start
from interlock.chain.failures import ProjectFailed
from interlock.errors import Unreachable
from interlock.postgres.blockers import Blocker, read_blockers
from interlock.postgres.lock_patience import (
    ATTEMPT_SECONDS,
    GIVES_WAY,
    PAST_AUTOVACUUM_SECONDS,
    LockPatience,
    pause_before,
)
from interlock.postgres.progress import read_work
from interlock.postgres.session import open_session
from interlock.postgres.url import DatabaseUrl

LOOKS_EVERY_SECONDS = 0.2
RUNS_TOGETHER = 100
TELLS_WORK_AFTER_SECONDS = 0.5
"""A statement that takes less is not worth a word."""


class Watch:
    """Looks from a session of its own who keeps the sessions of the release waiting, and what they are at.

    `latest` are those who were seen last to keep them waiting, `revision` is the one that runs.
    """

    def __init__(self, url: DatabaseUrl, application: str, tells: Callable[[str], None]) -> None:
        self._url, self._application, self._tells = url, application, tells
        self._is_over = Event()
        self.latest: tuple[Blocker, ...] = ()
        self.revision = ""

    def run(self) -> None:
        """Look until it is over. Where no session can be had, nobody is named, and nothing else changes."""
        # Most revisions are done before anything could be seen.
        if self._is_over.wait(LOOKS_EVERY_SECONDS):
            return
        with suppress(Unreachable, psycopg.Error), open_session(self._url) as session:
            while not self._is_over.wait(LOOKS_EVERY_SECONDS):
                if blockers := read_blockers(session, self._application):
                    self.latest = blockers
                    self._tells(f"waiting for {', '.join(map(str, blockers))}")
                elif (work := read_work(session, self._application)) and work.seconds > TELLS_WORK_AFTER_SECONDS:
                    self._tells(f"{self.revision}: {work}")

    def end(self) -> None:
        self._is_over.set()


class Patience:
    """Runs revisions, and one that did not get its locks again, for so many seconds each."""

    def __init__(self, watched: Watch, seconds: float, tells: Callable[[str], None]) -> None:
        self._watched, self._seconds, self._tells = watched, seconds, tells

    @property
    def blockers(self) -> tuple[Blocker, ...]:
        """Who kept the last revision waiting."""
        return self._watched.latest

    def run(self, child: Child, revisions: Sequence[str], starts: Callable[[str], Start]) -> Iterator[str]:
        """Run revisions, each from where it was cut short, and give each when it has run.

        One is run again as long as it does not get a lock and leaves nothing behind. No attempt is without a time-out,
        and neither is the last one. Raises ProjectFailed.
        """
        done, attempt, deadline = 0, 1, time.monotonic() + self._seconds
        while done < len(revisions):
            self._watched.revision = revisions[done]
            # One that is run again is run alone: it has less time left than those after it.
            last = done + (RUNS_TOGETHER if attempt == 1 else 1)
            try:
                for revision in self._attempt(child, revisions[done:last], starts, deadline):
                    done, attempt, deadline = done + 1, 1, time.monotonic() + self._seconds
                    self._watched.revision, self._watched.latest = revisions[min(done, len(revisions) - 1)], ()
                    yield revision
            except ProjectFailed as error:
                failure = error.failure
                if failure.sqlstate not in GIVES_WAY or not failure.is_undone or time.monotonic() > deadline:
                    raise
                self._pause(revisions[done], attempt, deadline)
                attempt += 1

    def _attempt(
        self, child: Child, revisions: Sequence[str], starts: Callable[[str], Start], deadline: float
    ) -> Iterator[str]:
        # An autovacuum gives way when it was waited for that long, and not sooner.
        is_long = any(each.is_autovacuum for each in self.blockers)
        seconds = PAST_AUTOVACUUM_SECONDS if is_long else ATTEMPT_SECONDS
        self._watched.latest = ()
        waits = LockPatience(seconds, max(deadline - time.monotonic(), 0))
        return child.upgrade_patiently({each: starts(each) for each in revisions}, waits)

    def _pause(self, revision: str, attempt: int, deadline: float) -> None:
        pause, left = pause_before(attempt), max(deadline - time.monotonic(), 0)
        whom = ", ".join(map(str, self.blockers)) or "a lock"
        self._tells(f"{revision} waits for {whom}; tries again in {pause:.1f} s, for {left:.0f} s more")
        time.sleep(pause)


@contextmanager
def patience(url: DatabaseUrl, application: str, seconds: float, tells: Callable[[str], None]) -> Iterator[Patience]:
    """Give the patience of a release; meanwhile a session of its own looks who keeps `application` waiting."""
    watched = Watch(url, application, tells)
    thread = Thread(target=watched.run, daemon=True)
    thread.start()
    try:
        yield Patience(watched, seconds, tells)
    finally:
        watched.end()
        thread.join()
