"""Releases as the guard tells of them, and what each endpoint of a project said last."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

from interlock.control.domain.audit import Resource, record_change
from interlock.control.domain.errors import Conflict, NotFound
from interlock.control.domain.page import Page, Slice

if TYPE_CHECKING:
    from interlock.control.domain.scope import Scope
    from interlock.control.domain.work import UnitOfWork


LONG_AGO = timedelta(days=1)


class Signal(StrEnum):
    """The verdict of the guard, in its own word."""

    CLEAR = "CLEAR"
    CAUTION = "CAUTION"
    STOP = "STOP"


class Proof(StrEnum):
    """What an answer proves, in the guard's own word."""

    PROVED = "proved"
    LOCKED = "locked"
    UNPROVED = "unproved"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Answer:
    """What an endpoint told one identity. `status` is None where no answer came."""

    probe: str
    identity: str
    proof: Proof
    status: int | None
    reason: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Summary:
    """A run of the guard in short, as it stands in a list. `id` is the guard's own."""

    project: str
    id: str
    command: str
    tool_version: str
    signal: Signal
    headline: str
    began_at: datetime
    ended_at: datetime
    head: str | None
    revisions_done: int
    findings: int
    drift: int


@dataclass(frozen=True, slots=True)
class NewRelease:
    """A run of the guard as it was told: the document in the format `interlock-release/1`, and the page for people."""

    summary: Summary
    answers: tuple[Answer, ...] = field(repr=False)
    document: Mapping[str, Any] = field(repr=False)
    page: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Release:
    """A run of the guard that is on record."""

    organisation_id: UUID
    summary: Summary
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What an endpoint of a project last told one identity, and since when it has been telling that.

    One that a newer run of its project did not hear from, though it asked the application, is not `is_current`:
    nobody knows what it says by now.
    """

    project: str
    answer: Answer
    asked_at: datetime
    since: datetime
    release_id: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class HealthCounts:
    """How many endpoints there are, each counted as often as there are identities that ask it.

    `failed` and `unproved` are of those that are current; `not_asked` are the others. `last_asked_at` is when any of
    them last answered, None where none ever did.
    """

    total: int
    failed: int
    unproved: int
    not_asked: int
    last_asked_at: datetime | None

    def is_long_ago(self, now: datetime) -> bool:
        """Whether endpoints are known, and none of them has answered for a day: then nobody watches."""
        return self.last_asked_at is not None and now - self.last_asked_at > LONG_AGO


@dataclass(frozen=True, slots=True)
class ReleaseFilter:
    """Which releases or endpoints are wanted; None stands for all of them."""

    project: str | None = None
    signal: Signal | None = None
    proof: Proof | None = None


class Releases(Protocol):
    """The runs on record that the scope lets one see. None is ever changed."""

    async def page(self, wanted: Slice, of: ReleaseFilter) -> Page[Release]:
        """The newest first."""

    async def newest_of_each_project(self) -> tuple[Release, ...]: ...
    async def projects(self) -> tuple[str, ...]: ...
    async def find(self, release_id: str) -> Release | None: ...
    async def document(self, release_id: str) -> Mapping[str, Any] | None: ...
    async def report(self, release_id: str) -> str | None:
        """The page for people."""

    async def add(self, new: NewRelease) -> Release | None:
        """Keep a run; None where there is one of that id."""

    async def remember(self, new: NewRelease) -> None:
        """Take over what the run heard from endpoints, unless something newer is known."""

    async def endpoints(self, wanted: Slice, of: ReleaseFilter) -> Page[Endpoint]:
        """The endpoints by project, probe and identity."""

    async def count_health(self) -> HealthCounts: ...


async def record(work: "UnitOfWork[Scope]", new: NewRelease) -> Release:
    """Put a run of the guard on record. Told again it is there already; another run of its id is refused."""
    made = await work.releases.add(new)
    if made is None:
        return await _same_again(work, new)
    await work.releases.remember(new)
    await record_change(work, made.organisation_id, Resource.RELEASE, made.summary.id, after=made.summary)
    return made


async def find(work: "UnitOfWork[Scope]", release_id: str) -> Release:
    """Find a run."""
    found = await work.releases.find(release_id)
    if found is None:
        raise NotFound("release", release_id)
    return found


async def _same_again(work: "UnitOfWork[Scope]", new: NewRelease) -> Release:
    found = await work.releases.find(new.summary.id)
    if found is None or found.summary != new.summary or await work.releases.document(new.summary.id) != new.document:
        raise Conflict("release", new.summary.id)
    return found
