"""Invitations: how somebody becomes a user. The secret is told once, and only its hash is kept."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from hmac import compare_digest
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

from interlock.control.domain.audit import Resource, record_change
from interlock.control.domain.errors import Conflict, InvitationRefused, NotFound
from interlock.control.domain.organisations import hold_to_change
from interlock.control.domain.page import Page, Slice
from interlock.control.domain.sign_in import normalised
from interlock.control.domain.users import Member, Role, User, check_reach, check_role, read_again

if TYPE_CHECKING:
    from interlock.control.domain.scope import Scope
    from interlock.control.domain.work import UnitOfWork

LIFETIME = timedelta(days=7)


class InvitationStatus(StrEnum):
    """What became of an invitation."""

    PENDING = "pending"
    EXPIRED = "expired"
    ACCEPTED = "accepted"


@dataclass(frozen=True, slots=True)
class NewInvitation:
    """Who is invited, as what."""

    email: str
    name: str
    role: Role


@dataclass(frozen=True, slots=True)
class Invitation:
    """Somebody who was invited."""

    organisation_id: UUID
    id: UUID
    email: str
    name: str
    role: Role
    status: InvitationStatus
    expires_at: datetime
    accepted_at: datetime | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Ticket:
    """What the invited person holds: it names the invitation, and proves that it was sent to them."""

    organisation_id: UUID
    invitation_id: UUID
    secret: str


class Invitations(Protocol):
    """The invitations that the scope lets one see."""

    async def page(self, organisation_id: UUID, wanted: Slice) -> Page[Invitation]: ...
    async def hold(self, organisation_id: UUID, invitation_id: UUID) -> Invitation | None:
        """Find it and keep everybody else from changing it until the work ends."""

    async def add(self, organisation_id: UUID, new: NewInvitation, secret_hash: str) -> Invitation | None:
        """Add it; None where the person is invited to this organisation already."""

    async def renew(self, invitation: Invitation, secret_hash: str) -> Invitation:
        """Give it another secret and its whole life again. The former secret is worth nothing from now on."""

    async def secret_hash(self, invitation: Invitation) -> str: ...
    async def accept(self, invitation: Invitation, password_hash: str) -> Member | None:
        """Make a user of the invited person; None where somebody signs in with that e-mail address already."""

    async def delete(self, invitation: Invitation) -> None: ...


async def invite(
    work: "UnitOfWork[Scope]", actor: User, organisation_key: str, new: NewInvitation, secret: str
) -> Invitation:
    """Invite somebody to an organisation, as nothing above the actor's own role."""
    organisation = await hold_to_change(work, organisation_key)
    check_role(await read_again(work, actor), organisation_key, new.role)
    email = normalised(new.email)
    if await work.users.has_login(email):
        raise Conflict("user", email)
    wanted = NewInvitation(email, new.name, new.role)
    invitation = await work.invitations.add(organisation.id, wanted, hash_of(secret))
    if invitation is None:
        raise Conflict("invitation of", email)
    await _record(work, invitation, after=invitation)
    return invitation


async def resend(
    work: "UnitOfWork[Scope]", actor: User, organisation_key: str, invitation_id: UUID, secret: str
) -> Invitation:
    """Send an invitation again, with another secret."""
    before = await _hold_open(work, actor, organisation_key, invitation_id)
    after = await work.invitations.renew(before, hash_of(secret))
    await _record(work, after, before=before, after=after)
    return after


async def revoke(work: "UnitOfWork[Scope]", actor: User, organisation_key: str, invitation_id: UUID) -> None:
    """Take an invitation back that was not accepted yet."""
    before = await _hold_open(work, actor, organisation_key, invitation_id)
    await work.invitations.delete(before)
    await _record(work, before, before=before)


async def find_offered(work: "UnitOfWork[Scope]", ticket: Ticket) -> Invitation:
    """Find the invitation that somebody holds the ticket of, and keep everybody else from accepting it meanwhile."""
    invitation = await work.invitations.hold(ticket.organisation_id, ticket.invitation_id)
    if invitation is None or invitation.status is not InvitationStatus.PENDING:
        raise InvitationRefused
    if not compare_digest(await work.invitations.secret_hash(invitation), hash_of(ticket.secret)):
        raise InvitationRefused
    return invitation


async def accept(work: "UnitOfWork[Scope]", ticket: Ticket, password_hash: str) -> Member:
    """Let whoever holds the ticket of an invitation sign in from now on."""
    invitation = await find_offered(work, ticket)
    member = await work.invitations.accept(invitation, password_hash)
    if member is None:
        raise Conflict("user", invitation.email)
    await record_change(work, member.organisation_id, Resource.USER, str(member.id), after=member)
    return member


def hash_of(secret: str) -> str:
    """What is kept of a secret. It is long and random, so that a fast hash will do."""
    return sha256(secret.encode()).hexdigest()


async def _hold_open(work: "UnitOfWork[Scope]", actor: User, organisation_key: str, invitation_id: UUID) -> Invitation:
    organisation = await hold_to_change(work, organisation_key)
    current = await read_again(work, actor)
    invitation = await work.invitations.hold(organisation.id, invitation_id)
    if invitation is None or invitation.status is InvitationStatus.ACCEPTED:
        raise NotFound("open invitation", invitation_id)
    check_reach(current, organisation_key, invitation.role)
    return invitation


async def _record(
    work: "UnitOfWork[Scope]",
    invitation: Invitation,
    before: Invitation | None = None,
    after: Invitation | None = None,
) -> None:
    of = (work, invitation.organisation_id, Resource.INVITATION, str(invitation.id))
    await record_change(*of, before=before, after=after)
