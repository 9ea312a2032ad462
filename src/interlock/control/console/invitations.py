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
from interlock.control.domain.errors import Conflict, InvalidChange, InvitationRefused
from interlock.control.domain.invitations import Invitation, NewInvitation
from interlock.control.domain.users import Permission
from interlock.control.http.fields import KeyInPath
from interlock.control.http.invitations import (
    SHORTEST_PASSWORD,
    Accept,
    Invite,
    accept,
    find_offered,
    new_secret,
    token_of,
)
from interlock.control.http.ports import ports_of
from interlock.control.http.problems import STATUS
from interlock.errors import InterlockError

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
    """Welcome somebody who was invited, if the invitation still counts."""
    return await _welcome(request, token)


@public.post("/invitation")
async def accept_invitation(request: Request, form: Form) -> Response:
    """Let somebody sign in from now on, by a password of their own."""
    require_own_form(request)
    token = form.get("token", "")
    try:
        body = validated(Accept, token=token, password=form.get("password", ""))
        member = await accept(request, ports_of(request), body)
    except (InvalidChange, InvitationRefused, Conflict) as error:
        return await _welcome(request, token, error)
    return page(request, "sign_in.html", next="/", kept=[], error=None, email=member.email)


async def _welcome(request: Request, token: str, error: InterlockError | None = None) -> Response:
    try:
        invitation = await find_offered(request, ports_of(request), token)
    except InvitationRefused as refusal:
        invitation, error = None, refusal
    status = STATUS[type(error)] if error else 200
    shown = {"token": token, "invitation": invitation, "shortest": SHORTEST_PASSWORD, "error": error}
    return page(request, "invitation.html", status=status, **shown)


def _show_once(request: Request, key: str, invitation: Invitation, secret: str) -> Response:
    # A path alone: the host that a request names is whatever its sender wrote. The browser knows where it is.
    link = f"/invitation?{urlencode({'token': token_of(invitation, secret)})}"
    return page(request, "invited.html", key=key, invitation=invitation, link=link)
