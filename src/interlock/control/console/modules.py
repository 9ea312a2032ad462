"""/modules"""

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from interlock.control.console.confirm import Question, confirm
from interlock.control.console.history import told
from interlock.control.console.lists import Wanted, rows_after
from interlock.control.console.pages import page
from interlock.control.console.session import Form, PageRoute, Visitor
from interlock.control.domain import modules
from interlock.control.domain.audit import Resource, Subject
from interlock.control.domain.errors import InvalidChange
from interlock.control.domain.modules import NEXT_STATUSES, ModuleStatus
from interlock.control.domain.page import LARGEST_PAGE, Slice
from interlock.control.domain.users import Permission
from interlock.control.http.fields import KeyInPath, KeyInQuery

router = APIRouter(prefix="/modules", include_in_schema=False, route_class=PageRoute)


@router.get("")
async def list_modules(request: Request, visitor: Visitor, wanted: Wanted) -> Response:
    """The catalogue."""
    visitor.user.must_have(Permission.READ_MODULES)
    async with visitor.work() as work:
        found = await work.modules.page(wanted.slice, wanted.search)
    return page(request, "modules.html", found=found, wanted=wanted)


@router.get("/{key}")
async def read(request: Request, visitor: Visitor, key: KeyInPath, after: KeyInQuery | None = None) -> Response:
    """One module, what it may become, and its history."""
    visitor.user.must_have(Permission.READ_MODULES)
    async with visitor.work() as work:
        module = await modules.find(work, key)
        catalogue = await work.modules.page(Slice(LARGEST_PAGE))
        holders = await work.modules.holders(key, rows_after(after))
        events = await told(work, await work.audit.page(Slice(15), Subject(Resource.MODULE, key)))
    names = {each.key: each.name for each in catalogue.items}
    return page(
        request,
        "module.html",
        module=module,
        next_statuses=sorted(NEXT_STATUSES[module.status]),
        events=events,
        holders=holders,
        needs=[(each, names.get(each, each)) for each in module.dependencies],
        needed_by=[(each.key, each.name) for each in catalogue.items if key in each.dependencies],
    )


@router.get("/{key}/retire")
async def confirm_retirement(request: Request, visitor: Visitor, key: KeyInPath) -> Response:
    """Ask before a module is retired."""
    visitor.user.must_have(Permission.WRITE_MODULES)
    async with visitor.work() as work:
        module = await modules.find(work, key)
    told = "Nobody may use it any more, and no organisation can be given it. There is no way back from retired."
    return confirm(
        request,
        Question(
            f"Retire {module.name}?", told, "Retire it for good", f"/modules/{key}/status",
            fields={"status": ModuleStatus.RETIRED}, back=f"/modules/{key}",
        ),
    )  # fmt: skip


@router.post("/{key}/status")
async def change_status(visitor: Visitor, key: KeyInPath, form: Form) -> Response:
    """Let a module go on in its life."""
    visitor.user.must_have(Permission.WRITE_MODULES)
    try:
        status = ModuleStatus(form.get("status", ""))
    except ValueError:
        raise InvalidChange(problem="there is no such status", remedy="choose one of the page") from None
    async with visitor.platform_work() as work:
        await modules.change(work, key, {"status": status})
    return RedirectResponse(f"/modules/{key}", status_code=303)
