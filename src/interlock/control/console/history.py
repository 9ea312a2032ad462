"""What the audit trail tells, in words for people."""

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from interlock.control.console.pages import moment, words
from interlock.control.domain.audit import AuditEvent, Described, Entry, Origin, Resource
from interlock.control.domain.page import Page
from interlock.control.domain.scope import Scope
from interlock.control.domain.work import UnitOfWork

UNTOLD = frozenset({"updated_at", "created_at", "id", "organisation_id"})
OF_USERS = ("allowed_users", "denied_users", "user_id")


@dataclass(frozen=True, slots=True)
class Told:
    """One change: what it was made to by the name that people know, and each field with its words before and after."""

    id: UUID
    entry: Entry
    origin: Origin
    occurred_at: datetime
    actor_email: str | None
    subject: str
    changes: tuple[tuple[str, str, str], ...]


async def told(work: UnitOfWork[Scope], events: Page[AuditEvent]) -> Page[Told]:
    """Tell a page of the trail. The users that changes name are looked up together."""
    entries = [event.entry for event in events.items]
    named = {(entry.organisation_id, user) for entry in entries for user in _users_in(entry.before, entry.after)}
    people = await _emails(work, named)
    return Page(tuple(_told(event, people) for event in events.items), events.last)


async def differences(
    work: UnitOfWork[Scope], organisation_id: UUID, before: Described, after: Described
) -> tuple[tuple[str, str, str], ...]:
    """Tell where two states of one thing differ: each field, with its words in both."""
    people = await _emails(work, {(organisation_id, user) for user in _users_in(before, after)})
    return tuple(_differences(before, after, people))


async def _emails(work: UnitOfWork[Scope], users: Collection[tuple[UUID, UUID]]) -> Mapping[UUID, str]:
    return {each.id: each.email for each in await work.search.named(sorted(users))} if users else {}


def _told(event: AuditEvent, people: Mapping[UUID, str]) -> Told:
    entry = event.entry
    return Told(
        event.id,
        entry,
        event.origin,
        event.occurred_at,
        event.actor_email,
        _subject(entry, people),
        tuple(_differences(entry.before, entry.after, people)) if entry.before and entry.after else (),
    )


def _subject(entry: Entry, people: Mapping[UUID, str]) -> str:
    known = entry.after or entry.before or {}
    match entry.resource_type:
        case Resource.USER | Resource.INVITATION if known.get("email"):
            return f"{known.get('name', '')} ({known['email']})"
        case Resource.OVERRIDE if known.get("flag_key"):
            whom = f", {_word('user_id', known['user_id'], people)}" if known.get("user_id") else ""
            return f"{known['flag_key']} for {known.get('organisation_key', '')}{whom}"
        case _:
            return entry.resource_id


def _differences(
    described_before: Described, described_after: Described, people: Mapping[UUID, str]
) -> Iterator[tuple[str, str, str]]:
    before, after = _flat(described_before), _flat(described_after)
    for name in sorted(before.keys() | after.keys()):
        if name not in UNTOLD and before.get(name) != after.get(name):
            yield words(name), _word(name, before.get(name), people), _word(name, after.get(name), people)


def _flat(described: Described) -> dict[str, Any]:
    """Each field, and those of an object in it by a path: a configuration is not told as a whole."""
    flat: dict[str, Any] = {}
    for name, value in described.items():
        flat |= {f"{name}.{key}": each for key, each in value.items()} if isinstance(value, dict) else {name: value}
    return flat


def _word(name: str, value: Any, people: Mapping[UUID, str]) -> str:
    match value:
        case None | "" | []:
            return "none"
        case bool():
            return "yes" if value else "no"
        case list():
            return ", ".join(_word(name, each, people) for each in value)
        case str() if name in OF_USERS and (user := _uuid(value)):
            return people.get(user, f"somebody who is gone ({value[:8]})")
        case str() if name.endswith("_at"):
            return _day(value)
        case dict():
            return json.dumps(value, ensure_ascii=False)
        case _:
            return str(value)


def _users_in(*states: Described | None) -> Iterator[UUID]:
    for state in states:
        for name in OF_USERS:
            value = (state or {}).get(name)
            for each in value if isinstance(value, list) else [value]:
                if user := _uuid(each):
                    yield user


def _uuid(value: Any) -> UUID | None:
    try:
        return UUID(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _day(text: str) -> str:
    try:
        return moment(datetime.fromisoformat(text))
    except ValueError:
        return text
