"""/feature-flags"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from interlock.control.console.confirm import Question, confirm
from interlock.control.console.history import told
from interlock.control.console.lists import Wanted, number, rows_after, validated
from interlock.control.console.pages import link, page, status_of
from interlock.control.console.session import NOTHING, Chosen, Form, PageRoute, Visitor
from interlock.control.console.two_tabs import lost_update
from interlock.control.domain import flag_history, flags, organisations
from interlock.control.domain.audit import Resource, Subject
from interlock.control.domain.errors import ChangedMeanwhile, Conflict, InvalidChange, NotFound
from interlock.control.domain.evaluation import Explanation, context_of, explain
from interlock.control.domain.flags import (
    FlagChanges,
    FlagFilter,
    FlagScope,
    FlagStatus,
    NewFlag,
    NewOverride,
    Override,
    Target,
)
from interlock.control.domain.page import LARGEST_PAGE, Slice
from interlock.control.domain.scope import Scope
from interlock.control.domain.sign_in import normalised
from interlock.control.domain.users import Permission
from interlock.control.domain.versions import version_of
from interlock.control.domain.work import UnitOfWork
from interlock.control.http.caller import Caller
from interlock.control.http.fields import Key, KeyInPath
from interlock.control.http.flag_history import ArchiveFlags, UndoChange
from interlock.control.http.flags import Asker, ChangeFlag, CreateFlag, PutOverride
from interlock.errors import InterlockError

router = APIRouter(prefix="/feature-flags", include_in_schema=False, route_class=PageRoute)

NO_EVENTS: list[UUID] = []
NO_KEYS: list[Key] = []


@router.get("")
async def list_flags(
    request: Request,
    visitor: Visitor,
    wanted: Wanted,
    archived: Annotated[list[UUID], Query(max_length=LARGEST_PAGE)] = NO_EVENTS,
    left: Annotated[list[Key], Query(max_length=LARGEST_PAGE)] = NO_KEYS,
    status: str = "",
    switched: str = "",
) -> Response:
    """All flags, by key; after some were archived, how that is undone; after that, which were left as they are."""
    visitor.user.must_have(Permission.READ_FLAGS)
    kind = FlagFilter(
        wanted.search or None,
        next((each for each in FlagStatus if each == status), None),
        {"on": True, "off": False}.get(switched),
    )
    async with visitor.work() as work:
        found = await work.flags.page(wanted.slice, kind)
        done = await flag_history.find_archivings(work, archived)
    return page(
        request, "flags.html", found=found, wanted=wanted, archived=done, left=left, statuses=FlagStatus,
        asked={"search": wanted.search, "status": status, "switched": switched},
    )  # fmt: skip


@router.post("/-/archive")
async def archive(visitor: Visitor, chosen: Chosen) -> Response:
    """Archive the chosen flags."""
    visitor.user.must_have(Permission.WRITE_FLAGS)
    async with visitor.platform_work() as work:
        done = await flag_history.archive(work, _keys(chosen))
    query = [("archived", each.event_id) for each in done if each.event_id]
    return RedirectResponse(f"/feature-flags?{urlencode(query)}", status_code=303)


@router.post("/-/unarchive")
async def unarchive(visitor: Visitor, chosen: Chosen) -> Response:
    """Undo the above, where nobody has changed a flag since."""
    visitor.user.must_have(Permission.WRITE_FLAGS)
    events = [validated(UndoChange, event_id=each).event_id for each in chosen]
    async with visitor.platform_work() as work:
        left = await flag_history.unarchive(work, events)
    return RedirectResponse(f"/feature-flags?{urlencode([('left', key) for key in left])}", status_code=303)


@router.get("/new")
async def ask_for_new(request: Request, visitor: Visitor) -> Response:
    """The form for a new one."""
    visitor.user.must_have(Permission.WRITE_FLAGS)
    return page(request, "flag_new.html", scopes=FlagScope, form={}, error=None)


@router.post("")
async def create(request: Request, visitor: Visitor, form: Form) -> Response:
    """Create one. It begins switched off."""
    visitor.user.must_have(Permission.WRITE_FLAGS)
    try:
        given = {"description": form.get("description", ""), "scope": form.get("scope", FlagScope.GLOBAL)}
        body = validated(CreateFlag, key=form.get("key", "").strip(), name=form.get("name", "").strip(), **given)
        async with visitor.platform_work() as work:
            made = await flags.create(work, NewFlag(**body.model_dump()))
    except (InvalidChange, Conflict) as error:
        return page(request, "flag_new.html", status=422, scopes=FlagScope, form=form, error=error)
    return RedirectResponse(f"/feature-flags/{made.key}", status_code=303)


@router.get("/{key}")
async def read(
    request: Request,
    visitor: Visitor,
    key: KeyInPath,
    organisation: str = "",
    user: str = "",
    sector: str = "",
    exceptions_after: UUID | None = None,
) -> Response:
    """One flag: its switch and rollout, its exceptions, who sees what, its history."""
    visitor.user.must_have(Permission.READ_FLAGS)
    answer = await _try(visitor, key, organisation, user, sector) if organisation else None
    return await _page(request, visitor, key, exceptions_after, answer=answer)


async def _page(
    request: Request,
    visitor: Caller,
    key: str,
    exceptions_after: UUID | None = None,
    *,
    answer: Explanation | None = None,
    details: Mapping[str, str] = NOTHING,
    exception: Mapping[str, str] = NOTHING,
    error: InterlockError | None = None,
) -> Response:
    """The page of a flag; with an error, and what was typed into the form that it is about, or about an undo."""
    async with visitor.work() as work:
        flag = await flags.find(work, key)
        overrides = await flags.page_of_overrides(work, key, rows_after(exceptions_after))
        events = await told(work, await work.audit.page(Slice(15), Subject(Resource.FLAG, key)))
        usage = await work.flags.usage(key)
        people = await emails_of(work, overrides.items)
    return page(
        request, "flag.html", status=status_of(error), flag=flag, overrides=overrides, events=events,
        answer=answer, now=datetime.now(UTC), statuses=FlagStatus, version=version_of(flag), usage=usage,
        details=details, exception=exception, error=error, people=people,
        exceptions_after=exceptions_after,
    )  # fmt: skip


@router.post("/{key}")
async def change(request: Request, visitor: Visitor, key: KeyInPath, form: Form) -> Response:
    """Change one, unless somebody else has done so since the form was opened."""
    visitor.user.must_have(Permission.WRITE_FLAGS)
    try:
        wanted = _details(form)
        async with visitor.platform_work() as work:
            await flags.change(work, key, wanted, expected={form.get("version", "")})
    except InvalidChange as error:
        return await _page(request, visitor, key, details=form, error=error)
    except ChangedMeanwhile as error:
        return await lost_update(request, visitor, error, wanted)
    return RedirectResponse(f"/feature-flags/{key}", status_code=303)


def _details(form: Mapping[str, str]) -> FlagChanges:
    fields: dict[str, Any] = {name: form.get(name, "").strip() for name in ("name", "description", "status")}
    fields["rollout"] = number(form.get("rollout", "").strip())
    sectors = {name: _codes(form.get(name, "")) for name in ("allowed_sectors", "blocked_sectors") if name in form}
    changes: FlagChanges = validated(ChangeFlag, **fields, **sectors).given()
    return changes


@router.get("/{key}/switch")
async def confirm_switch(request: Request, visitor: Visitor, key: KeyInPath) -> Response:
    """Ask before a flag is switched for everybody."""
    visitor.user.must_have(Permission.WRITE_FLAGS)
    async with visitor.work() as work:
        flag = await flags.find(work, key)
    return page(request, "flag_switch.html", flag=flag)


@router.post("/{key}/switch")
async def switch(visitor: Visitor, key: KeyInPath, form: Form) -> Response:
    """Switch a flag on or off."""
    visitor.user.must_have(Permission.WRITE_FLAGS)
    async with visitor.platform_work() as work:
        await flags.change(work, key, {"is_enabled": form.get("is_enabled") == "true"})
    return RedirectResponse(f"/feature-flags/{key}", status_code=303)


@router.post("/{key}/undo")
async def undo(request: Request, visitor: Visitor, key: KeyInPath, form: Form) -> Response:
    """Take a change back, unless the flag was changed since the page was opened."""
    visitor.user.must_have(Permission.WRITE_FLAGS)
    event = validated(UndoChange, event_id=form.get("event_id", ""))
    try:
        async with visitor.platform_work() as work:
            await flag_history.undo(work, key, event.event_id, expected={form.get("version", "")})
    except ChangedMeanwhile as error:
        return await _page(request, visitor, key, error=error)
    return RedirectResponse(f"/feature-flags/{key}#changes", status_code=303)


@router.post("/{key}/overrides")
async def put_override(request: Request, visitor: Visitor, key: KeyInPath, form: Form) -> Response:
    """Make an exception for an organisation, or for one user of it."""
    visitor.user.must_have(Permission.WRITE_FLAGS)
    try:
        new = _exception(form)
        async with visitor.platform_work() as work:
            target = await _target(work, form.get("organisation", ""), form.get("user", ""))
            await flags.put_override(work, key, target, new)
    except (InvalidChange, NotFound) as error:
        return await _page(request, visitor, key, exception=form, error=error)
    return RedirectResponse(f"/feature-flags/{key}#overrides", status_code=303)


def _exception(form: Mapping[str, str]) -> NewOverride:
    days = form.get("days", "").strip()
    if days and not (days.isascii() and days.isdigit() and len(days) <= 4):
        raise InvalidChange(problem=f"{days!r} is no number of days", remedy="give one, or leave it out")
    expires_at = datetime.now(UTC) + timedelta(days=int(days)) if days else None
    is_enabled, reason = form.get("is_enabled") == "true", form.get("reason", "").strip()
    return validated(PutOverride, is_enabled=is_enabled, reason=reason, expires_at=expires_at).as_asked()


@router.get("/{key}/overrides/delete")
async def confirm_end_of_override(
    request: Request,
    visitor: Visitor,
    key: KeyInPath,
    organisation: str = "",
    user: str = "",
    exceptions_after: UUID | None = None,
) -> Response:
    """Ask before an exception is ended."""
    visitor.user.must_have(Permission.WRITE_FLAGS)
    async with visitor.work() as work:
        override = await flags.find_override(work, key, await _target(work, organisation, user))
    whom = f"a user of {organisation}" if override.user_id else organisation
    answer = "on" if override.is_enabled else "off"
    told = f"It answers {answer}, because of: {override.reason}. Then {whom} is answered as everybody else is."
    return confirm(
        request,
        Question(
            f"End the exception of {key} for {whom}?", told, "End it",
            link(f"/feature-flags/{key}/overrides/delete", exceptions_after=exceptions_after) + "#exception",
            fields={"organisation": organisation, "user": user}, back=_exceptions_at(key, exceptions_after),
        ),
    )  # fmt: skip


@router.post("/{key}/overrides/delete")
async def delete_override(
    request: Request, visitor: Visitor, key: KeyInPath, form: Form, exceptions_after: UUID | None = None
) -> Response:
    """End an exception."""
    visitor.user.must_have(Permission.WRITE_FLAGS)
    try:
        async with visitor.platform_work() as work:
            target = await _target(work, form.get("organisation", ""), form.get("user", ""))
            await flags.delete_override(work, key, target)
    except InvalidChange as error:
        return await _page(request, visitor, key, exceptions_after, exception=form, error=error)
    return RedirectResponse(_exceptions_at(key, exceptions_after), status_code=303)


def _exceptions_at(key: str, exceptions_after: UUID | None) -> str:
    return link(f"/feature-flags/{key}", exceptions_after=exceptions_after) + "#overrides"


async def _try(visitor: Caller, key: str, organisation_key: str, user: str, sector: str) -> Explanation:
    async with visitor.work() as work:
        flag = await flags.find(work, key)
        target = await _target(work, organisation_key, user)
        organisation = await organisations.find(work, target.organisation_key)
        overrides = await work.flags.overrides_of(organisation.id)
    context = context_of(organisation, target.user_id)
    if sector:
        context = replace(context, sector_code=sector)
    return explain(flag, overrides, context, datetime.now(UTC))


def _keys(chosen: Sequence[str]) -> Sequence[str]:
    return validated(ArchiveFlags, keys=list(chosen)).keys if chosen else ()


def _codes(text: str) -> list[str]:
    return [code for each in text.split(",") if (code := each.strip())]


async def _target(work: UnitOfWork[Scope], organisation: str, user: str) -> Target:
    """Whom a form means: an organisation by its key, and a user of it by e-mail address or id."""
    organisation_key = validated(Asker, organisation_key=organisation.strip()).organisation_key
    named = user.strip()
    if not named:
        return Target(organisation_key)
    if "@" not in named or "\0" in named:
        try:
            return Target(organisation_key, UUID(named))
        except ValueError:
            remedy = "choose one that is offered while you type, or give an e-mail address"
            raise InvalidChange(problem=f"{named!r} is no user", remedy=remedy) from None
    found = await work.search.by_email((await organisations.find(work, organisation_key)).id, [normalised(named)])
    if not found:
        raise NotFound("user of this organisation", named)
    return Target(organisation_key, found[0].id)


async def emails_of(work: UnitOfWork[Scope], overrides: Sequence[Override]) -> dict[UUID, str]:
    """The e-mail addresses of the single users whom exceptions are for."""
    users = [(each.organisation_id, each.user_id) for each in overrides if each.user_id]
    return {each.id: each.email for each in await work.search.named(users)} if users else {}
