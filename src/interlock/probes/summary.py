"""A round of answers in one line."""

from collections import Counter

from interlock.probes.probe import Asked, Proof


def count_proofs(asked: Asked) -> dict[Proof, int]:
    """Count the answers by what they prove, every proof named."""
    counted = Counter(answer.proof for answer in asked.answers)
    return {proof: counted[proof] for proof in Proof}


def summarise(asked: Asked) -> str:
    """Write the counts for people: 12 proved, 4 locked, 1 unproved, 0 failed."""
    return ", ".join(f"{count} {proof}" for proof, count in count_proofs(asked).items())
