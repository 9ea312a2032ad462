"""/organisations/{key}/modules/{module_key}: how an organisation has a module."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from interlock.control.console.pages import page
from interlock.control.console.schema_form import fields_of, fill
from interlock.control.console.session import Form, PageRoute, Visitor
from interlock.control.console.two_tabs import lost_update
from interlock.control.domain import modules, organisations
from interlock.control.domain.errors import ChangedMeanwhile, InvalidChange, InvalidConfiguration, WrongField
from interlock.control.domain.modules import Module, OrganisationModule
from interlock.control.domain.organisations import Organisation
from interlock.control.domain.page import LARGEST_PAGE, Slice
from interlock.control.domain.users import Member, Permission
from interlock.control.domain.versions import ABSENT, version_of
from interlock.control.http.caller import Caller
from interlock.control.http.fields import KeyInPath

router = APIRouter(prefix="/organisations", include_in_schema=False, route_class=PageRoute)

NOTHING: Mapping[str, str] = MappingProxyType({})


@router.get("/{key}/modules/{module_key}")
async def read(request: Request, visitor: Visitor, key: KeyInPath, module_key: KeyInPath) -> Response:
    """How a module is set up here, who may use it, and how much it was used."""
    visitor.user.must_have(Permission.READ_MODULES)
    organisation, module, assignment = await _found(visitor, key, module_key)
    version = version_of(assignment) if assignment else ABSENT
    return await _page(request, visitor, organisation, module, assignment or _nothing_of(organisation, module), version)


@router.post("/{key}/modules/{module_key}")
async def configure(request: Request, visitor: Visitor, key: KeyInPath, module_key: KeyInPath, form: Form) -> Response:
    """Set a module up for an organisation. Nothing that was typed is lost where it does not fit."""
    visitor.user.must_have(Permission.WRITE_MODULES)
    organisation, module, before = await _found(visitor, key, module_key)
    filled, chosen = fill(module.configuration_schema, form), await request.form()
    wanted = replace(
        before or _nothing_of(organisation, module),
        configuration=filled.configuration,
        allowed_users=_users(chosen.getlist("allowed_users")),
        denied_users=_users(chosen.getlist("denied_users")),
    )
    version = form.get("version", "")
    wrong: Sequence[WrongField] = filled.wrong
    if not wrong:
        try:
            await _assign(visitor, key, wanted, version)
        except InvalidConfiguration as error:
            wrong = error.wrong
        except ChangedMeanwhile:
            _, _, current = await _found(visitor, key, module_key)
            changes = {name: getattr(wanted, name) for name in ("configuration", "allowed_users", "denied_users")}
            address = f"/organisations/{key}/modules/{module_key}"
            return await lost_update(request, address, current or _nothing_of(organisation, module), changes)
    if wrong:
        return await _page(request, visitor, organisation, module, wanted, version, wrong=wrong, typed=form, status=422)
    return RedirectResponse(f"/organisations/{key}/modules/{module_key}", status_code=303)


async def _assign(visitor: Caller, key: str, wanted: OrganisationModule, version: str) -> None:
    async with visitor.platform_work() as work:
        await modules.assign(
            work,
            wanted.module_key,
            key,
            is_enabled=wanted.is_enabled,
            configuration=wanted.configuration,
            allowed_users=wanted.allowed_users,
            denied_users=wanted.denied_users,
            expected={version} if version else None,
        )


async def _found(visitor: Caller, key: str, module_key: str) -> tuple[Organisation, Module, OrganisationModule | None]:
    async with visitor.work() as work:
        organisation = await organisations.find(work, key)
        module = await modules.find(work, module_key)
        assignment = await work.modules.find_assignment(organisation.id, module_key)
    return organisation, module, assignment


def _nothing_of(organisation: Organisation, module: Module) -> OrganisationModule:
    """How an organisation has a module that it was never given."""
    return OrganisationModule(organisation.id, module.key, module.is_core, {})


async def _page(
    request: Request,
    visitor: Caller,
    organisation: Organisation,
    module: Module,
    shown: OrganisationModule,
    version: str,
    *,
    wrong: Sequence[WrongField] = (),
    typed: Mapping[str, str] = NOTHING,
    status: int = 200,
) -> Response:
    async with visitor.work() as work:
        usage = await work.modules.usage(organisation.id, module.key)
        members = await work.users.page(organisation.id, Slice(LARGEST_PAGE))
    return page(
        request,
        "configure.html",
        status=status,
        organisation=organisation,
        module=module,
        assignment=shown,
        version=version,
        fields=fields_of(module.configuration_schema, shown.configuration, module.default_configuration),
        wrong=wrong,
        typed=typed,
        usage=usage,
        members=_choices(members.items, shown),
    )


def _choices(members: Sequence[Member], assignment: OrganisationModule) -> list[tuple[str, str]]:
    """Whom one can choose: those that are listed, and those that were chosen before."""
    listed = {str(member.id): f"{member.name}, {member.email}" for member in members}
    chosen = {str(each): str(each) for each in (*assignment.allowed_users, *assignment.denied_users)}
    return list((chosen | listed).items())


def _users(values: Sequence[Any]) -> tuple[UUID, ...]:
    try:
        return tuple(UUID(value) for value in values)
    except (ValueError, TypeError, AttributeError):
        raise InvalidChange(problem="one of the chosen users is none", remedy="choose from the list") from None
