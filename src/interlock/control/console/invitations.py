"""Invitations: asked for on the page of users, accepted at /invitation."""

from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from interlock.control.console.lists import Wanted, validated
from interlock.control.console.pages import page
from interlock.control.console.people import page_of_users
from interlock.control.console.session import Form, PageRoute, PublicPageRoute, Visitor, require_own_form
from interlock.control.domain import invitations
from interlock.control.domain.audit import Origin
from interlock.control.domain.errors import Conflict, InvalidChange, InvitationRefused
from interlock.control.domain.invitations import Invitation, NewInvitation
from interlock.control.domain.scope import OneOrganisation
from interlock.control.domain.users import Permission
from interlock.control.http.caller import address_of
from interlock.control.http.fields import KeyInPath
from interlock.control.http.invitations import SHORTEST_PASSWORD, Accept, Invite, new_secret, read_token, token_of
from interlock.control.http.ports import ports_of
from interlock.control.http.problems import STATUS

router = APIRouter(prefix="/organisations/{key}/invitations", include_in_schema=False, route_class=PageRoute)
public = APIRouter(include_in_schema=False, route_class=PublicPageRoute)


@router.post("")
async def invite(request: Request, visitor: Visitor, key: KeyInPath, wanted: Wanted, form: Form) -> Response:
    """Invite somebody, and show once what to send to them."""
    visitor.user.must_have(Permission.WRITE_USERS)
    fields = {name: form.get(name, "").strip() for name in ("email", "name", "role")}
    secret = new_secret()
    try:
        new = NewInvitation(**validated(Invite, **fields).model_dump())
        async with visitor.work() as work:
            invitation = await invitations.invite(work, visitor.user, key, new, secret)
    except (InvalidChange, Conflict) as error:
        return await page_of_users(request, visitor, key, wanted, form=form, error=error)
    return _show_once(request, key, invitation, secret)


@router.post("/{invitation_id}/resend")
async def resend(request: Request, visitor: Visitor, key: KeyInPath, invitation_id: UUID) -> Response:
    """Make another link; the former one is worth nothing any more."""
    visitor.user.must_have(Permission.WRITE_USERS)
    secret = new_secret()
    async with visitor.work() as work:
        invitation = await invitations.resend(work, visitor.user, key, invitation_id, secret)
    return _show_once(request, key, invitation, secret)


@router.post("/{invitation_id}/revoke")
async def revoke(visitor: Visitor, key: KeyInPath, invitation_id: UUID) -> Response:
    """Take an invitation back."""
    visitor.user.must_have(Permission.WRITE_USERS)
    async with visitor.work() as work:
        await invitations.revoke(work, visitor.user, key, invitation_id)
    return RedirectResponse(f"/users?organisation={key}", status_code=303)


@public.get("/invitation")
async def ask_for_password(request: Request, token: str = "") -> Response:
    """Welcome somebody who was invited."""
    return page(request, "invitation.html", token=token, shortest=SHORTEST_PASSWORD, error=None)


@public.post("/invitation")
async def accept(request: Request, form: Form) -> Response:
    """Let somebody sign in from now on, by a password of their own."""
    ports, token = ports_of(request), form.get("token", "")
    require_own_form(request)
    try:
        body = validated(Accept, token=token, password=form.get("password", ""))
        ticket = read_token(body.token)
        origin = Origin(request_id=request.state.request_id, address=address_of(request))
        password_hash = await ports.passwords.hash(body.password)
        async with ports.open_work(OneOrganisation(ticket.organisation_id), origin) as work:
            member = await invitations.accept(work, ticket, password_hash)
    except (InvalidChange, InvitationRefused, Conflict) as error:
        shown = {"token": token, "shortest": SHORTEST_PASSWORD, "error": error}
        return page(request, "invitation.html", status=STATUS[type(error)], **shown)
    return page(request, "sign_in.html", next="/", kept=[], error=None, email=member.email)


def _show_once(request: Request, key: str, invitation: Invitation, secret: str) -> Response:
    # A path alone: the host that a request names is whatever its sender wrote. The browser knows where it is.
    link = f"/invitation?{urlencode({'token': token_of(invitation, secret)})}"
    return page(request, "invited.html", key=key, invitation=invitation, link=link)
