"""Tokens: short-lived, signed, and saying only who the user is; what the user may do is looked up."""

import time
from dataclasses import dataclass
from uuid import UUID

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from interlock.control.domain.errors import NotSignedIn
from interlock.errors import InvalidSetting

LIFETIME_SECONDS = 15 * 60
ISSUER = "interlock"
ALGORITHM = "HS256"
SHORTEST_KEY = 32
CLAIMS = jwt.JWTClaimsRegistry(
    iss={"essential": True, "value": ISSUER}, sub={"essential": True}, org={"essential": True}, exp={"essential": True}
)


@dataclass(frozen=True, slots=True)
class Bearer:
    """Whom a token is about."""

    organisation_id: UUID
    user_id: UUID


class Tokens:
    """Issues tokens and reads them, with one secret key that all workers share."""

    def __init__(self, key: str) -> None:
        if len(key.encode()) < SHORTEST_KEY:
            raise InvalidSetting(
                problem=f"the token key is shorter than {SHORTEST_KEY} bytes",
                remedy="make one with: openssl rand -base64 48",
            )
        self._key = OctKey.import_key(key)

    def issue(self, bearer: Bearer) -> str:
        """Sign a token that says who the user is."""
        now = int(time.time())
        claims = {
            "iss": ISSUER,
            "sub": str(bearer.user_id),
            "org": str(bearer.organisation_id),
            "iat": now,
            "exp": now + LIFETIME_SECONDS,
        }
        return jwt.encode({"alg": ALGORITHM}, claims, self._key)

    def read(self, token: str) -> Bearer:
        """Find out whom a token is about; refuse one that we did not sign, or that has expired."""
        try:
            claims = jwt.decode(token, self._key, algorithms=[ALGORITHM]).claims
            CLAIMS.validate(claims)
            return Bearer(UUID(str(claims["org"])), UUID(str(claims["sub"])))
        except (JoseError, ValueError):
            raise NotSignedIn from None
