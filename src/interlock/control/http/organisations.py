"""/admin/organisations"""

from datetime import datetime
from typing import Annotated
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import Field

from interlock.control.domain import invitations, organisations
from interlock.control.domain.invitations import Invitation, NewInvitation
from interlock.control.domain.organisations import LARGEST_LIMIT, NewOrganisation, Organisation, Plan
from interlock.control.domain.users import Permission, Role
from interlock.control.http.caller import Caller, ProtectedRoute, permitted
from interlock.control.http.creation import WantedCreation, create_once
from interlock.control.http.fields import (
    Body,
    Email,
    Key,
    KeyInPath,
    Listing,
    ListView,
    Name,
    Number,
    Search,
    SectorCode,
    Truth,
    View,
    WantedSlice,
    left_out,
    listing,
)
from interlock.control.http.invitations import new_secret, token_of
from interlock.control.http.problems import OF_A_BODY, problems
from interlock.control.http.versions import Expected, tag

router = APIRouter(
    prefix="/admin/organisations",
    tags=["organisations"],
    route_class=ProtectedRoute,
    responses=problems(401, 403, 500),
)
other_spelling = APIRouter(prefix="/admin/organizations", include_in_schema=False)

Reader = Annotated[Caller, permitted(Permission.READ_ORGANISATIONS)]
Writer = Annotated[Caller, permitted(Permission.WRITE_ORGANISATIONS)]

Limit = Annotated[int, Field(ge=1, le=LARGEST_LIMIT), Number]
Archived = Annotated[bool, Query(description="Those that are archived, instead of those that are not.")]


class OrganisationView(View):
    """One organisation."""

    id: UUID
    key: str = Field(examples=["acme"])
    name: str = Field(examples=["Acme Analytics Ltd"])
    sector_code: str | None = Field(examples=["62.01"])
    plan: Plan
    is_active: bool
    created_at: datetime
    updated_at: datetime
    archived_at: datetime | None = Field(
        description="Since when it is archived: nobody of it gets in. Null if it is not."
    )
    requests_per_minute: int | None = Field(
        description="How often its users, together, may ask the API; null: no limit."
    )


class OrganisationList(ListView):
    """One page of organisations."""

    items: list[OrganisationView]


class CreatedOrganisationView(OrganisationView):
    """An organisation that has just been created."""

    invitation_token: str | None = Field(
        None, description="The token of its first administrator's invitation, told this once; null without one."
    )


class FirstAdministrator(Body):
    """Who is invited to administer a new organisation."""

    email: Email
    name: Name

    def as_asked(self) -> NewInvitation:
        return NewInvitation(self.email, self.name, Role.ADMIN)


class CreateOrganisation(Body):
    """A new organisation."""

    key: Key = Field(examples=["acme"])
    name: Name = Field(examples=["Acme Analytics Ltd"])
    sector_code: SectorCode | None = Field(None, examples=["62.01"])
    plan: Plan = Plan.BASIC
    requests_per_minute: Limit | None = None
    administrator: FirstAdministrator | None = None

    def as_asked(self) -> NewOrganisation:
        return NewOrganisation(self.key, self.name, self.sector_code, self.plan, self.requests_per_minute)


class ChangeOrganisation(Body):
    """What shall be different. What is left out stays as it is."""

    name: Name = left_out()
    sector_code: SectorCode | None = None
    plan: Plan = left_out()
    requests_per_minute: Limit | None = None
    is_active: Truth = left_out()


@router.get("", response_model=OrganisationList, responses=problems(422))
async def list_organisations(
    caller: Reader, wanted: WantedSlice, search: Search = None, archived: Archived = False
) -> Listing[Organisation]:
    """List the organisations that the caller may see, by key."""
    async with caller.work() as work:
        return listing(await work.organisations.page(wanted, search, is_archived=archived))


@router.post("", status_code=201, response_model=CreatedOrganisationView, responses=problems(409, *OF_A_BODY))
async def create_organisation(caller: Writer, body: CreateOrganisation, creation: WantedCreation) -> Response:
    """Create an organisation, and invite its first administrator where one is named."""
    secret = new_secret()
    invited: list[Invitation] = []
    async with caller.platform_work() as work:

        async def create() -> Organisation:
            organisation = await organisations.create(work, body.as_asked())
            if body.administrator:
                administrator = body.administrator.as_asked()
                invited.append(await invitations.invite(work, caller.user, organisation.key, administrator, secret))
            return organisation

        return await create_once(
            work,
            creation,
            create,
            CreatedOrganisationView,
            tell_once=lambda _: {"invitation_token": token_of(invited[0], secret) if invited else None},
        )


@router.get("/{key}", response_model=OrganisationView, responses=problems(404, 422))
async def read_organisation(caller: Reader, key: KeyInPath, response: Response) -> Organisation:
    """Read one organisation."""
    async with caller.work() as work:
        found = await organisations.find(work, key)
    tag(response, found)
    return found


@router.patch("/{key}", response_model=OrganisationView, responses=problems(404, 412, *OF_A_BODY))
async def change_organisation(
    caller: Writer, key: KeyInPath, body: ChangeOrganisation, expected: Expected, response: Response
) -> Organisation:
    """Change an organisation."""
    async with caller.platform_work() as work:
        changed = await organisations.change(work, key, body.given(), expected=expected)
    tag(response, changed)
    return changed


@router.post("/{key}/archive", response_model=OrganisationView, responses=problems(404, 412, 422))
async def archive_organisation(caller: Writer, key: KeyInPath, expected: Expected, response: Response) -> Organisation:
    """Archive an organisation: nobody of it gets in, and nothing of it is lost."""
    async with caller.platform_work() as work:
        archived = await organisations.archive(work, key, expected=expected)
    tag(response, archived)
    return archived


@router.post("/{key}/restore", response_model=OrganisationView, responses=problems(404, 412, 422))
async def restore_organisation(caller: Writer, key: KeyInPath, expected: Expected, response: Response) -> Organisation:
    """Take an organisation out of the archive, and let its users in again."""
    async with caller.platform_work() as work:
        restored = await organisations.restore(work, key, expected=expected)
    tag(response, restored)
    return restored


@other_spelling.api_route("", methods=["GET", "POST"])
@other_spelling.api_route("/{rest:path}", methods=["GET", "PATCH", "PUT", "POST", "DELETE"])
async def respell(request: Request) -> RedirectResponse:
    """Send whoever writes organizations to organisations, for good, with the same method and body."""
    path = quote(request.url.path.replace("/organizations", "/organisations", 1))
    query = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse(path + query, status_code=308)
