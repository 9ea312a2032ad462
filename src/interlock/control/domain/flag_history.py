"""Changes of flags that are taken back, and flags that are put away together."""

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import UUID

from interlock.control.domain import flags
from interlock.control.domain.audit import Action, Described, Resource, Subject
from interlock.control.domain.errors import ChangedMeanwhile, InvalidChange, NotFound
from interlock.control.domain.flags import Flag, FlagChanges, FlagScope, FlagStatus
from interlock.control.domain.page import Slice

if TYPE_CHECKING:
    from interlock.control.domain.scope import WholePlatform
    from interlock.control.domain.work import UnitOfWork

# What the trail keeps as text or as a list; all other fields are in it as they are.
_READ: dict[str, Any] = {"scope": FlagScope, "status": FlagStatus, "allowed_sectors": tuple, "blocked_sectors": tuple}


async def undo(work: "UnitOfWork[WholePlatform]", key: str, event_id: UUID) -> Flag:
    """Take a change of a flag back. Refused where somebody has changed the same fields since."""
    event = await work.audit.find(event_id)
    if event is None or (event.entry.resource_type, event.entry.resource_id) != (Resource.FLAG, key):
        raise NotFound("change of this flag", event_id)
    before, after = event.entry.before, event.entry.after
    if before is None or after is None:
        raise InvalidChange(problem="only a change can be taken back", remedy="switch the flag off, or archive it")
    changes = _changed_back(before, after)
    current = await flags.find(work, key)
    expected = replace(current, **_changed_back(after, before))
    if not changes or expected != current:
        raise ChangedMeanwhile
    return await flags.change(work, key, changes)


async def archive(work: "UnitOfWork[WholePlatform]", keys: Iterable[str]) -> tuple[Flag, ...]:
    """Make flags inactive: each answers off from now on, and none is lost. All of them, or none."""
    return tuple([await flags.change(work, key, {"status": FlagStatus.INACTIVE}) for key in sorted(set(keys))])


async def unarchive(work: "UnitOfWork[WholePlatform]", keys: Iterable[str]) -> None:
    """Give flags the status back that they had before they were archived."""
    for key in sorted(set(keys)):
        newest = await work.audit.page(Slice(1), Subject(Resource.FLAG, key, action=Action.CHANGE))
        if not newest.items:
            raise NotFound("change of the flag", key)
        await undo(work, key, newest.items[0].id)


def _changed_back(before: Described, after: Described) -> FlagChanges:
    """The fields that a change changed, as they were before it."""
    changed = [name for name in FlagChanges.__annotations__ if before.get(name) != after.get(name) and name in before]
    return {name: _READ.get(name, lambda value: value)(before[name]) for name in changed}  # type: ignore[return-value]
