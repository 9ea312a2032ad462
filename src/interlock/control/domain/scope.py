"""Whose rows a piece of work may see: one organisation's, or everybody's."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class OneOrganisation:
    """Only what belongs to this organisation."""

    organisation_id: UUID


@dataclass(frozen=True, slots=True)
class WholePlatform:
    """What belongs to any organisation, and the catalogues that all of them share.

    The platform is an organisation too: this is its id, and the catalogues' audit trail is its own.
    """

    organisation_id: UUID


Scope = OneOrganisation | WholePlatform
