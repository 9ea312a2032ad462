"""Decide what an answer proves. Everything that is not known to be good has failed, or is unproved."""

import re
from collections.abc import Iterable

from interlock.probes.body import judge_body
from interlock.probes.database_error import find_database_error
from interlock.probes.expectation import REFUSED, expected_of, is_public
from interlock.probes.probe import INVALID, NOBODY, Answer, Probe, Proof
from interlock.probes.redact import tidy
from interlock.probes.reply import NoReply, Reply

LOGIN_PAGE = re.compile(r"(?i)(?:^|[/._-])(?:log-?in|log-?on|sign-?in|sso|auth|oauth2?|authorize)(?:$|[/._-])")
TURNED_AWAY = REFUSED | {404}
"""What turns somebody away. A 404 does so only where it is expected: a tenant may not even learn that another
tenant's page exists."""


def classify(probe: Probe, identity: str, reply: Reply | NoReply, *, secrets: Iterable[str] = ()) -> Answer:
    """Say what one answer to one identity proves."""
    if isinstance(reply, NoReply):
        proof, reason = Proof.FAILED, reply.reason
    else:
        proof, reason = _judge(probe, identity, reply)
    return Answer(probe.name, identity, reply.status, proof, tidy(reason, secrets), reply.seconds)


def _judge(probe: Probe, identity: str, reply: Reply) -> tuple[Proof, str]:
    expected = probe.expect.get(identity, expected_of(identity))
    if error := find_database_error(reply.body):
        return Proof.FAILED, f"answered {reply.status} with a database error in its body: {error}"
    if reply.status >= 500:
        return Proof.FAILED, f"answered {reply.status}: the application, or what stands before it, broke"
    if identity not in NOBODY and reply.is_redirect and LOGIN_PAGE.search(reply.redirected_to):
        return Proof.FAILED, f"was sent to {reply.redirected_to}, which looks like a login page: a refusal"
    if reply.status not in expected:
        return Proof.FAILED, _surprise(identity, reply, expected)
    if reply.is_success:
        return _judge_success(probe, identity, reply)
    return _judge_other(identity, reply)


def _judge_success(probe: Probe, identity: str, reply: Reply) -> tuple[Proof, str]:
    if identity not in NOBODY:
        return judge_body(probe, reply)
    if not is_public(probe):
        return (
            Proof.UNPROVED,
            f"answered {reply.status} to {_whom(identity)}, which proves nothing",
        )
    proof, reason = judge_body(probe, reply)
    return proof, f"{reason}; nobody needs to log in here" if proof is Proof.PROVED else reason


def _judge_other(identity: str, reply: Reply) -> tuple[Proof, str]:
    if reply.status in TURNED_AWAY:
        return Proof.LOCKED, f"{_whom(identity)} was turned away with {reply.status}, as expected"
    if reply.is_redirect and identity in NOBODY:
        return Proof.LOCKED, f"{_whom(identity)} was sent to {reply.redirected_to}, as expected"
    return Proof.UNPROVED, f"answered {reply.status}, as expected, but only a 2xx proves that a page works"


def _surprise(identity: str, reply: Reply, expected: frozenset[int]) -> str:
    wanted = f"expected was {in_words(expected)}"
    if identity in NOBODY and reply.is_success:
        return f"answered {reply.status} to {_whom(identity)}: the door is open; {wanted}"
    if reply.is_redirect:
        return f"answered {reply.status}, a redirect to {reply.redirected_to}; {wanted}"
    if reply.status in REFUSED and identity not in NOBODY:
        return f"answered {reply.status}: a valid identity was refused; {wanted}"
    if reply.status == 404:
        return f"answered 404: the declared route does not exist; {wanted}"
    return f"answered {reply.status}; {wanted}"


def _whom(identity: str) -> str:
    if identity == INVALID:
        return "an invalid token"
    return "nobody" if identity in NOBODY else "a known identity"


def in_words(statuses: frozenset[int]) -> str:
    """Write statuses as people do: 2xx, 401 or 403."""
    if not statuses:
        return "nothing at all"
    whole = {first for first in range(100, 600, 100) if statuses >= set(range(first, first + 100))}
    single = sorted(status for status in statuses if status // 100 * 100 not in whole)
    return " or ".join([*(f"{first // 100}xx" for first in sorted(whole)), *map(str, single)])
