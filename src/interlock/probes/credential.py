"""What logging in gives: the headers that say who asks, or the reason why nobody could be logged in."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from interlock.probes.identity import BEARER, TokenHeader
from interlock.probes.probe import Proof

# Shaped like a JSON Web Token that expires in the year 2999, with a signature that fits no key. So it also
# finds the application that reads a token without checking who signed it.
_WRONG = ".".join(
    (
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9",  # {"alg":"HS256","typ":"JWT"}
        "eyJzdWIiOiJpbnRlcmxvY2sifQ",  # {"sub":"interlock"}
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    )
)


@dataclass(frozen=True, slots=True)
class Credential:
    """The headers of somebody who is logged in, and the secrets in them that must never be printed."""

    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)

    @classmethod
    def of_token(cls, token: str, header: TokenHeader = BEARER) -> "Credential":
        return cls(header.carrying(token), (token,))

    @classmethod
    def of_cookies(cls, cookies: Mapping[str, str]) -> "Credential":
        pairs = "; ".join(f"{name}={value}" for name, value in cookies.items())
        return cls({"Cookie": pairs}, (pairs, *cookies.values()))


@dataclass(frozen=True, slots=True)
class NotLoggedIn:
    """Why nobody could be logged in.

    UNPROVED: there was no way to try, so nothing is known. FAILED: the application's own door is broken.
    """

    reason: str
    proof: Proof = Proof.UNPROVED


NO_CREDENTIAL = Credential()


def wrong_credential(header: TokenHeader = BEARER) -> Credential:
    """Make the credential that must be refused everywhere."""
    return Credential(header.carrying(_WRONG))
