"""The audit trail: who changed what, told in the transaction that changed it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias
from uuid import UUID

from interlock.control.domain.page import Page, Slice

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    from interlock.control.domain.scope import Scope
    from interlock.control.domain.work import UnitOfWork

Described: TypeAlias = Mapping[str, Any]


class Resource(StrEnum):
    """What a change can be made to."""

    ORGANISATION = "organisation"
    USER = "user"
    INVITATION = "invitation"
    MODULE = "module"
    ORGANISATION_MODULE = "organisation_module"
    FLAG = "flag"
    OVERRIDE = "override"
    RELEASE = "release"
    SESSION = "session"


class Action(StrEnum):
    """What a change does."""

    CREATE = "create"
    CHANGE = "change"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Origin:
    """Who asked for the work, and by which request.

    The command line has no user and no request; whoever accepts an invitation is no user yet.
    """

    actor_organisation_id: UUID | None = None
    actor_id: UUID | None = None
    request_id: str | None = None
    address: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One change, as it is written down.

    `resource_type` is one of Resource, or a newer build's word: while that is rolled out, both read the trail.
    """

    organisation_id: UUID
    action: Action
    resource_type: str
    resource_id: str
    before: Described | None
    after: Described | None


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """One change, as it is read again.

    `actor_email` is None for the command line, for who accepted an invitation, and where the actor is gone or of an
    organisation that one cannot see.
    """

    id: UUID
    entry: Entry
    origin: Origin
    occurred_at: datetime
    actor_email: str | None


@dataclass(frozen=True, slots=True)
class Subject:
    """Which events are wanted: about what, of whom, by whom, from when on and before when. None stands for all.

    `search` is a part of the thing's id or of the actor's e-mail address, or a whole request id or network address.
    """

    resource: Resource | None = None
    resource_id: str | None = None
    organisation_id: UUID | None = None
    action: Action | None = None
    actor_id: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None
    search: str | None = None


class Audit(Protocol):
    """The trail of the organisations that the scope lets one see."""

    async def record(self, entry: Entry) -> UUID:
        """Write it down, and give the id of the event."""

    async def find(self, organisation_id: UUID, event_ids: Collection[UUID]) -> Sequence[AuditEvent]:
        """Those of these events that are there, of one organisation."""

    async def page(self, wanted: Slice, of: "Subject | None" = None) -> Page[AuditEvent]:
        """The newest events first."""

    async def read_on(self, of: "Subject", after: AuditEvent | None, limit: int) -> Sequence[AuditEvent]:
        """The oldest events first: so many after this one, or from the first one on."""


async def record_change(
    work: "UnitOfWork[Scope]",
    organisation_id: UUID,
    resource: Resource,
    resource_id: str,
    *,
    before: "DataclassInstance | None" = None,
    after: "DataclassInstance | None" = None,
) -> UUID:
    """Write down that a thing was made (no before), changed, or deleted (no after)."""
    action = Action.CREATE if before is None else Action.DELETE if after is None else Action.CHANGE
    entry = Entry(organisation_id, action, resource, resource_id, described(before), described(after))
    return await work.audit.record(entry)


def described(thing: "DataclassInstance | None") -> Described | None:
    """Tell a value as JSON can hold it."""
    if thing is None:
        return None
    return {field.name: _as_json(getattr(thing, field.name)) for field in fields(thing)}


def _as_json(value: object) -> object:
    match value:
        case datetime():
            return value.isoformat()
        case UUID():
            return str(value)
        case tuple():
            return [_as_json(each) for each in value]
        case _:
            return value
