"""What is heard in one round of asking: the answers, what lists tell, and what could not be asked."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace

from interlock.probes.database_error import find_database_error
from interlock.probes.detail import NOT_TAKEN, Detail, told_by
from interlock.probes.expectation import expected_of
from interlock.probes.json_value import Json
from interlock.probes.probe import ANONYMOUS, NOBODY, Answer, Asked, Probe, Proof, Unprobed
from interlock.probes.reply import NoReply, Reply


@dataclass(frozen=True, slots=True)
class Sifted:
    """What a round needs of a reply beside its answer: whole bodies would be kept until its end."""

    not_taken: int | None = None
    """The status where a value was not taken that a list told, or that the document only allows."""
    told: Json = None


class Heard:
    """Collects a round. Of the lists that `wanted` names, what they tell each identity is kept."""

    def __init__(self, wanted: Collection[str]) -> None:
        self._wanted = wanted
        self._answers: list[Answer] = []
        self._left_out: list[Unprobed] = []
        self._told: dict[str, dict[str, Json]] = {}
        self._own_pages: set[tuple[str, str]] = set()

    def sift(self, probe: Probe, identity: str, reply: Reply | NoReply) -> Sifted:
        """Keep of a reply what `note` needs. May be called in any thread."""
        is_chosen = bool(probe.template) or probe.is_tried
        not_taken = reply.status if is_chosen and _is_not_taken(probe, identity, reply) else None
        return Sifted(not_taken, told_by(reply) if probe.name in self._wanted else None)

    def note(self, probe: Probe, identity: str, answer: Answer, sifted: Sifted) -> None:
        """Take an answer down; where a value was not taken, only if that is strange."""
        if sifted.not_taken is not None:
            value = "a value that the document allows" if probe.is_tried else "the first thing that a list tells"
            reason = f"it answered {sifted.not_taken} to {identity} for {value}"
            if (probe.name, identity) in self._own_pages:
                self._answers.append(replace(answer, proof=Proof.UNPROVED, reason=reason))
            else:
                self._left_out.append(Unprobed(probe.name, reason))
            return
        self._answers.append(answer)
        if sifted.told:
            self._told.setdefault(identity, {})[probe.name] = sifted.told

    def fill(self, detail: Detail, identities: Collection[str]) -> Mapping[str, Probe]:
        """The detail for each identity that it can be asked as: nobody asks for what somebody was told."""
        told = {name: self._told_to(name) for name in {*identities, *self._told}}
        own = {name: detail.filled(lists) for name, lists in told.items()}
        somebodys = next((own[name] for name in self._told if name not in NOBODY and own[name]), None)
        filled = {name: own[name] or (somebodys if name in NOBODY else None) for name in identities}
        self._own_pages |= {
            (detail.probe.name, name) for name in identities if name not in NOBODY and detail.is_page_of(told[name])
        }
        self._left_out += _untold(detail, filled)
        return {name: probe for name, probe in filled.items() if probe}

    def close(self, build: str | None) -> Asked:
        """Give the round. A locked door says something where somebody got in, or should have."""
        known = {answer.probe for answer in self._answers if answer.proof is not Proof.LOCKED}
        left_out = {each.operation for each in self._left_out}
        kept = (answer for answer in self._answers if answer.probe in known or answer.probe not in left_out)
        return Asked(tuple(kept), build, tuple(self._left_out))

    def _told_to(self, identity: str) -> Mapping[str, Json]:
        """What lists told an identity, by name of the list; what they tell everybody, everybody knows."""
        return self._told.get(ANONYMOUS, {}) | self._told.get(identity, {})


def _untold(detail: Detail, filled: Mapping[str, Probe | None]) -> Iterator[Unprobed]:
    lists = ", ".join(dict.fromkeys(by for _, by in detail.lists))
    if not any(filled.values()):
        yield Unprobed(detail.probe.name, f"no answer of {lists} tells what to ask it for")
        return
    for name, probe in filled.items():
        if probe is None:
            yield Unprobed(detail.probe.name, f"no answer of {lists} tells {name} what to ask it for")


def _is_not_taken(probe: Probe, identity: str, reply: Reply | NoReply) -> bool:
    if isinstance(reply, NoReply) or reply.status not in NOT_TAKEN:
        return False
    expected = probe.expect.get(identity, expected_of(identity))
    return reply.status not in expected and not find_database_error(reply.body)
