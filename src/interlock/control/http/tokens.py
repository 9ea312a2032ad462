"""Tokens: short-lived, signed, and saying only who the user is; what the user may do is looked up."""

import time
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

import jwt
from jwt.types import Options

from interlock.control.domain.errors import NotSignedIn
from interlock.control.domain.sessions import SIGNED_IN_FOR_SECONDS
from interlock.errors import InvalidSetting

LIFETIME_SECONDS = 15 * 60
ISSUER = "interlock"
ALGORITHM = "HS256"
SHORTEST_KEY = 32
MAKE_A_KEY = "make one with: openssl rand -base64 48"


class Audience(StrEnum):
    """What a token is good for: the value of a session's cookie is no token for the API, nor the other way round."""

    API = "api"
    CONSOLE = "console"


# Not when it was issued: the clocks of two servers need not agree to the second.
CHECKS: Options = {"require": ["iss", "aud", "sub", "org", "exp", "auth_time"], "verify_iat": False}


@dataclass(frozen=True, slots=True)
class Bearer:
    """Whom a token is about, and when the password was given, in seconds since 1970; None for this moment.

    What is for the console names the session too.
    """

    organisation_id: UUID
    user_id: UUID
    signed_in_at: int | None = None
    session_id: UUID | None = None


class Tokens:
    """Issues tokens and reads them, with one secret key that all workers share."""

    def __init__(self, key: str) -> None:
        if len(key.encode()) < SHORTEST_KEY:
            raise InvalidSetting(
                problem=f"the token key is shorter than {SHORTEST_KEY} bytes",
                remedy=MAKE_A_KEY,
            )
        try:
            jwt.encode({}, key, ALGORITHM)
        except jwt.InvalidKeyError:
            # Found now: a server that comes up with it would be ready, and answer 500 to every sign-in.
            raise InvalidSetting(
                problem="the token key is a public key or a certificate, which is no secret",
                remedy=MAKE_A_KEY,
            ) from None
        self._key = key

    def issue(self, bearer: Bearer, audience: Audience = Audience.API) -> str:
        """Sign a token that says who the user is."""
        now = int(time.time())
        signed_in_at = now if bearer.signed_in_at is None else bearer.signed_in_at
        claims = {
            "iss": ISSUER,
            "sub": str(bearer.user_id),
            "org": str(bearer.organisation_id),
            "aud": audience.value,
            "iat": now,
            "auth_time": signed_in_at,
            "exp": min(now + LIFETIME_SECONDS, signed_in_at + SIGNED_IN_FOR_SECONDS),
        }
        if bearer.session_id is not None:
            claims["sid"] = str(bearer.session_id)
        return jwt.encode(claims, self._key, ALGORITHM)

    def read(self, token: str, audience: Audience = Audience.API) -> Bearer:
        """Find out whom a token is about; refuse one that we did not sign, that has expired, or is for another use."""
        try:
            claims = jwt.decode(
                token, self._key, algorithms=[ALGORITHM], audience=audience.value, issuer=ISSUER, options=CHECKS
            )
            session = claims.get("sid")
            return Bearer(
                UUID(str(claims["org"])),
                UUID(str(claims["sub"])),
                int(claims["auth_time"]),
                None if session is None else UUID(str(session)),
            )
        except (jwt.InvalidTokenError, ValueError):
            raise NotSignedIn from None
