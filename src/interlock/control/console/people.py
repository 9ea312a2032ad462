"""/users"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from interlock.control.console.confirm import Question, confirm
from interlock.control.console.lists import List, Wanted, rows_after, validated
from interlock.control.console.pages import link, page, status_of
from interlock.control.console.session import NOTHING, Form, PageRoute, Visitor
from interlock.control.domain import organisations, users
from interlock.control.domain.errors import ChangedMeanwhile, InvalidChange
from interlock.control.domain.users import Permission
from interlock.control.domain.versions import version_of
from interlock.control.http.caller import Caller
from interlock.control.http.fields import KeyInPath
from interlock.control.http.members import ChangeMember
from interlock.errors import InterlockError

router = APIRouter(include_in_schema=False, route_class=PageRoute)


@router.get("/users")
async def list_users(
    request: Request, visitor: Visitor, wanted: Wanted, organisation: str = "", invited_after: UUID | None = None
) -> Response:
    """The users of one organisation: of the visitor's own, unless another one is named."""
    visitor.user.must_have(Permission.READ_USERS)
    key = organisation or visitor.user.organisation_key
    return await page_of_users(request, visitor, key, wanted, invited_after=invited_after)


async def page_of_users(
    request: Request,
    visitor: Caller,
    key: str,
    wanted: List,
    *,
    invited_after: UUID | None = None,
    changed: UUID | None = None,
    form: Mapping[str, str] = NOTHING,
    error: InterlockError | None = None,
) -> Response:
    """The users of an organisation; with an error, and what was typed: about `changed`, or into an invitation."""
    async with visitor.work() as work:
        of = await organisations.find(work, key)
        found = await work.users.page(of.id, wanted.slice, wanted.search)
        invited = await work.invitations.page(of.id, rows_after(invited_after))
    roles = users.roles_to_give(visitor.user, of.key)
    versions = {member.id: version_of(member) for member in found.items}
    return page(
        request, "users.html", status=status_of(error), found=found, invited=invited, wanted=wanted, versions=versions,
        organisation=of, roles=roles, changed=changed, form=form, error=error,
    )  # fmt: skip


@router.get("/organisations/{key}/users/{user_id}/deactivate")
async def confirm_deactivation(
    request: Request, visitor: Visitor, key: KeyInPath, user_id: UUID, wanted: Wanted
) -> Response:
    """Ask before a user is put out."""
    visitor.user.must_have(Permission.WRITE_USERS)
    async with visitor.work() as work:
        member = await users.find_member(work, await organisations.find(work, key), user_id)
    told = f"{member.email} is signed out everywhere at once, and gets in again when somebody activates the user."
    return confirm(
        request,
        Question(
            f"Deactivate {member.name}?", told, "Deactivate", _address(f"/organisations/{key}/users/{user_id}", wanted),
            fields={"is_active": "false", "version": version_of(member)},
            back=_address("/users", wanted, organisation=key),
        ),
    )  # fmt: skip


@router.post("/organisations/{key}/users/{user_id}")
async def change_user(
    request: Request, visitor: Visitor, key: KeyInPath, user_id: UUID, wanted: Wanted, form: Form
) -> Response:
    """Give a user another role, or say whether the user gets in, unless somebody else has changed the user since."""
    visitor.user.must_have(Permission.WRITE_USERS)
    given: dict[str, Any] = {"role": form["role"]} if "role" in form else {}
    if "is_active" in form:
        given["is_active"] = form["is_active"] == "true"
    try:
        changes = validated(ChangeMember, **given).given()
        async with visitor.work() as work:
            expected = {form["version"]} if "version" in form else None
            await users.change_member(work, visitor.user, key, user_id, changes, expected=expected)
    except ChangedMeanwhile as error:
        return await page_of_users(request, visitor, key, wanted, changed=user_id, error=error)
    except InvalidChange as error:
        return await page_of_users(request, visitor, key, wanted, changed=user_id, form=form, error=error)
    return RedirectResponse(_address("/users", wanted, organisation=key), status_code=303)


def _address(path: str, wanted: List, **query: str) -> str:
    """An address that keeps the part of the list that is looked at."""
    return link(path, **query, search=wanted.search, after=wanted.after)
