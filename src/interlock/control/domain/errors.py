"""What can stop somebody's wish in the control plane."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from interlock.errors import InterlockError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


class NotSignedIn(InterlockError):
    """The request comes from nobody that we know: no token, a bad one, or a user who is not active."""

    def __init__(self) -> None:
        super().__init__(
            problem="this needs a valid token of an active user",
            remedy="sign in at POST /api/v1/sign-in and send the token as `Authorization: Bearer ...`",
        )


class SignInRefused(InterlockError):
    """An e-mail address and a password that let nobody in. It never says which of them was wrong."""

    def __init__(self) -> None:
        super().__init__(
            problem="this e-mail address and password do not belong to an active user",
            remedy="check both, or ask an administrator",
        )


class TooManyAttempts(InterlockError):
    """Too many sign-ins were tried for an e-mail address, or from a network address."""

    def __init__(self, retry_after_seconds: int) -> None:
        super().__init__(
            problem="there were too many attempts to sign in",
            remedy=f"try again in {retry_after_seconds} seconds",
        )
        self.retry_after_seconds = retry_after_seconds


class TooManyRequests(InterlockError):
    """An organisation has asked as often in this minute as it may."""

    def __init__(self, limit: int, retry_after_seconds: int) -> None:
        super().__init__(
            problem=f"this organisation may ask {limit} times a minute, and has done so",
            remedy=f"try again in {retry_after_seconds} seconds",
        )
        self.retry_after_seconds = retry_after_seconds


class NotPermitted(InterlockError):
    """The user is known, and may not do this."""

    def __init__(self, permission: str) -> None:
        super().__init__(
            problem=f"this needs the permission {permission}",
            remedy="ask an administrator who has it",
        )
        self.permission = permission


class RoleAboveOwn(InterlockError):
    """Somebody's role, or one that shall be given, permits what the user's own does not."""

    def __init__(self, role: str) -> None:
        super().__init__(
            problem=f"the role {role} permits more than yours",
            remedy="ask an administrator whose role permits as much",
        )
        self.role = role


class NotFound(InterlockError):
    """There is no such thing, or it belongs to an organisation that the user cannot see."""

    def __init__(self, noun: str, key: object) -> None:
        super().__init__(
            problem=f"there is no {noun} {key}",
            remedy="check its key; the list shows those that you can see",
        )
        self.noun, self.key = noun, key


class Conflict(InterlockError):
    """The thing is there already."""

    def __init__(self, noun: str, key: object) -> None:
        super().__init__(
            problem=f"there is a {noun} {key} already",
            remedy="change that one, or choose another",
        )
        self.noun, self.key = noun, key


class ChangedMeanwhile(InterlockError):
    """Somebody else has changed the thing since it was read. `current` is what it is now; None, if it is not there."""

    def __init__(self, current: "DataclassInstance | None") -> None:
        super().__init__(
            problem="somebody has changed it since you read it",
            remedy="read it again, and send its ETag as If-Match with what you still want to change",
        )
        self.current = current


class InvitationRefused(InterlockError):
    """An invitation that does not count. It never says whether there was one."""

    def __init__(self) -> None:
        super().__init__(
            problem="this invitation does not count, or not any more",
            remedy="ask who invited you to send it again",
        )


class InvalidChange(InterlockError):
    """A change that a rule of the domain forbids."""


@dataclass(frozen=True, slots=True, order=True)
class WrongField:
    """One place where something is wrong, such as `configuration.regions.0`, and what."""

    at: str
    message: str


class InvalidConfiguration(InterlockError):
    """A configuration, or a schema of one, that does not fit."""

    def __init__(self, what: str, wrong: Sequence[WrongField]) -> None:
        super().__init__(
            problem=f"{wrong[0].at}: {wrong[0].message}",
            remedy=f"change {what} so that it fits the schema; errors lists every place",
        )
        self.wrong = tuple(wrong)


class InvalidCursor(InterlockError):
    """A cursor that no list gave out."""

    def __init__(self) -> None:
        super().__init__(
            problem="this cursor does not come from this list",
            remedy="send next_cursor of the page before, or leave it out to begin at the first page",
        )
