"""/admin/organisations/{organisation_key}/invitations, and POST /invitations/accept"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from secrets import token_urlsafe
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import Field, StringConstraints

from interlock.control.domain import invitations, organisations
from interlock.control.domain.audit import Origin
from interlock.control.domain.errors import InvitationRefused
from interlock.control.domain.invitations import Invitation, InvitationStatus, NewInvitation, Ticket
from interlock.control.domain.scope import OneOrganisation, Scope
from interlock.control.domain.users import Member, Permission, Role
from interlock.control.domain.work import UnitOfWork
from interlock.control.http.caller import Caller, ProtectedRoute, address_of, permitted
from interlock.control.http.creation import WantedCreation, create_once
from interlock.control.http.fields import (
    TEXT_PATTERN,
    Body,
    Email,
    KeyInPath,
    Listing,
    ListView,
    Name,
    View,
    WantedSlice,
    listing,
)
from interlock.control.http.members import MemberView
from interlock.control.http.ports import Ports, ThePorts
from interlock.control.http.problems import OF_A_BODY, problems

router = APIRouter(
    prefix="/admin/organisations/{organisation_key}/invitations",
    tags=["users"],
    route_class=ProtectedRoute,
    responses=problems(401, 403, 404, 422, 500),
)
public = APIRouter(prefix="/invitations", tags=["users"], responses=problems(500))

Reader = Annotated[Caller, permitted(Permission.READ_USERS)]
Writer = Annotated[Caller, permitted(Permission.WRITE_USERS)]

SHORTEST_PASSWORD = 12


class InvitationView(View):
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


class IssuedInvitationView(InvitationView):
    """An invitation with its token, which is told this once."""

    token: str | None = Field(None, description="For POST /invitations/accept. Null where it was told before.")


class InvitationList(ListView):
    """One page of invitations."""

    items: list[InvitationView]


class Invite(Body):
    """Who is invited, as what."""

    email: Email
    name: Name
    role: Role = Role.VIEWER


class Accept(Body):
    """With what an invitation is accepted."""

    token: Annotated[str, StringConstraints(min_length=1, max_length=400, pattern=TEXT_PATTERN)]
    password: Annotated[str, StringConstraints(min_length=SHORTEST_PASSWORD, max_length=1024)] = Field(
        json_schema_extra={"format": "password"}
    )


def new_secret() -> str:
    """A secret that nobody guesses."""
    return token_urlsafe(32)


def token_of(invitation: Invitation, secret: str) -> str:
    """What the invited person is sent. It names the tenant, so that it can be looked up behind the tenant's fence."""
    place = urlsafe_b64encode(invitation.organisation_id.bytes + invitation.id.bytes).decode().rstrip("=")
    return f"{place}.{secret}"


def read_token(token: str) -> Ticket:
    """Read what token_of wrote."""
    place, _, secret = token.partition(".")
    try:
        ids = urlsafe_b64decode(place + "=" * (-len(place) % 4))
        return Ticket(UUID(bytes=ids[:16]), UUID(bytes=ids[16:]), secret)
    except ValueError:
        raise InvitationRefused from None


@router.get("", response_model=InvitationList)
async def list_invitations(caller: Reader, organisation_key: KeyInPath, wanted: WantedSlice) -> Listing[Invitation]:
    """List the invitations of an organisation."""
    async with caller.work() as work:
        organisation = await organisations.find(work, organisation_key)
        return listing(await work.invitations.page(organisation.id, wanted))


@router.post("", status_code=201, response_model=IssuedInvitationView, responses=problems(409, *OF_A_BODY))
async def invite_user(caller: Writer, organisation_key: KeyInPath, body: Invite, creation: WantedCreation) -> Response:
    """Invite somebody. The token is told this once; it is good for 7 days."""
    new, secret = NewInvitation(**body.model_dump()), new_secret()
    async with caller.work() as work:
        return await create_once(
            work,
            creation,
            lambda: invitations.invite(work, caller.user, organisation_key, new, secret),
            IssuedInvitationView,
            tell_once=lambda invitation: {"token": token_of(invitation, secret)},
        )


@router.post("/{invitation_id}/resend", response_model=IssuedInvitationView)
async def resend_invitation(caller: Writer, organisation_key: KeyInPath, invitation_id: UUID) -> IssuedInvitationView:
    """Make another token for an invitation, good for 7 days. The former one is worth nothing any more."""
    secret = new_secret()
    async with caller.work() as work:
        invitation = await invitations.resend(work, caller.user, organisation_key, invitation_id, secret)
    view = IssuedInvitationView.model_validate(invitation)
    return view.model_copy(update={"token": token_of(invitation, secret)})


@router.delete("/{invitation_id}", status_code=204)
async def revoke_invitation(caller: Writer, organisation_key: KeyInPath, invitation_id: UUID) -> None:
    """Take an invitation back."""
    async with caller.work() as work:
        await invitations.revoke(work, caller.user, organisation_key, invitation_id)


@public.post("/accept", status_code=201, response_model=MemberView, responses=problems(404, 409, *OF_A_BODY))
async def accept_invitation(body: Accept, request: Request, ports: ThePorts) -> Member:
    """Accept an invitation with its token, and choose a password. The user can sign in from then on."""
    return await accept(request, ports, body)


async def accept(request: Request, ports: Ports, body: Accept) -> Member:
    """Let an invited person in by a password. It is hashed only for whoever was invited: that is work on purpose."""
    await find_offered(request, ports, body.token)
    password_hash = await ports.passwords.hash(body.password)
    ticket = read_token(body.token)
    async with _work_of(request, ports, ticket) as work:
        return await invitations.accept(work, ticket, password_hash)


async def find_offered(request: Request, ports: Ports, token: str) -> Invitation:
    """Find the invitation that a token is for. Raises InvitationRefused."""
    ticket = read_token(token)
    async with _work_of(request, ports, ticket) as work:
        return await invitations.find_offered(work, ticket)


def _work_of(request: Request, ports: Ports, ticket: Ticket) -> AbstractAsyncContextManager[UnitOfWork[Scope]]:
    origin = Origin(request_id=request.state.request_id, address=address_of(request))
    return ports.open_work(OneOrganisation(ticket.organisation_id), origin)
