"""What a release has to do: from the revisions that the database claims, to the head of the chain."""

from collections.abc import Iterable
from pathlib import Path

from interlock.chain.revisions import Chain
from interlock.errors import InterlockError
from interlock.release.record import Plan, Step


class DoubledVersion(InterlockError):
    """The version table has a row that contradicts another one."""

    def __init__(self, rows: Iterable[str], doubled: Iterable[str]) -> None:
        super().__init__(
            problem=f"alembic_version has rows that contradict each other: {', '.join(rows)} "
            f"({', '.join(doubled)} should not be there)",
            remedy="let Interlock write the revision that the schema really matches: interlock restamp",
        )


def plan_release(chain: Chain, current: tuple[str, ...]) -> Plan:
    """List what has to run, oldest first. Raises SeveralHeads, NoRevisions, UnknownRevision, DoubledVersion."""
    end = chain.end
    doubled = chain.doubled(current)
    if doubled:
        raise DoubledVersion(current, doubled)
    steps = tuple(Step(each.id, each.message, Path(each.path).name) for each in chain.pending(current))
    return Plan(current, end, steps)
