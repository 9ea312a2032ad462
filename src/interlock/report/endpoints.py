"""What each endpoint told each identity, before and after."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from interlock.release.record import ReleaseRecord
from interlock.report.steps import is_begun

WORKING = frozenset({"proved", "locked"})
"""The proofs of an answer that is as declared."""


@dataclass(frozen=True, slots=True)
class Said:
    """One answer, and what it proves, in words. `code` is None where no answer came."""

    code: int | None
    proof: str
    reason: str
    seconds: float

    @property
    def status(self) -> str:
        if self.code is not None:
            return str(self.code)
        return "not asked" if self.proof == "unproved" else "no answer"

    @property
    def is_as_declared(self) -> bool:
        return self.proof in WORKING


@dataclass(frozen=True, slots=True)
class Pair:
    """What one endpoint told one identity before and after. At least one of the two is there."""

    probe: str
    identity: str
    before: Said | None
    after: Said | None

    @property
    def proof(self) -> str:
        """What the newest answer proves."""
        newest = self.after or self.before
        return newest.proof if newest else "unproved"

    @property
    def is_as_declared(self) -> bool:
        return self.proof in WORKING

    @property
    def is_changed(self) -> bool:
        return self.before is not None and self.after is not None and self.before.status != self.after.status

    @property
    def is_quiet(self) -> bool:
        """As declared, and as it was: nothing to look at."""
        return self.is_as_declared and self.before is not None and not self.is_changed

    @property
    def reason(self) -> str:
        """Why the newest answer is not as declared. Empty where it is."""
        newest = self.after or self.before
        return newest.reason if newest and not newest.is_as_declared else ""

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why either answer is not as declared, each reason once."""
        earlier = self.before.reason if self.after and self.before and not self.before.is_as_declared else ""
        told = (f"before: {earlier}" if earlier and earlier != self.reason else "", self.reason)
        return tuple(filter(None, told))


NOT_ASKED_AGAIN = Said(None, "unproved", "was not asked again afterwards", 0.0)

Asker = tuple[str, str, int]
"""An endpoint, the identity that it was asked as, and which time: the same may be asked with several bodies."""

Round = Mapping[Asker, Said]


def pair_answers(record: ReleaseRecord) -> tuple[Pair, ...]:
    """Put the answers of both rounds side by side, in the order of asking."""
    before, after = rounds(record)
    askers = dict.fromkeys((*before, *after))
    # An answer from before the revisions ran says nothing about now.
    silence = NOT_ASKED_AGAIN if record.asked_after or is_begun(record) else None
    return tuple(Pair(asker[0], asker[1], before.get(asker), after.get(asker, silence)) for asker in askers)


def worth_showing(pairs: tuple[Pair, ...], *, room: int) -> tuple[Pair, ...]:
    """Whatever is not as declared; of the rest, what changed before what did not, as there is room."""
    declared = sorted((pair.is_quiet, place) for place, pair in enumerate(pairs) if pair.is_as_declared)
    left_out = {place for _, place in declared[room:]}
    return tuple(pair for place, pair in enumerate(pairs) if place not in left_out)


def rounds(record: ReleaseRecord) -> tuple[Round, Round]:
    """What was said before, and what was said after; empty where nobody was asked."""
    before, after = (
        [
            ((answer.probe, answer.identity), Said(answer.status, answer.proof.value, answer.reason, answer.seconds))
            for answer in (asked.answers if asked else ())
        ]
        for asked in (record.asked_before, record.asked_after)
    )
    return _by_asker(before), _by_asker(after)


def _by_asker(told: Iterable[tuple[tuple[str, str], Said]]) -> Round:
    times: Counter[tuple[str, str]] = Counter()
    by_asker = {}
    for asker, said in told:
        times[asker] += 1
        by_asker[*asker, times[asker]] = said
    return by_asker
