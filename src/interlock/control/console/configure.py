"""/organisations/{key}/modules/{module_key}: how an organisation has a module."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple
from uuid import UUID

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from interlock.control.console.pages import page
from interlock.control.console.schema_form import fields_of, fill
from interlock.control.console.session import NOTHING, Form, PageRoute, Visitor
from interlock.control.console.two_tabs import lost_update
from interlock.control.domain import modules, organisations
from interlock.control.domain.errors import ChangedMeanwhile, InvalidChange, InvalidConfiguration, WrongField
from interlock.control.domain.modules import Module, OrganisationModule
from interlock.control.domain.organisations import Organisation
from interlock.control.domain.page import LARGEST_PAGE, Slice
from interlock.control.domain.search import FoundPerson
from interlock.control.domain.sign_in import normalised
from interlock.control.domain.users import Member, Permission
from interlock.control.domain.versions import ABSENT, version_of
from interlock.control.http.caller import Caller
from interlock.control.http.fields import KeyInPath

router = APIRouter(prefix="/organisations", include_in_schema=False, route_class=PageRoute)


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
    filled = fill(module.configuration_schema, form)
    allowed, denied = [await _users(request, visitor, organisation, name) for name in ("allowed_users", "denied_users")]
    wanted = replace(
        before or _nothing_of(organisation, module),
        configuration=filled.configuration,
        allowed_users=allowed.users,
        denied_users=denied.users,
    )
    version = form.get("version", "")
    wrong: Sequence[WrongField] = (*filled.wrong, *allowed.wrong, *denied.wrong)
    if not wrong:
        try:
            await _assign(visitor, key, wanted, version)
        except InvalidConfiguration as error:
            wrong = error.wrong
        except ChangedMeanwhile as error:
            changes = {name: getattr(wanted, name) for name in ("configuration", "allowed_users", "denied_users")}
            return await lost_update(request, visitor, error, changes)
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
        chosen = await work.search.named(
            [(organisation.id, each) for each in (*shown.allowed_users, *shown.denied_users)]
        )
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
        members=_choices([*chosen, *members.items]),
        are_more=members.last is not None,
        most=LARGEST_PAGE,
    )


def _choices(people: Sequence[Member | FoundPerson]) -> list[tuple[str, str]]:
    """Whom one can choose: those that were chosen before, and those that are listed."""
    return list({str(each.id): f"{each.name}, {each.email}" for each in people}.items())


class _Chosen(NamedTuple):
    users: tuple[UUID, ...]
    wrong: tuple[WrongField, ...] = ()


async def _users(request: Request, visitor: Caller, organisation: Organisation, name: str) -> _Chosen:
    """The users that were chosen from a list, and those that were named by e-mail address beside it."""
    form = await request.form()
    try:
        chosen = [UUID(value) for value in form.getlist(name) if isinstance(value, str)]
    except ValueError:
        raise InvalidChange(problem="one of the chosen users is none", remedy="choose from the list") from None
    emails = [normalised(each) for each in str(form.get(f"more_{name}", "")).replace(",", " ").split()]
    if not emails:
        return _Chosen(tuple(chosen))
    async with visitor.work() as work:
        found = {each.email: each.id for each in await work.search.by_email(organisation.id, emails)}
    told = f"nobody of {organisation.name} has the e-mail address"
    wrong = tuple(WrongField(name, f"{told} {email}") for email in emails if email not in found)
    return _Chosen(tuple(dict.fromkeys([*chosen, *found.values()])), wrong)
