"""The schema of a chain at each of its revisions, and what can be read from that."""

from collections.abc import Collection
from dataclasses import dataclass
from itertools import dropwhile, takewhile

from interlock.schema.drift import Altered, Change, Missing, Unexpected, find_drift
from interlock.schema.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Moment:
    """The schema right after one revision ran. The revision is None before the first one."""

    revision: str | None
    schema: Snapshot


@dataclass(frozen=True, slots=True)
class Match:
    """The moments that a live schema resembles most, and how it still differs from them.

    There are several moments where revisions change rows only; they differ from the live schema in the same.
    """

    moments: tuple[Moment, ...]
    drift: tuple[Change, ...]

    @property
    def is_exact(self) -> bool:
        return not self.drift


@dataclass(frozen=True, slots=True)
class History:
    """The moments of a chain, oldest first; the first one is the schema before any revision."""

    moments: tuple[Moment, ...]

    def after(self, revisions: Collection[str]) -> Snapshot:
        """The schema when exactly these revisions had run. Raises KeyError if that moment was not passed."""
        moment = self.moments[len(revisions)]
        if frozenset(each.revision for each in self.moments[1 : len(revisions) + 1]) != frozenset(revisions):
            raise KeyError(revisions)
        return moment.schema

    @property
    def schemas(self) -> frozenset[str]:
        """Every schema that the chain keeps something in, at any time."""
        return frozenset().union(*(moment.schema.schemas for moment in self.moments))

    def maker_of(self, change: Change) -> str | None:
        """The revision that should have made an object as it is declared.

        None for what no revision made: an unexpected object, or one from before the first revision.
        """
        if isinstance(change, Unexpected):
            return None
        newest_first = reversed(self.moments)
        before_it_was_undone = dropwhile(lambda moment: not _holds(moment, change), newest_first)
        as_declared = takewhile(lambda moment: _holds(moment, change), before_it_was_undone)
        *_, maker = as_declared
        return maker.revision

    def locate(self, observed: Snapshot) -> Match:
        """Find the moments whose schema the observed one resembles most."""
        distances = [_distance(moment.schema, observed) for moment in self.moments]
        nearest = [
            moment for moment, distance in zip(self.moments, distances, strict=True) if distance == min(distances)
        ]
        # Different schemas can be equally far away; the newest of them is the better guess.
        newest = nearest[-1]
        same = tuple(moment for moment in nearest if moment.schema.items == newest.schema.items)
        return Match(same, find_drift(newest.schema, observed))


def _holds(moment: Moment, change: Missing | Altered) -> bool:
    return moment.schema.items.get(change.name) == change.declared


def _distance(declared: Snapshot, observed: Snapshot) -> int:
    """How many objects differ, those inside of missing and unexpected tables included."""
    return len(declared.items.items() ^ observed.items.items())
