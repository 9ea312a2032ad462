"""People, found by a part of their name or address in any organisation that one can see."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID


@dataclass(frozen=True, slots=True)
class FoundPerson:
    """Somebody who was looked for, and where to find them."""

    organisation_key: str
    id: UUID
    name: str
    email: str


class Search(Protocol):
    """What is found across the organisations that the scope lets one see."""

    async def people(self, text: str, limit: int) -> Sequence[FoundPerson]:
        """So many of the users whose e-mail address or name contains a text, by address."""

    async def named(self, users: Sequence[tuple[UUID, UUID]]) -> Sequence[FoundPerson]:
        """Those of these users, each told by organisation and id, whom one can see, by address."""

    async def by_email(self, organisation_id: UUID, emails: Sequence[str]) -> Sequence[FoundPerson]:
        """The users of the organisation with these e-mail addresses."""
