"""/admin/modules"""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import Field

from interlock.control.domain import module_use, modules, organisations
from interlock.control.domain.module_use import Access, AccessReason, Usage, Use
from interlock.control.domain.modules import (
    Holder,
    Module,
    ModuleStatus,
    ModuleType,
    NewModule,
    OrganisationModule,
)
from interlock.control.domain.organisations import Plan
from interlock.control.domain.users import Permission
from interlock.control.http.caller import Caller, ProtectedRoute, permitted
from interlock.control.http.creation import WantedCreation, create_once
from interlock.control.http.fields import (
    Body,
    FreeJson,
    Key,
    KeyInPath,
    Listing,
    ListView,
    Name,
    Number,
    Search,
    StoredJson,
    Text,
    Truth,
    View,
    WantedSlice,
    left_out,
    listing,
)
from interlock.control.http.problems import OF_A_BODY, problems
from interlock.control.http.versions import Expected, ExpectedOrAbsent, tag

router = APIRouter(
    prefix="/admin/modules",
    tags=["modules"],
    route_class=ProtectedRoute,
    responses=problems(401, 403, 500),
)

of_organisation = APIRouter(
    prefix="/admin/organisations/{organisation_key}/modules",
    tags=["modules"],
    route_class=ProtectedRoute,
    responses=problems(401, 403, 404, 422, 500),
)

OF_ORGANISATION = "/{key}/organisations/{organisation_key}"

Reader = Annotated[Caller, permitted(Permission.READ_MODULES)]
Writer = Annotated[Caller, permitted(Permission.WRITE_MODULES)]

Dependencies = Annotated[tuple[Key, ...], Field(max_length=100)]
Users = Annotated[tuple[UUID, ...], Field(max_length=1000)]


class ModuleView(View):
    """One module of the catalogue."""

    key: str = Field(examples=["pricing_intelligence"])
    name: str
    description: str
    version: str = Field(examples=["1.4.0"])
    type: ModuleType
    status: ModuleStatus
    is_core: bool = Field(description="Whether every organisation has it.")
    dependencies: list[str] = Field(description="The modules that an organisation must have first.")
    minimum_plan: Plan = Field(description="The plan from which on an organisation is licensed to have it.")
    configuration_schema: StoredJson | None = Field(description="A JSON Schema; null takes any configuration.")
    default_configuration: StoredJson
    created_at: datetime
    updated_at: datetime


class ModuleList(ListView):
    """One page of modules."""

    items: list[ModuleView]


class CreateModule(Body):
    """A new module. It begins in development."""

    key: Key = Field(examples=["pricing_intelligence"])
    name: Name
    description: Text = ""
    version: Name = Field(examples=["1.4.0"])
    type: ModuleType
    is_core: Truth = False
    dependencies: Dependencies = ()
    minimum_plan: Plan = Plan.BASIC
    configuration_schema: FreeJson | None = None
    default_configuration: FreeJson = Field(default_factory=dict)


class ChangeModule(Body):
    """What shall be different. What is left out stays as it is."""

    name: Name = left_out()
    description: Text = left_out()
    version: Name = left_out()
    type: ModuleType = left_out()
    status: ModuleStatus = left_out()
    is_core: Truth = left_out()
    dependencies: Dependencies = left_out()
    minimum_plan: Plan = left_out()
    configuration_schema: FreeJson | None = None
    default_configuration: FreeJson = left_out()


class AssignModule(Body):
    """How an organisation shall have a module."""

    is_enabled: Truth
    configuration: FreeJson = Field(default_factory=dict)
    allowed_users: Users = Field((), description="Empty: every user of the organisation who is not denied.")
    denied_users: Users = ()


class OrganisationModuleView(View):
    """How an organisation has a module."""

    organisation_id: UUID
    module_key: str
    is_enabled: bool
    configuration: StoredJson
    allowed_users: list[UUID]
    denied_users: list[UUID]
    first_enabled_at: datetime | None


class OrganisationModuleList(ListView):
    """One page of how an organisation has its modules."""

    items: list[OrganisationModuleView]


class AccessView(View):
    """Whether somebody may use a module, and why."""

    is_allowed: bool
    reason: AccessReason


class RecordUse(Body):
    """One use of a module."""

    user_id: UUID | None = None
    milliseconds: Annotated[int, Field(ge=0, le=86_400_000), Number] = 0
    is_success: Truth = True


class UseOfDayView(View):
    """The use of a module on one day (UTC)."""

    day: date
    uses: int
    failures: int
    milliseconds: int


class HolderView(View):
    """An organisation that has a module, switched on or off."""

    organisation_key: str
    organisation_name: str
    is_enabled: bool
    last_used_at: datetime | None


class HolderList(ListView):
    """One page of organisations that have a module."""

    items: list[HolderView]


class UsageView(View):
    """The use of a module by an organisation: each of the last 30 days, the oldest first."""

    last_used_at: datetime | None
    days: list[UseOfDayView]


@router.get("", response_model=ModuleList, responses=problems(422))
async def list_modules(caller: Reader, wanted: WantedSlice, search: Search = None) -> Listing[Module]:
    """List the modules that the caller may see, by key: an organisation sees the core ones and its own."""
    async with caller.work() as work:
        return listing(await work.modules.page(wanted, search))


@router.post("", status_code=201, response_model=ModuleView, responses=problems(409, *OF_A_BODY))
async def create_module(caller: Writer, body: CreateModule, creation: WantedCreation) -> Response:
    """Add a module to the catalogue."""
    async with caller.platform_work() as work:
        return await create_once(
            work, creation, lambda: modules.create(work, NewModule(**body.model_dump())), ModuleView
        )


@router.get("/{key}", response_model=ModuleView, responses=problems(404, 422))
async def read_module(caller: Reader, key: KeyInPath, response: Response) -> Module:
    """Read one module."""
    async with caller.work() as work:
        found = await modules.find(work, key)
    tag(response, found)
    return found


@router.patch("/{key}", response_model=ModuleView, responses=problems(404, 412, *OF_A_BODY))
async def change_module(
    caller: Writer, key: KeyInPath, body: ChangeModule, expected: Expected, response: Response
) -> Module:
    """Change a module."""
    async with caller.platform_work() as work:
        changed = await modules.change(work, key, body.given(), expected=expected)
    tag(response, changed)
    return changed


@router.get("/{key}/organisations", response_model=HolderList, responses=problems(404, 422))
async def list_holders(caller: Reader, key: KeyInPath, wanted: WantedSlice) -> Listing[Holder]:
    """List the organisations that have a module, switched on or off, by key."""
    async with caller.work() as work:
        return listing(await modules.holders(work, key, wanted))


@router.get(OF_ORGANISATION, response_model=OrganisationModuleView, responses=problems(404, 422))
async def read_assignment(
    caller: Reader, key: KeyInPath, organisation_key: KeyInPath, response: Response
) -> OrganisationModule:
    """Read how an organisation has a module."""
    async with caller.work() as work:
        found = await modules.find_assignment(work, key, organisation_key)
    tag(response, found)
    return found


@router.put(OF_ORGANISATION, response_model=OrganisationModuleView, responses=problems(404, 412, *OF_A_BODY))
async def assign_module(
    caller: Writer,
    key: KeyInPath,
    organisation_key: KeyInPath,
    body: AssignModule,
    expected: ExpectedOrAbsent,
    response: Response,
) -> OrganisationModule:
    """Give an organisation a module, switched on or off."""
    async with caller.platform_work() as work:
        given = await modules.assign(work, key, organisation_key, **body.model_dump(), expected=expected)
    tag(response, given)
    return given


@router.get(f"{OF_ORGANISATION}/access", response_model=AccessView, responses=problems(404, 422))
async def read_access(
    caller: Reader, key: KeyInPath, organisation_key: KeyInPath, user_id: UUID | None = None
) -> Access:
    """Tell whether an organisation, or one user of it, may use a module."""
    async with caller.work() as work:
        return await module_use.access_of(work, key, organisation_key, user_id)


@router.post(f"{OF_ORGANISATION}/usage", status_code=204, responses=problems(404, *OF_A_BODY))
async def record_module_use(caller: Writer, key: KeyInPath, organisation_key: KeyInPath, body: RecordUse) -> None:
    """Count one use of a module."""
    async with caller.platform_work() as work:
        use = Use(body.milliseconds, body.is_success)
        await module_use.record_use(work, key, organisation_key, body.user_id, use)


@router.get(f"{OF_ORGANISATION}/usage", response_model=UsageView, responses=problems(404, 422))
async def read_module_usage(caller: Reader, key: KeyInPath, organisation_key: KeyInPath) -> Usage:
    """Tell how much an organisation used a module on each of the last 30 days."""
    async with caller.work() as work:
        return await module_use.usage(work, key, organisation_key)


@of_organisation.get("", response_model=OrganisationModuleList)
async def list_modules_of_organisation(
    caller: Reader, organisation_key: KeyInPath, wanted: WantedSlice
) -> Listing[OrganisationModule]:
    """List how an organisation has its modules, by key."""
    async with caller.work() as work:
        organisation = await organisations.find(work, organisation_key)
        return listing(await work.modules.page_of_assignments(organisation.id, wanted))
