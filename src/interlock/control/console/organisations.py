"""/organisations"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from interlock.control.console.confirm import Question, confirm
from interlock.control.console.flags import emails_of
from interlock.control.console.history import told
from interlock.control.console.lists import List, Wanted, number, rows_after, validated
from interlock.control.console.pages import link, page, status_of
from interlock.control.console.session import NOTHING, Form, PageRoute, Visitor
from interlock.control.console.two_tabs import lost_update
from interlock.control.domain import modules, organisations
from interlock.control.domain.audit import Subject
from interlock.control.domain.errors import ChangedMeanwhile, Conflict, InvalidChange, InvalidConfiguration
from interlock.control.domain.evaluation import context_of, evaluate
from interlock.control.domain.flags import FlagFilter
from interlock.control.domain.module_use import holding_of
from interlock.control.domain.organisations import OrganisationChanges, Plan
from interlock.control.domain.page import Slice
from interlock.control.domain.users import Permission
from interlock.control.domain.versions import version_of
from interlock.control.http.caller import Caller
from interlock.control.http.fields import KeyInPath, KeyInQuery
from interlock.control.http.organisations import ChangeOrganisation, CreateOrganisation
from interlock.errors import InterlockError

router = APIRouter(prefix="/organisations", include_in_schema=False, route_class=PageRoute)

USERS = 20
"""So many are named on the page of an organisation; all of them have a page of their own."""


@router.get("")
async def list_organisations(request: Request, visitor: Visitor, wanted: Wanted, archived: bool = False) -> Response:
    """All of them, by key."""
    visitor.user.must_have(Permission.READ_ORGANISATIONS)
    async with visitor.work() as work:
        found = await work.organisations.page(wanted.slice, wanted.search, is_archived=archived)
    return page(request, "organisations.html", found=found, wanted=wanted, archived=archived)


@router.get("/new")
async def ask_for_new(request: Request, visitor: Visitor) -> Response:
    """The form for a new one."""
    visitor.user.must_have(Permission.WRITE_ORGANISATIONS)
    return page(request, "organisation_new.html", plans=Plan, form={}, error=None)


@router.post("")
async def create(request: Request, visitor: Visitor, form: Form) -> Response:
    """Create one."""
    visitor.user.must_have(Permission.WRITE_ORGANISATIONS)
    try:
        body = validated(CreateOrganisation, key=form.get("key", "").strip(), **_given(form))
        async with visitor.platform_work() as work:
            made = await organisations.create(work, body.as_asked())
    except (InvalidChange, Conflict) as error:
        return page(request, "organisation_new.html", status=422, plans=Plan, form=form, error=error)
    return RedirectResponse(f"/organisations/{made.key}", status_code=303)


@router.get("/{key}")
async def read(
    request: Request, visitor: Visitor, key: KeyInPath, wanted: Wanted, modules_after: KeyInQuery | None = None
) -> Response:
    """One of them: its modules and how flags answer it, in pages, its users, what changed."""
    visitor.user.must_have(Permission.READ_ORGANISATIONS)
    return await _page(request, visitor, key, wanted, modules_after)


async def _page(
    request: Request,
    visitor: Caller,
    key: str,
    wanted: List,
    modules_after: str | None = None,
    *,
    details: Mapping[str, str] = NOTHING,
    error: InterlockError | None = None,
) -> Response:
    """The page of an organisation; with an error: about its modules, or about what was typed into its details."""
    async with visitor.work() as work:
        organisation = await organisations.find(work, key)
        catalogue = await work.modules.page(rows_after(modules_after))
        assigned = {each.module_key: each for each in await work.modules.assignments(organisation.id)}
        flags = await work.flags.page(wanted.slice, FlagFilter(wanted.search or None))
        overrides = await work.flags.overrides_of(organisation.id)
        users = await work.users.page(organisation.id, Slice(USERS))
        days = await work.dashboard.activity(organisation.id)
        events = await told(work, await work.audit.page(Slice(15), Subject(organisation_id=organisation.id)))
        people = await emails_of(work, overrides)
        enabled = {module_key for module_key, each in assigned.items() if each.is_enabled}
        holding = holding_of(await work.modules.catalogue(), enabled, organisation.plan)
    context, now = context_of(organisation), datetime.now(UTC)
    return page(
        request,
        "organisation.html",
        status=status_of(error),
        organisation=organisation,
        version=version_of(organisation),
        modules=[(module, assigned.get(module.key)) for module in catalogue.items],
        flags=[(flag, evaluate(flag, overrides, context, now)) for flag in flags.items],
        overrides=overrides,
        people=people,
        holding=holding,
        now=now,
        days=days,
        users=users,
        events=events,
        plans=Plan,
        wanted=wanted,
        last_flag=flags.last,
        last_module=catalogue.last,
        modules_after=modules_after,
        details=details,
        error=error,
    )


@router.post("/{key}")
async def change(request: Request, visitor: Visitor, key: KeyInPath, wanted: Wanted, form: Form) -> Response:
    """Change one, unless somebody else has done so since the form was opened."""
    visitor.user.must_have(Permission.WRITE_ORGANISATIONS)
    try:
        body = validated(ChangeOrganisation, **_given(form), is_active="is_active" in form)
        changes: OrganisationChanges = body.given()
        async with visitor.platform_work() as work:
            await organisations.change(work, key, changes, expected={form.get("version", "")})
    except InvalidChange as error:
        return await _page(request, visitor, key, wanted, details=form, error=error)
    except ChangedMeanwhile as error:
        return await lost_update(request, visitor, error, changes)
    return RedirectResponse(f"/organisations/{key}", status_code=303)


@router.get("/{key}/archive")
async def confirm_archiving(request: Request, visitor: Visitor, key: KeyInPath) -> Response:
    """Ask before an organisation is archived."""
    visitor.user.must_have(Permission.WRITE_ORGANISATIONS)
    async with visitor.work() as work:
        organisation = await organisations.find(work, key)
    told = (
        "Its users are out at once, flags answer it off, and it may use no module. "
        "Nothing of it is lost, and it can be restored at any time."
    )
    path = f"/organisations/{key}"
    return confirm(
        request, Question(f"Archive {organisation.name}?", told, "Archive it", f"{path}/archive", fields={}, back=path)
    )


@router.post("/{key}/archive")
async def archive(visitor: Visitor, key: KeyInPath) -> Response:
    """Put one away; nothing of it is lost."""
    visitor.user.must_have(Permission.WRITE_ORGANISATIONS)
    async with visitor.platform_work() as work:
        await organisations.archive(work, key)
    return RedirectResponse(f"/organisations/{key}", status_code=303)


@router.post("/{key}/restore")
async def restore(visitor: Visitor, key: KeyInPath) -> Response:
    """Take one out of the archive: the undo of the above."""
    visitor.user.must_have(Permission.WRITE_ORGANISATIONS)
    async with visitor.platform_work() as work:
        await organisations.restore(work, key)
    return RedirectResponse(f"/organisations/{key}", status_code=303)


@router.post("/{key}/modules/{module_key}/switch")
async def assign(
    request: Request,
    visitor: Visitor,
    key: KeyInPath,
    module_key: KeyInPath,
    wanted: Wanted,
    form: Form,
    modules_after: KeyInQuery | None = None,
) -> Response:
    """Switch a module on or off for an organisation; how it is set up stays."""
    visitor.user.must_have(Permission.WRITE_MODULES)
    try:
        await _switch(visitor, key, module_key, is_enabled=form.get("is_enabled") == "true")
    except (InvalidChange, InvalidConfiguration) as error:
        return await _page(request, visitor, key, wanted, modules_after, error=error)
    address = link(f"/organisations/{key}", modules_after=modules_after)
    return RedirectResponse(f"{address}#modules", status_code=303)


async def _switch(visitor: Caller, key: str, module_key: str, *, is_enabled: bool) -> None:
    async with visitor.platform_work() as work:
        organisation = await organisations.find(work, key)
        before = await work.modules.hold_assignment(organisation.id, module_key)
        await modules.assign(
            work,
            module_key,
            key,
            is_enabled=is_enabled,
            configuration=before.configuration if before else {},
            allowed_users=before.allowed_users if before else (),
            denied_users=before.denied_users if before else (),
        )


def _given(form: Mapping[str, str]) -> dict[str, Any]:
    return {
        "name": form.get("name", "").strip(),
        "sector_code": form.get("sector_code") or None,
        "plan": form.get("plan", ""),
        "requests_per_minute": number(limit) if (limit := form.get("requests_per_minute", "").strip()) else None,
    }
