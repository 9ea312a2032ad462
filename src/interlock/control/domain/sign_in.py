"""Signing in: who is let in, and how often somebody may try."""

import re
from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol
from uuid import UUID

from interlock.control.domain.errors import SignInRefused, TooManyAttempts

WINDOW_SECONDS = 15 * 60
ATTEMPTS_PER_EMAIL = 10
ATTEMPTS_PER_ADDRESS = 60

EMAIL_PATTERN = r"^[^@\s\x00-\x1f\x7f]+@[^@\s\x00-\x1f\x7f]+$"
LONGEST_EMAIL = 254


@dataclass(frozen=True, slots=True)
class Login:
    """A password that lets a user in. `last_address` is where its owner last signed in from."""

    email: str
    organisation_id: UUID
    user_id: UUID
    password_hash: str
    is_active: bool
    last_address: str | None


@dataclass(frozen=True, slots=True)
class Count:
    """How many sign-ins were tried in the running window, this one included, and when the window ends."""

    attempts: int
    seconds_left: int


@dataclass(frozen=True, slots=True)
class Attempts:
    """What was tried for one e-mail address, and from one network address."""

    for_email: Count
    from_address: Count


@dataclass(frozen=True, slots=True)
class Subjects:
    """Under which names the attempts are counted."""

    email: str
    address: str

    @classmethod
    def of(cls, email: str, address: str) -> "Subjects":
        # People type their password where the address belongs, so what they typed is not kept.
        return cls(f"email:{sha256(email.encode()).hexdigest()}", f"address:{address}")


class Desk(Protocol):
    """Where attempts are counted and logins are kept. Each call is a transaction of its own."""

    async def count(self, subjects: Subjects) -> Attempts:
        """Count one more attempt."""

    async def find(self, email: str) -> Login | None: ...

    async def welcome(self, login: Login, subjects: Subjects, address: str) -> None:
        """Take the attempt back, for it was a good one, and remember where it came from."""


class Passwords(Protocol):
    """Hashing, slow on purpose."""

    async def hash(self, password: str) -> str: ...
    async def is_right(self, password: str, password_hash: str | None) -> bool:
        """Compare, taking the same time when there is no hash to compare with."""


async def sign_in(desk: Desk, passwords: Passwords, email: str, password: str, address: str) -> Login:
    """Let somebody in who knows the password of an active user."""
    email = normalised(email)
    subjects = Subjects.of(email, address)
    attempts = await desk.count(subjects)
    login = await desk.find(email)
    check_attempts(attempts, is_known_address=login is not None and login.last_address == address)
    is_right = await passwords.is_right(password, login.password_hash if login else None)
    if login is None or not login.is_active or not is_right:
        raise SignInRefused
    await desk.welcome(login, subjects, address)
    return login


def check_attempts(attempts: Attempts, *, is_known_address: bool) -> None:
    """Refuse an attempt too many.

    Strangers who use up the attempts of somebody's e-mail address do not lock its owner out: the address
    that the owner last signed in from has only its own attempts to use up.
    """
    if attempts.from_address.attempts > ATTEMPTS_PER_ADDRESS:
        raise TooManyAttempts(attempts.from_address.seconds_left)
    if attempts.for_email.attempts > ATTEMPTS_PER_EMAIL and not is_known_address:
        raise TooManyAttempts(attempts.for_email.seconds_left)


def is_email(text: str) -> bool:
    """Whether a mail could be sent there, as far as can be seen."""
    return len(text) <= LONGEST_EMAIL and re.fullmatch(EMAIL_PATTERN, text) is not None


def normalised(email: str) -> str:
    """Spell an e-mail address the one way in which it is kept."""
    return email.strip().lower()
