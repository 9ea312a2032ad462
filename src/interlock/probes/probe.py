"""What is asked of an endpoint, as whom, and what it answered: values only."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

ANONYMOUS = "anonymous"
INVALID = "invalid"
NOBODY = frozenset({ANONYMOUS, INVALID})
"""The identities that prove no page: nobody at all, and a token that must be refused."""


class Proof(StrEnum):
    """What an answer proves."""

    PROVED = "proved"
    """A real identity got what is declared: the page works. (Or: nobody needs to log in here.)"""
    LOCKED = "locked"
    """Nobody was turned away: the door is locked. It says nothing about the room."""
    UNPROVED = "unproved"
    """It was not asked as this identity, because nobody could be logged in."""
    FAILED = "failed"
    """Anything else: see the reason."""


@dataclass(frozen=True, slots=True)
class Probe:
    """One request, with the statuses that each identity may get.

    `expect` maps the name of an identity to statuses; without any, nobody may get in and everybody with a
    name must. `schemas` maps a status to the JSON Schema (or the OpenAPI schema, inside the document that its
    references point into) that the body must fit; the shape of a body without one is not looked at.
    """

    path: str
    method: str = "GET"
    expect: Mapping[str, frozenset[int]] = field(default_factory=dict)
    schemas: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)
    body: Any = None
    template: str = ""
    """The path with its parameters in braces, where they were filled in: people know it by that."""
    is_tried: bool = False
    """Whether a parameter has a value that is only allowed: nobody says that there is something of it."""

    @property
    def name(self) -> str:
        return f"{self.method} {self.template or self.path}"


@dataclass(frozen=True, slots=True)
class Unprobed:
    """An operation that is not asked, and why: what the document declares and no answer proves."""

    operation: str
    reason: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What one identity was told by one endpoint, and what that proves.

    `status` is None where no answer came. `reason` is one sentence for people, never with a secret in it.
    """

    probe: str
    identity: str
    status: int | None
    proof: Proof
    reason: str
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Asked:
    """One round of asking: every probe as every identity it expects something of.

    `build` is the build id that the application says it is, None where it was not asked or did not tell. `left_out`
    are operations that were not asked, or in vain, because nothing told what to ask them for.
    """

    answers: tuple[Answer, ...] = ()
    build: str | None = None
    left_out: tuple[Unprobed, ...] = ()
