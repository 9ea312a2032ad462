"""The schema of a chain at each of its revisions, and what can be read from that."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise, takewhile

from interlock.errors import InterlockError
from interlock.schema.drift import Altered, Change, Missing, Unexpected, find_drift, is_told_apart
from interlock.schema.items import Item
from interlock.schema.name import Kind, Name
from interlock.schema.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Half:
    """The schema in the middle of a revision that commits before its end, and which statements made it so."""

    done: tuple[str, ...]
    schema: Snapshot


@dataclass(frozen=True, slots=True)
class Moment:
    """The schema right after one revision ran. The revision is None before the first one.

    `rows` is what the version table says then: on a branched chain that is more than the one revision. `lost` are the
    tables and columns that a pending revision drops and that were there before all of the pending ones, by the name
    that they had then: one that is renamed is not lost. `halves` are the schemas that a pending revision leaves
    where it is cut short, in order. `is_known` is False before the one that the chain is known from, whose schema
    this is.
    """

    revision: str | None
    schema: Snapshot
    rows: tuple[str, ...] = ()
    lost: tuple[Name, ...] = ()
    halves: tuple[Half, ...] = ()
    is_known: bool = True


class MovedMeanwhile(InterlockError):
    """The database is at other revisions than when it was asked first: somebody else migrates it."""

    def __init__(self, revisions: Collection[str]) -> None:
        super().__init__(
            problem=f"somebody else changed the revision of the database meanwhile: it has run "
            f"{', '.join(sorted(revisions)) or 'nothing'}",
            remedy="let nobody else migrate it, then run again",
        )


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


@dataclass(frozen=True)
class History:
    """The moments of a chain, oldest first; the first one is the schema before any revision."""

    moments: tuple[Moment, ...]

    def after(self, revisions: Collection[str]) -> Snapshot:
        """The schema when exactly these revisions had run. Raises MovedMeanwhile if that moment was not passed."""
        return self._up_to(revisions)[-1].schema

    def still_to_come(self, revisions: Collection[str]) -> "History":
        """The moments from when exactly these revisions had run, to the last one. Raises MovedMeanwhile."""
        return History(self.moments[len(self._up_to(revisions)) - 1 :])

    def halves_after(self, revisions: Collection[str]) -> tuple[Half, ...]:
        """What the next revision leaves where it is cut short, when exactly these had run. Raises MovedMeanwhile."""
        return self.moments[len(self._up_to(revisions))].halves

    def half_way(self, revisions: Collection[str], half: Half) -> "History":
        """The same, as it is for a database that the next revision has left half done. Raises MovedMeanwhile."""
        *before, now = self._up_to(revisions)
        return History((*before, replace(now, schema=half.schema), *self.moments[len(before) + 1 :]))

    def _up_to(self, revisions: Collection[str]) -> tuple[Moment, ...]:
        passed = self.moments[: len(revisions) + 1]
        if {each.revision for each in passed[1:]} != set(revisions):
            raise MovedMeanwhile(revisions)
        return passed

    @property
    def names(self) -> frozenset[Name]:
        """Everything that the chain makes, at any time."""
        return frozenset().union(*(moment.schema.items for moment in self.moments))

    @cached_property
    def variants(self) -> Mapping[Name, tuple[Item, ...]]:
        """Each object that the chain makes at any time, in each of its forms, oldest first."""
        found: dict[Name, list[Item]] = {}
        for moment in self.moments:
            for name, item in moment.schema.items.items():
                forms = found.setdefault(name, [])
                if not forms or forms[-1] != item:
                    forms.append(item)
        return {name: tuple(forms) for name, forms in found.items()}

    @property
    def usual_owner(self) -> str:
        """The role that owns most in the end."""
        return self.moments[-1].schema.usual_owner

    @property
    def schemas(self) -> frozenset[str]:
        """Every schema that the chain makes, or keeps something in, at any time."""
        given = self.moments[0].schema.items
        made = {name.table for name in self.variants if name.kind is Kind.SCHEMA and name not in given}
        return frozenset(made).union(*(moment.schema.schemas for moment in self.moments))

    def maker_of(self, change: Change, revisions: Collection[str]) -> str | None:
        """The revision that should have made an object as it is declared when exactly these had run.

        None for what no revision made: an unexpected object, or one from before the first revision.
        """
        if isinstance(change, Unexpected):
            return None
        *_, maker = takewhile(lambda moment: _holds(moment, change), reversed(self._up_to(revisions)))
        if maker.is_known:
            return maker.revision
        return f"{next(moment.revision for moment in self.moments[1:] if moment.is_known)} or before"

    @property
    def made_in(self) -> frozenset[str]:
        """The schemas in which something is made after the first of these moments."""
        steps = pairwise(moment.schema.items for moment in self.moments)
        return frozenset(name.schema for before, after in steps for name in after.keys() - before.keys())

    def locate(self, observed: Snapshot) -> Match:
        """Find the moments whose schema the observed one resembles most.

        People make things by hand more often than they take away what a revision made; and what is there exactly as a
        revision makes it was hardly made by hand. So a moment is the farther away the more of it is missing or altered,
        and the more there is that only a later revision makes so. A table made by hand counts once, with all that
        belongs to it. Of moments that are equally far away it is the newest.
        """
        known = [moment for moment in self.moments if moment.is_known]
        _, newest = min(enumerate(known), key=lambda each: (self._distance(each[1], observed), -each[0]))
        same = tuple(moment for moment in known if moment.schema.items == newest.schema.items)
        return Match(same, find_drift(newest.schema, observed))

    def _distance(self, moment: Moment, observed: Snapshot) -> int:
        ours, theirs = moment.schema.items, observed.items
        missing = sum(is_told_apart(ours[name], observed) for name in ours.keys() - theirs.keys())
        altered = sum(name in theirs and item != theirs[name] for name, item in ours.items())
        unexpected = [theirs[name] for name in theirs.keys() - ours.keys()]
        by_hand = sum(is_told_apart(item, moment.schema) for item in unexpected)
        by_later_ones = sum(item in self.variants.get(item.name, ()) for item in unexpected)
        return 2 * (missing + altered) + by_hand + by_later_ones


def _holds(moment: Moment, change: Missing | Altered) -> bool:
    return moment.schema.items.get(change.name) == change.declared
