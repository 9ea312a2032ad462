"""Whoever reads from a standby sees the old schema until that one has replayed what was released."""

from collections.abc import Iterable, Iterator

from interlock.postgres.standbys import Standby
from interlock.verdict.finding import Check, Finding, Signal

WAITS_SECONDS = 10
"""How long the standbys have to come level. One that is idle says so within moments."""


def lag_findings(standbys: Iterable[Standby]) -> Iterator[Finding]:
    """Name the standbys that do not show yet what was released."""
    for each in standbys:
        if each.bytes_behind:
            message = (
                f"the standby {each} is {_size(each.bytes_behind)} behind what was released, after {WAITS_SECONDS} s: "
                "whoever reads from it sees the old schema"
            )
            remedy = (
                "wait until it has replayed (pg_stat_replication) before code that needs the new schema reads there"
            )
            yield Finding(Check.VERIFY_AFTER, Signal.CAUTION, message, remedy)


def what_is_not_seen(standbys: Iterable[Standby]) -> Iterator[str]:
    """Say, in words, of which standbys it is not known."""
    unseen = ", ".join(each.application or "one without a name" for each in standbys if each.bytes_behind is None)
    if unseen:
        yield (
            f"whether the standbys show the new schema yet ({unseen}): the role may not see how far they are; "
            "grant it pg_read_all_stats"
        )


def _size(number: int) -> str:
    return f"{number:,} bytes" if number < 1_000_000 else f"{number / 1_000_000:,.0f} MB"
