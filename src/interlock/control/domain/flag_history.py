"""Changes of flags that are taken back, and flags that are put away together."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from uuid import UUID

from interlock.control.domain import flags
from interlock.control.domain.audit import AuditEvent, Described, Resource, described, record_change
from interlock.control.domain.errors import ChangedMeanwhile, InvalidChange, NotFound
from interlock.control.domain.flags import Flag, FlagChanges, FlagScope, FlagStatus
from interlock.control.domain.versions import check_version

if TYPE_CHECKING:
    from interlock.control.domain.scope import Scope, WholePlatform
    from interlock.control.domain.work import UnitOfWork

# What the trail keeps as text or as a list; all other fields are in it as they are.
_READ: dict[str, Any] = {"scope": FlagScope, "status": FlagStatus, "allowed_sectors": tuple, "blocked_sectors": tuple}


@dataclass(frozen=True, slots=True)
class Archived:
    """A flag that was put away, and the event that tells of it; None where it was inactive already."""

    flag: Flag
    event_id: UUID | None


async def undo(
    work: "UnitOfWork[WholePlatform]", key: str, event_id: UUID, *, expected: Collection[str] | None = None
) -> Flag:
    """Take a change of a flag back. Refused where somebody has changed the same fields since."""
    current = await flags.hold(work, key)
    check_version(current, expected)
    for event in await work.audit.find(work.scope.organisation_id, [event_id]):
        if (event.entry.resource_type, event.entry.resource_id) == (Resource.FLAG, key):
            return await _take_back(work, current, event)
    raise NotFound("change of this flag", event_id)


async def _take_back(work: "UnitOfWork[WholePlatform]", current: Flag, event: AuditEvent) -> Flag:
    before, after = event.entry.before, event.entry.after
    if before is None or after is None:
        raise InvalidChange(problem="only a change can be taken back", remedy="switch the flag off, or archive it")
    changes = _changed_back(before, after)
    expected = replace(current, **_changed_back(after, before))
    if not changes or expected != current:
        raise ChangedMeanwhile(current)
    return await flags.change(work, current.key, changes)


async def archive(work: "UnitOfWork[WholePlatform]", keys: Iterable[str]) -> tuple[Archived, ...]:
    """Make flags inactive: each answers off from now on, and none is lost. All of them, or none."""
    return tuple([await _archive(work, key) for key in sorted(set(keys))])


async def _archive(work: "UnitOfWork[WholePlatform]", key: str) -> Archived:
    before = await flags.hold(work, key)
    if before.status is FlagStatus.INACTIVE:
        return Archived(before, None)
    after = await work.flags.save(replace(before, status=FlagStatus.INACTIVE))
    of = (work, work.scope.organisation_id, Resource.FLAG, key)
    return Archived(after, await record_change(*of, before=before, after=after))


async def find_archivings(work: "UnitOfWork[Scope]", event_ids: Collection[UUID]) -> tuple[AuditEvent, ...]:
    """Those of these events that archived a flag which has not been changed since."""
    events = await _archivings(work, event_ids)
    inactive = await work.flags.inactive_among([event.entry.resource_id for event in events])
    flags_by_key = {flag.key: flag for flag in inactive}
    return tuple(event for event in events if described(flags_by_key.get(event.entry.resource_id)) == event.entry.after)


async def unarchive(work: "UnitOfWork[WholePlatform]", event_ids: Collection[UUID]) -> tuple[str, ...]:
    """Take archivings back. A flag that was changed since stays as it is: the keys of those are given."""
    events = await _archivings(work, event_ids)
    if unknown := set(event_ids) - {event.id for event in events}:
        raise NotFound("archiving of a flag", unknown.pop())
    left = []
    for event in events:
        current = await flags.hold(work, event.entry.resource_id)
        if described(current) == event.entry.after:
            await _take_back(work, current, event)
        else:
            left.append(current.key)
    return tuple(left)


async def _archivings(work: "UnitOfWork[Scope]", event_ids: Collection[UUID]) -> list[AuditEvent]:
    events = filter(_is_archiving, await work.audit.find(work.scope.organisation_id, event_ids))
    # In the order in which flags are archived: two who do so wait for each other instead of deadlocking.
    return sorted(events, key=lambda event: event.entry.resource_id)


def _is_archiving(event: AuditEvent) -> bool:
    before, after = event.entry.before, event.entry.after
    if event.entry.resource_type != Resource.FLAG or before is None or after is None:
        return False
    return set(_changed_back(before, after)) == {"status"} and after["status"] == FlagStatus.INACTIVE


def _changed_back(before: Described, after: Described) -> FlagChanges:
    """The fields that a change changed, as they were before it."""
    changed = [name for name in FlagChanges.__annotations__ if before.get(name) != after.get(name) and name in before]
    return {name: _READ.get(name, lambda value: value)(before[name]) for name in changed}  # type: ignore[return-value]
