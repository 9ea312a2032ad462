"""Another server at the same URL in the middle of a run: a standby that was promoted, or one that nobody meant."""

from collections.abc import Collection, Iterable, Iterator

from interlock.errors import InterlockError
from interlock.postgres.lineage import Lineage
from interlock.verdict.finding import Check, Finding, Signal


class AnotherServer(InterlockError):
    """The URL leads to another database than when the run began."""

    def __init__(self, before: Lineage, now: Lineage) -> None:
        was, is_now = (f"system identifier {each.system_identifier}, oid {each.database}" for each in (before, now))
        super().__init__(
            problem=f"another database answers at this URL than when it began ({was}; now {is_now}): what was found "
            "out or done until now was not on that one",
            remedy="see where DATABASE_URL leads, and run it again",
        )


class TakenOver(InterlockError):
    """A standby has taken over in the middle of what has to be done or proved on one server."""

    def __init__(self, before: Lineage, now: Lineage, lost: Collection[str] = (), at: Iterable[str] = ()) -> None:
        told = f"; {_lost(lost)}; the database is at {', '.join(at) or 'no revision'}" if lost or at else ""
        super().__init__(
            problem=f"{_taken_over(before, now)}{told}",
            remedy="see that the right server answers, then run it again: it begins with what that one has",
        )


def require_kin(before: Lineage, now: Lineage) -> None:
    """Raise AnotherServer where it is neither the same database nor a standby's copy of it."""
    if not now.is_kin_of(before):
        raise AnotherServer(before, now)


def takeover_findings(before: Lineage, now: Lineage, lost: Collection[str]) -> Iterator[Finding]:
    """Say that another server is verified than the one that was released, and which revisions that one has lost."""
    if now.has_taken_over_from(before):
        yield Finding(
            Check.VERIFY_AFTER,
            Signal.CAUTION,
            f"{_taken_over(before, now)}; what is verified from here on is what that one has",
            "see why it took over, and that no other server takes writes any more",
        )
    if lost:
        yield Finding(
            Check.VERIFY_AFTER,
            Signal.STOP,
            f"{_lost(lost)}: the server that answers now does not have it",
            "see that the right server answers, then run interlock release again: it runs what is missing there",
        )


def _taken_over(before: Lineage, now: Lineage) -> str:
    return f"in the middle of it a standby took over (timeline {before.timeline} before, {now.timeline} now)"


def _lost(revisions: Collection[str]) -> str:
    named = ", ".join(revisions)
    return f"revision {named} had run, and was lost" if revisions else "no revision that had run was lost"
