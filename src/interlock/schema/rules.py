"""What an operator says of objects that are not as declared: ignored, or worse or better than they look."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from enum import StrEnum
from fnmatch import fnmatchcase

from interlock.schema.history import History, Moment
from interlock.schema.name import Kind, Name
from interlock.schema.snapshot import Snapshot


class Treatment(StrEnum):
    """What becomes of an object's differences."""

    IGNORED = "ignored"
    CAUTION = "caution"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class Rule:
    """How the objects are treated that a pattern names, and why.

    The pattern is one of a shell, over the path of the object (`public.orders.ix_*`), or over kind and path
    (`index public.*`). It names what belongs to a table along with the table.
    """

    pattern: str
    treatment: Treatment
    reason: str

    def names(self, name: Name) -> bool:
        """Whether the pattern names an object."""
        texts = [name.path, str(name)]
        if name.container:
            path = ".".join(filter(None, name.container))
            texts += [path, f"{Kind.TABLE} {path}", f"{Kind.VIEW} {path}"]
        return any(fnmatchcase(text, self.pattern) for text in texts)


@dataclass(frozen=True, slots=True)
class Rules:
    """What is compared, and how what differs is treated. `schemas` are all that there are where it is empty."""

    schemas: tuple[str, ...] = ()
    rules: tuple[Rule, ...] = ()

    def treatment_of(self, name: Name) -> Treatment | None:
        """What the first rule that names an object says."""
        return next((rule.treatment for rule in self.rules if rule.names(name)), None)

    def applied_to(self, snapshot: Snapshot) -> Snapshot:
        """The snapshot without what is ignored, and without other schemas."""
        if self.schemas:
            snapshot = snapshot.within(self.schemas)
        ignored = set(self._ignored(snapshot.items))
        return snapshot.with_items({name: item for name, item in snapshot.items.items() if name not in ignored})

    def applied_to_history(self, history: History) -> History:
        """The history without what is ignored, and without other schemas."""
        if not (self.schemas or self.rules):
            return history
        return History(tuple(self._applied_to_moment(moment) for moment in history.moments))

    def told(self, snapshot: Snapshot) -> tuple[str, ...]:
        """What is left out of the comparison of a live schema, in words, each with its reason."""
        ignoring = [rule for rule in self.rules if rule.treatment is Treatment.IGNORED]
        left_out = sorted(snapshot.schemas - {*self.schemas}) if self.schemas else []
        return (
            *([f"schemas that the settings do not name: {', '.join(left_out)}"] if left_out else []),
            *(f"ignored by the settings: {_numbered(rule, snapshot)}: {rule.reason}" for rule in ignoring),
        )

    def _applied_to_moment(self, moment: Moment) -> Moment:
        halves = tuple(replace(half, schema=self.applied_to(half.schema)) for half in moment.halves)
        return replace(moment, schema=self.applied_to(moment.schema), halves=halves)

    def _ignored(self, names: Collection[Name]) -> Collection[Name]:
        if not any(rule.treatment is Treatment.IGNORED for rule in self.rules):
            return ()
        return [name for name in names if self.treatment_of(name) is Treatment.IGNORED]


def _numbered(rule: Rule, snapshot: Snapshot) -> str:
    return f"{rule.pattern} ({sum(map(rule.names, snapshot.items))} on the target)"


NO_RULES = Rules()
"""Everything is compared, and treated as it looks."""
