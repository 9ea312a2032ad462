"""What data the pending revisions take away, known before anything runs."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from interlock.postgres.row_holders import count_values
from interlock.postgres.session import Connection
from interlock.release.logbook import counted
from interlock.schema.history import Moment
from interlock.schema.name import Name
from interlock.verdict.finding import Check, Finding, Signal


@dataclass(frozen=True, slots=True)
class Loss:
    """A table or column with values in it that a revision drops. `number` is None where they could not be counted."""

    revision: str
    name: Name
    number: int | None

    def __str__(self) -> str:
        what = "value" if self.name.item else "row"
        held = "what it holds could not be counted" if self.number is None else f"it holds {counted(self.number, what)}"
        return f"revision {self.revision} drops {self.name}, and {held}"

    def is_among(self, names: frozenset[str]) -> bool:
        """Whether one of the names, as people write them, is its own."""
        return not self.name.ways_to_write.isdisjoint(names)


def find_data_loss(session: Connection, to_come: Iterable[Moment]) -> Iterator[Loss]:
    """Find what is dropped while it holds values, counted on the live database; `session` is one on that."""
    for moment in to_come:
        for name in moment.lost:
            number = count_values(session, name)
            if number != 0:
                yield Loss(moment.revision or "base", name, number)


def loss_finding(loss: Loss) -> Finding:
    """Say that something would be lost, and how to let it go."""
    remedy = f"keep what is needed of it, then run again with --allow-drop {loss.name.path}"
    return Finding(Check.DATA_LOSS, Signal.STOP, str(loss), remedy)
