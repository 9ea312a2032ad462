"""As whom an endpoint is asked, and how that identity gets its token: values only."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from interlock.errors import InvalidSetting
from interlock.probes.probe import NOBODY


@dataclass(frozen=True, slots=True)
class TokenHeader:
    """The header that carries a token. The template says what stands around it."""

    name: str = "Authorization"
    template: str = "Bearer {token}"

    def __post_init__(self) -> None:
        if "{token}" not in self.template:
            raise InvalidSetting(
                problem=f"the template of the header {self.name} has no {{token}} in it",
                remedy='write it as in "Bearer {token}", or "{token}" for the bare token',
            )

    def carrying(self, token: str) -> dict[str, str]:
        return {self.name: self.template.replace("{token}", token)}


BEARER = TokenHeader()


@dataclass(frozen=True, slots=True)
class GivenToken:
    """A token that the caller read from an environment variable; None where it is not set."""

    variable: str
    value: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class TokenCommand:
    """A command that prints a token. It runs without a shell and without standard input."""

    argv: tuple[str, ...] = field(repr=False)
    timeout_seconds: float = 30.0

    def __post_init__(self) -> None:
        if not self.argv or not self.argv[0]:
            raise InvalidSetting(
                problem="the command that prints a token is empty",
                remedy="name the program and its arguments",
            )

    @classmethod
    def from_line(cls, line: str, timeout_seconds: float = 30.0) -> Self:
        """Read a command as a shell would split it."""
        try:
            return cls(tuple(shlex.split(line)), timeout_seconds)
        except ValueError as error:
            # The line itself may hold a secret, so it is not repeated.
            raise InvalidSetting(
                problem=f"the command that prints a token cannot be split into words: {error}",
                remedy="close its quotation marks, or give a list of words",
            ) from None


@dataclass(frozen=True, slots=True)
class SignIn:
    """A request to the application itself that logs somebody in.

    `token_field` is the dotted path of the token in the JSON answer. Where it is None, the cookies that the
    answer sets are the credential. `is_form` sends the fields as an HTML form does, as OAuth 2 wants it.
    """

    path: str
    body: Mapping[str, Any] = field(default_factory=dict, repr=False)
    method: str = "POST"
    token_field: str | None = "access_token"  # noqa: S105 - the name of a field
    is_form: bool = False

    def __post_init__(self) -> None:
        if not self.path.startswith("/"):
            raise InvalidSetting(
                problem=f"the sign-in path {self.path.partition('?')[0]!r} does not begin with a slash",
                remedy="give a path of the application; for another server, use a command that prints the token",
            )


@dataclass(frozen=True, slots=True)
class Identity:
    """Somebody real, who can be logged in."""

    name: str
    source: GivenToken | TokenCommand | SignIn
    header: TokenHeader = BEARER

    def __post_init__(self) -> None:
        if not self.name or self.name in NOBODY:
            raise InvalidSetting(
                problem=f"an identity cannot be named {self.name!r}",
                remedy=f"choose another name; {' and '.join(sorted(NOBODY))} are asked as in any case",
            )
