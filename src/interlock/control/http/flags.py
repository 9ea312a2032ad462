"""/admin/feature-flags"""

from datetime import UTC, date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import Field

from interlock.control.domain import evaluation, flags
from interlock.control.domain.evaluation import Evaluation, Explanation, Reason
from interlock.control.domain.flags import (
    Flag,
    FlagFilter,
    FlagScope,
    FlagStatus,
    NewFlag,
    NewOverride,
    Override,
    Target,
)
from interlock.control.domain.users import Permission
from interlock.control.http.caller import Caller, ProtectedRoute, permitted
from interlock.control.http.creation import WantedCreation, create_once
from interlock.control.http.fields import (
    Body,
    Key,
    KeyInPath,
    KeyInQuery,
    Listing,
    ListView,
    Moment,
    Name,
    Number,
    Search,
    SectorCode,
    Text,
    Truth,
    View,
    WantedSlice,
    Words,
    left_out,
    listing,
)
from interlock.control.http.problems import OF_A_BODY, problems
from interlock.control.http.versions import Expected, ExpectedOrAbsent, tag

router = APIRouter(
    prefix="/admin/feature-flags",
    tags=["feature flags"],
    route_class=ProtectedRoute,
    responses=problems(401, 403, 500),
)

Reader = Annotated[Caller, permitted(Permission.READ_FLAGS)]
Writer = Annotated[Caller, permitted(Permission.WRITE_FLAGS)]
Rollout = Annotated[int, Field(ge=0, le=100), Number]

Sectors = Annotated[tuple[SectorCode, ...], Field(max_length=200)]

OF_ORGANISATION = "/{key}/overrides/organisations/{organisation_key}"
OF_USER = OF_ORGANISATION + "/users/{user_id}"


class FlagView(View):
    """One flag."""

    key: str = Field(examples=["new-dashboard"])
    name: str
    description: str
    is_enabled: bool
    rollout: int = Field(description="For how many percent it is on while it is enabled.", examples=[25])
    scope: FlagScope
    status: FlagStatus
    module_key: str | None
    allowed_sectors: list[str] = Field(description="Empty: every sector that is not blocked. 62 covers 62.01.")
    blocked_sectors: list[str]
    created_at: datetime
    updated_at: datetime


class FlagList(ListView):
    """One page of flags."""

    items: list[FlagView]


class CreateFlag(Body):
    """A new flag."""

    key: Key = Field(examples=["new-dashboard"])
    name: Name
    description: Text = ""
    is_enabled: Truth = False
    rollout: Rollout = 100
    scope: FlagScope = FlagScope.GLOBAL
    status: FlagStatus = FlagStatus.ACTIVE
    module_key: Key | None = None
    allowed_sectors: Sectors = ()
    blocked_sectors: Sectors = ()


class ChangeFlag(Body):
    """What shall be different. What is left out stays as it is."""

    name: Name = left_out()
    description: Text = left_out()
    is_enabled: Truth = left_out()
    rollout: Rollout = left_out()
    scope: FlagScope = left_out()
    status: FlagStatus = left_out()
    module_key: Key | None = None
    allowed_sectors: Sectors = left_out()
    blocked_sectors: Sectors = left_out()


class OverrideView(View):
    """An exception that a flag makes for an organisation, or for one user of it."""

    id: UUID
    flag_key: str
    organisation_id: UUID
    organisation_key: str
    user_id: UUID | None = Field(description="Null if it is for the whole organisation.")
    is_enabled: bool
    reason: str
    expires_at: datetime | None = Field(description="From then on it counts no more. Null: it has no end.")
    author_id: UUID | None
    created_at: datetime
    updated_at: datetime


class OverrideList(ListView):
    """One page of overrides."""

    items: list[OverrideView]


class PutOverride(Body):
    """What the exception says, and why it is made."""

    is_enabled: Truth
    reason: Words
    expires_at: Moment | None = None

    def as_asked(self) -> NewOverride:
        return NewOverride(self.is_enabled, self.reason, self.expires_at)


class Asker(Body):
    """Who asks a flag: an organisation, or one user of it."""

    organisation_key: Key
    user_id: UUID | None = None


class EvaluationView(View):
    """What a flag answers, and the rule that decided it."""

    is_on: bool
    reason: Reason


class StepView(View):
    """What one rule said: on, off, or nothing (null), so that the next one was asked."""

    rule: Reason
    is_on: bool | None
    told: str = Field(examples=["stands at 61.90 percent, and the rollout reaches to 25"])


class ExplanationView(View):
    """What a flag answers, and what each rule said that was asked."""

    evaluation: EvaluationView
    steps: list[StepView]


class FlagUseView(View):
    """How often a flag answered on and off on a day (UTC)."""

    day: date
    on: int
    off: int


class FlagUsageView(View):
    """Each of the last 30 days, the oldest first."""

    days: list[FlagUseView]


@router.get("", response_model=FlagList, responses=problems(422))
async def list_flags(
    caller: Reader,
    wanted: WantedSlice,
    search: Search = None,
    status: FlagStatus | None = None,
    is_enabled: bool | None = None,
) -> Listing[Flag]:
    """List the flags, by key."""
    async with caller.work() as work:
        return listing(await work.flags.page(wanted, FlagFilter(search, status, is_enabled)))


@router.post("", status_code=201, response_model=FlagView, responses=problems(409, *OF_A_BODY))
async def create_flag(caller: Writer, body: CreateFlag, creation: WantedCreation) -> Response:
    """Create a flag."""
    async with caller.platform_work() as work:
        return await create_once(work, creation, lambda: flags.create(work, NewFlag(**body.model_dump())), FlagView)


@router.get("/{key}", response_model=FlagView, responses=problems(404, 422))
async def read_flag(caller: Reader, key: KeyInPath, response: Response) -> Flag:
    """Read one flag."""
    async with caller.work() as work:
        found = await flags.find(work, key)
    tag(response, found)
    return found


@router.patch("/{key}", response_model=FlagView, responses=problems(404, 412, *OF_A_BODY))
async def change_flag(caller: Writer, key: KeyInPath, body: ChangeFlag, expected: Expected, response: Response) -> Flag:
    """Change a flag."""
    async with caller.platform_work() as work:
        changed = await flags.change(work, key, body.given(), expected=expected)
    tag(response, changed)
    return changed


@router.get("/{key}/overrides", response_model=OverrideList, responses=problems(404, 422))
async def list_overrides(caller: Reader, key: KeyInPath, wanted: WantedSlice) -> Listing[Override]:
    """List those overrides of a flag that the caller may see."""
    async with caller.work() as work:
        return listing(await flags.page_of_overrides(work, key, wanted))


@router.get(OF_ORGANISATION, response_model=OverrideView, responses=problems(404, 422))
async def read_override_for_organisation(
    caller: Reader, key: KeyInPath, organisation_key: KeyInPath, response: Response
) -> Override:
    """Read the exception for an organisation."""
    return await _read_override(caller, key, Target(organisation_key), response)


@router.put(OF_ORGANISATION, response_model=OverrideView, responses=problems(404, 412, *OF_A_BODY))
async def override_for_organisation(
    caller: Writer,
    key: KeyInPath,
    organisation_key: KeyInPath,
    body: PutOverride,
    expected: ExpectedOrAbsent,
    response: Response,
) -> Override:
    """Make or change the exception for an organisation."""
    return await _put_override(caller, key, Target(organisation_key), body, expected, response)


@router.delete(OF_ORGANISATION, status_code=204, responses=problems(404, 412, 422))
async def delete_override_for_organisation(
    caller: Writer, key: KeyInPath, organisation_key: KeyInPath, expected: Expected
) -> None:
    """End the exception for an organisation."""
    async with caller.platform_work() as work:
        await flags.delete_override(work, key, Target(organisation_key), expected=expected)


@router.get(OF_USER, response_model=OverrideView, responses=problems(404, 422))
async def read_override_for_user(
    caller: Reader, key: KeyInPath, organisation_key: KeyInPath, user_id: UUID, response: Response
) -> Override:
    """Read the exception for one user."""
    return await _read_override(caller, key, Target(organisation_key, user_id), response)


@router.put(OF_USER, response_model=OverrideView, responses=problems(404, 412, *OF_A_BODY))
async def override_for_user(
    caller: Writer,
    key: KeyInPath,
    organisation_key: KeyInPath,
    user_id: UUID,
    body: PutOverride,
    expected: ExpectedOrAbsent,
    response: Response,
) -> Override:
    """Make or change the exception for one user. The flag must have the scope `user`."""
    return await _put_override(caller, key, Target(organisation_key, user_id), body, expected, response)


@router.delete(OF_USER, status_code=204, responses=problems(404, 412, 422))
async def delete_override_for_user(
    caller: Writer, key: KeyInPath, organisation_key: KeyInPath, user_id: UUID, expected: Expected
) -> None:
    """End the exception for one user."""
    async with caller.platform_work() as work:
        await flags.delete_override(work, key, Target(organisation_key, user_id), expected=expected)


async def _read_override(caller: Caller, key: str, target: Target, response: Response) -> Override:
    async with caller.work() as work:
        found = await flags.find_override(work, key, target)
    tag(response, found)
    return found


async def _put_override(
    caller: Caller,
    key: str,
    target: Target,
    body: PutOverride,
    expected: frozenset[str] | None,
    response: Response,
) -> Override:
    async with caller.platform_work() as work:
        put = await flags.put_override(work, key, target, body.as_asked(), expected=expected)
    tag(response, put)
    return put


@router.post("/{key}/evaluate", response_model=EvaluationView, responses=problems(404, *OF_A_BODY))
async def evaluate_flag(caller: Reader, key: KeyInPath, body: Asker) -> Evaluation:
    """Ask a flag for an organisation or a user, and count that it was asked."""
    async with caller.work() as work:
        return await evaluation.evaluate_for(work, key, body.organisation_key, body.user_id, datetime.now(UTC))


@router.get("/{key}/explain", response_model=ExplanationView, responses=problems(404, 422))
async def explain_flag(
    caller: Reader, key: KeyInPath, organisation_key: KeyInQuery, user_id: UUID | None = None
) -> Explanation:
    """Tell what each rule says about what a flag answers an organisation or a user. Nothing is counted."""
    async with caller.work() as work:
        return await evaluation.explain_to(work, key, organisation_key, user_id, datetime.now(UTC))


@router.get("/{key}/usage", response_model=FlagUsageView, responses=problems(404, 422))
async def read_flag_usage(caller: Reader, key: KeyInPath) -> dict[str, Any]:
    """Tell how often a flag was asked on each of the last 30 days, by organisations that the caller may see."""
    async with caller.work() as work:
        return {"days": await evaluation.usage(work, key)}
