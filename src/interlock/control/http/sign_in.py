"""POST /sign-in"""

from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import Field, StringConstraints

from interlock.control.domain.sign_in import sign_in
from interlock.control.http.caller import address_of
from interlock.control.http.fields import TEXT_PATTERN, Body, View
from interlock.control.http.ports import ThePorts
from interlock.control.http.problems import OF_A_BODY, problems
from interlock.control.http.tokens import LIFETIME_SECONDS, Bearer

SCHEME = "Bearer"

router = APIRouter(tags=["sign-in"], responses=problems(500))


class SignIn(Body):
    """With what somebody signs in."""

    email: Annotated[str, StringConstraints(min_length=3, max_length=254, pattern=TEXT_PATTERN)] = Field(
        examples=["admin@example.com"]
    )
    password: Annotated[str, StringConstraints(min_length=1, max_length=1024)] = Field(
        json_schema_extra={"format": "password"}
    )


class Token(View):
    """A token for the Authorization header."""

    access_token: str
    token_type: str = Field(examples=[SCHEME])
    expires_in: int = Field(description="Seconds until it expires.", examples=[LIFETIME_SECONDS])


@router.post("/sign-in", responses=problems(401, *OF_A_BODY, 429))
async def sign_in_with_password(body: SignIn, request: Request, ports: ThePorts) -> Token:
    """Exchange an e-mail address and a password for a token that lasts 15 minutes."""
    address = address_of(request) or "unknown"
    login = await sign_in(ports.desk, ports.passwords, body.email, body.password, address)
    token = ports.tokens.issue(Bearer(login.organisation_id, login.user_id))
    return Token(access_token=token, expires_in=LIFETIME_SECONDS, token_type=SCHEME)
