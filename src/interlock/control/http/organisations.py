"""/admin/organisations"""

from datetime import datetime
from typing import Annotated
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse
from pydantic import Field, StringConstraints

from interlock.control.domain import organisations
from interlock.control.domain.organisations import NewOrganisation, Organisation, Plan
from interlock.control.domain.users import Permission
from interlock.control.http.caller import Caller, ProtectedRoute, permitted
from interlock.control.http.fields import (
    Body,
    Key,
    KeyInPath,
    Listing,
    ListView,
    Name,
    SearchedSlice,
    View,
    left_out,
    listing,
)
from interlock.control.http.problems import OF_A_BODY, problems

router = APIRouter(
    prefix="/admin/organisations",
    tags=["organisations"],
    route_class=ProtectedRoute,
    responses=problems(401, 403, 500),
)
other_spelling = APIRouter(prefix="/admin/organizations", include_in_schema=False)

Reader = Annotated[Caller, permitted(Permission.READ_ORGANISATIONS)]
Writer = Annotated[Caller, permitted(Permission.WRITE_ORGANISATIONS)]
SectorCode = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9.:-]{0,31}$")]


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


class OrganisationList(ListView):
    """One page of organisations."""

    items: list[OrganisationView]


class CreateOrganisation(Body):
    """A new organisation."""

    key: Key = Field(examples=["acme"])
    name: Name = Field(examples=["Acme Analytics Ltd"])
    sector_code: SectorCode | None = Field(None, examples=["62.01"])
    plan: Plan = Plan.BASIC


class ChangeOrganisation(Body):
    """What shall be different. What is left out stays as it is."""

    name: Name = left_out()
    sector_code: SectorCode | None = None
    plan: Plan = left_out()
    is_active: bool = left_out()


@router.get("", response_model=OrganisationList, responses=problems(422))
async def list_organisations(caller: Reader, wanted: SearchedSlice) -> Listing[Organisation]:
    """List the organisations that the caller may see, by key."""
    async with caller.work() as work:
        return listing(await work.organisations.page(wanted))


@router.post("", status_code=201, response_model=OrganisationView, responses=problems(409, *OF_A_BODY))
async def create_organisation(caller: Writer, body: CreateOrganisation) -> Organisation:
    """Create an organisation."""
    async with caller.platform_work() as work:
        return await organisations.create(work, NewOrganisation(**body.model_dump()))


@router.get("/{key}", response_model=OrganisationView, responses=problems(404, 422))
async def read_organisation(caller: Reader, key: KeyInPath) -> Organisation:
    """Read one organisation."""
    async with caller.work() as work:
        return await organisations.find(work, key)


@router.patch("/{key}", response_model=OrganisationView, responses=problems(404, *OF_A_BODY))
async def change_organisation(caller: Writer, key: KeyInPath, body: ChangeOrganisation) -> Organisation:
    """Change an organisation."""
    async with caller.platform_work() as work:
        return await organisations.change(work, key, body.given())


@other_spelling.api_route("", methods=["GET", "POST"])
@other_spelling.api_route("/{rest:path}", methods=["GET", "PATCH", "PUT", "POST", "DELETE"])
async def respell(request: Request) -> RedirectResponse:
    """Send whoever writes organizations to organisations, for good, with the same method and body."""
    path = quote(request.url.path.replace("/organizations", "/organisations", 1))
    query = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse(path + query, status_code=308)
