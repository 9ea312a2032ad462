"""Turn a round of answers into findings."""

from collections.abc import Iterable
from itertools import groupby

from interlock.probes.probe import NOBODY, Answer, Asked, Proof
from interlock.verdict.finding import Check, Finding, Signal

SHOWN = 3
_REMEDIES = {
    404: "see whether this release has the route; if it must not, leave it out of the probes",
    429: "a rate limit of the application stopped it: raise that for who asks here, or wait and ask again",
}


def findings(asked: Asked, *, check: Check, expected_build: str | None = None) -> tuple[Finding, ...]:
    """Say what a round of answers means for the release. What is proved, or rightly locked, gives nothing."""
    return (
        *_of_build(asked, check, expected_build),
        *_of_answers(asked.answers, check),
        *_of_locked_probes(asked.answers, check),
        *_of_the_round(asked.answers, check),
    )


def _of_build(asked: Asked, check: Check, expected: str | None) -> Iterable[Finding]:
    if expected is None or asked.build == expected:
        return
    if asked.build is None:
        message = f"the application does not tell its build, so it is not known whether {expected} answers"
        yield Finding(check, Signal.CAUTION, message, "let an endpoint answer with the build id, and name it")
    else:
        message = f"an old instance answers: build {asked.build} instead of {expected}"
        yield Finding(check, Signal.STOP, message, "replace the instances that still run the other build")


def _of_answers(answers: tuple[Answer, ...], check: Check) -> Iterable[Finding]:
    for answer in answers:
        if answer.status is not None and answer.proof is Proof.FAILED:
            message = f"{answer.probe} as {answer.identity}: {answer.reason}"
            yield Finding(check, Signal.STOP, message, remedy_for(answer))
        elif answer.status is not None and answer.proof is Proof.UNPROVED:
            message = f"{answer.probe} as {answer.identity} is unproved: {answer.reason}"
            yield Finding(check, Signal.CAUTION, message, remedy_for(answer))
    yield from _of_silence([answer for answer in answers if answer.status is None], check)


def _of_silence(answers: list[Answer], check: Check) -> Iterable[Finding]:
    """Gather the questions that got no answer for the same reason: it is one fact, not one for each endpoint."""

    def cause(answer: Answer) -> tuple[str, str, str]:
        return answer.identity, answer.proof, answer.reason

    for (identity, proof, reason), group in groupby(sorted(answers, key=cause), key=cause):
        same = list(group)
        if proof not in (Proof.FAILED, Proof.UNPROVED):
            continue
        signal = Signal.STOP if proof == Proof.FAILED else Signal.CAUTION
        unproved = "" if proof == Proof.FAILED else " unproved"
        message = f"{_names(same)} as {identity}{unproved and ':' + unproved}: {reason}"
        yield Finding(check, signal, message, remedy_for(same[0]))


def _of_locked_probes(answers: tuple[Answer, ...], check: Check) -> Iterable[Finding]:
    """Find the endpoints of which only the lock was seen. A public one that answered is proved by nobody."""
    for group in _by_probe(answers):
        if all(answer.proof is Proof.LOCKED for answer in group):
            yield Finding(
                check,
                Signal.CAUTION,
                f"{group[0].probe} is unproved: its door is locked, but nobody was expected to get in",
                "ask it as an identity that expects a 2xx",
            )


def _by_probe(answers: tuple[Answer, ...]) -> Iterable[list[Answer]]:
    # Two probes may have one name, with different bodies; an identity that comes again begins the next one.
    group: list[Answer] = []
    for answer in answers:
        if group and (answer.probe != group[0].probe or answer.identity in {one.identity for one in group}):
            yield group
            group = []
        group.append(answer)
    if group:
        yield group


def _of_the_round(answers: tuple[Answer, ...], check: Check) -> Iterable[Finding]:
    if not answers:
        yield Finding(check, Signal.CAUTION, "no endpoint was asked", "name endpoints to probe")
    elif not any(answer.proof is Proof.PROVED and answer.identity not in NOBODY for answer in answers):
        is_asked = any(answer.status is not None and answer.identity not in NOBODY for answer in answers)
        message = "no endpoint was proved to work" if is_asked else "nothing was asked"
        remedy = "configure an identity, with a token, a command or a sign-in request"
        yield Finding(check, Signal.CAUTION, f"{message} as a logged-in person", remedy)


def remedy_for(answer: Answer) -> str:
    """Say what to do about an answer that did not prove anything."""
    is_real = answer.identity not in NOBODY
    match answer.status:
        case _ if answer.proof is Proof.UNPROVED and answer.status is not None:
            return "declare what this answer must be, or ask in a way that can prove it"
        case None if answer.proof is Proof.UNPROVED:
            return f"give the identity {answer.identity} a way to log in"
        case None:
            return "see whether the application runs, listens at this address and lets people log in"
        case 401 | 403 if is_real:
            return f"see whether the token of {answer.identity} is still good, and what its role may do"
        case 401 | 403:
            return "if people must log in here, declare the endpoint as protected"
        case 404 | 429 as status:
            return _REMEDIES[status]
        case status if 200 <= status < 300 and not is_real:
            return "put the login check before the endpoint; if it is public, declare that"
        case status if 300 <= status < 400:
            return "probe where it leads; if the redirect is meant, expect its status"
        case status if 200 <= status < 300:
            return "let the endpoint answer what it declares, or correct the declaration"
        case _:
            return "read what the application logged for this request"


def _names(answers: list[Answer]) -> str:
    names = list(dict.fromkeys(answer.probe for answer in answers))
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
