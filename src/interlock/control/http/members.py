"""/admin/organisations/{organisation_key}/users"""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import Field

from interlock.control.domain import organisations, users
from interlock.control.domain.users import Member, Permission, Role
from interlock.control.http.caller import Caller, ProtectedRoute, permitted
from interlock.control.http.fields import (
    Body,
    KeyInPath,
    Listing,
    ListView,
    Name,
    Search,
    Truth,
    View,
    WantedSlice,
    left_out,
    listing,
)
from interlock.control.http.problems import OF_A_BODY, problems
from interlock.control.http.versions import Expected, tag

router = APIRouter(
    prefix="/admin/organisations/{organisation_key}/users",
    tags=["users"],
    route_class=ProtectedRoute,
    responses=problems(401, 403, 404, 422, 500),
)

Reader = Annotated[Caller, permitted(Permission.READ_USERS)]
Writer = Annotated[Caller, permitted(Permission.WRITE_USERS)]


class MemberView(View):
    """A user of an organisation."""

    organisation_id: UUID
    id: UUID
    email: str = Field(examples=["jo@acme.example"])
    name: str
    role: Role
    is_active: bool = Field(description="Whether the user gets in. Who is deactivated is out at once.")
    created_at: datetime
    updated_at: datetime


class MemberList(ListView):
    """One page of users."""

    items: list[MemberView]


class ChangeMember(Body):
    """What shall be different. What is left out stays as it is."""

    name: Name = left_out()
    role: Role = left_out()
    is_active: Truth = left_out()


@router.get("", response_model=MemberList)
async def list_users(
    caller: Reader, organisation_key: KeyInPath, wanted: WantedSlice, search: Search = None
) -> Listing[Member]:
    """List the users of an organisation, by e-mail address."""
    async with caller.work() as work:
        organisation = await organisations.find(work, organisation_key)
        return listing(await work.users.page(organisation.id, wanted, search))


@router.get("/{user_id}", response_model=MemberView)
async def read_user(caller: Reader, organisation_key: KeyInPath, user_id: UUID, response: Response) -> Member:
    """Read one user."""
    async with caller.work() as work:
        organisation = await organisations.find(work, organisation_key)
        member = await users.find_member(work, organisation, user_id)
    tag(response, member)
    return member


@router.patch("/{user_id}", response_model=MemberView, responses=problems(412, *OF_A_BODY))
async def change_user(
    caller: Writer,
    organisation_key: KeyInPath,
    user_id: UUID,
    body: ChangeMember,
    expected: Expected,
    response: Response,
) -> Member:
    """Change a user: the name, the role, or whether the user gets in."""
    async with caller.work() as work:
        member = await users.change_member(
            work, caller.user, organisation_key, user_id, body.given(), expected=expected
        )
    tag(response, member)
    return member
