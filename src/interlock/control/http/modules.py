"""/admin/modules"""

import json
import re
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import AfterValidator, Field

from interlock.control.domain import modules
from interlock.control.domain.modules import (
    Module,
    ModuleStatus,
    ModuleType,
    NewModule,
    OrganisationModule,
)
from interlock.control.domain.users import Permission
from interlock.control.http.caller import Caller, ProtectedRoute, permitted
from interlock.control.http.creation import WantedCreation, create_once
from interlock.control.http.fields import (
    Body,
    Key,
    KeyInPath,
    Listing,
    ListView,
    Name,
    Search,
    Text,
    View,
    WantedSlice,
    left_out,
    listing,
)
from interlock.control.http.problems import OF_A_BODY, problems
from interlock.control.http.versions import Expected, tag

router = APIRouter(
    prefix="/admin/modules",
    tags=["modules"],
    route_class=ProtectedRoute,
    responses=problems(401, 403, 500),
)

Reader = Annotated[Caller, permitted(Permission.READ_MODULES)]
Writer = Annotated[Caller, permitted(Permission.WRITE_MODULES)]

ESCAPED_NUL = re.compile(r"(?<!\\)(\\\\)*\\u0000")


def as_jsonb_holds(value: dict[str, Any]) -> dict[str, Any]:
    """Refuse what JSON in Python can say and jsonb cannot: NaN, half a surrogate pair, NUL (JSON Types, 8.14)."""
    text = json.dumps(value, allow_nan=False, ensure_ascii=False)
    text.encode()
    if ESCAPED_NUL.search(text):
        raise ValueError("a text must not contain NUL")
    return value


Configuration = Annotated[dict[str, Any], AfterValidator(as_jsonb_holds)]


class ModuleView(View):
    """One module of the catalogue."""

    key: str = Field(examples=["pricing_intelligence"])
    name: str
    description: str
    version: str = Field(examples=["1.4.0"])
    type: ModuleType
    status: ModuleStatus
    is_core: bool = Field(description="Whether every organisation has it.")
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
    is_core: bool = False


class ChangeModule(Body):
    """What shall be different. What is left out stays as it is."""

    name: Name = left_out()
    description: Text = left_out()
    version: Name = left_out()
    type: ModuleType = left_out()
    status: ModuleStatus = left_out()
    is_core: bool = left_out()


class AssignModule(Body):
    """How an organisation shall have a module."""

    is_enabled: bool
    configuration: Configuration = Field(default_factory=dict)


class OrganisationModuleView(View):
    """How an organisation has a module."""

    organisation_id: UUID
    module_key: str
    is_enabled: bool
    configuration: dict[str, Any]


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


@router.put(
    "/{key}/organisations/{organisation_key}",
    response_model=OrganisationModuleView,
    responses=problems(404, *OF_A_BODY),
)
async def assign_module(
    caller: Writer, key: KeyInPath, organisation_key: KeyInPath, body: AssignModule
) -> OrganisationModule:
    """Give an organisation a module, switched on or off."""
    async with caller.platform_work() as work:
        return await modules.assign(
            work, key, organisation_key, is_enabled=body.is_enabled, configuration=body.configuration
        )
