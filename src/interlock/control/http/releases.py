"""/admin/releases, /admin/health"""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response
from fastapi.responses import HTMLResponse
from pydantic import BeforeValidator, Field

from interlock.control.domain import releases
from interlock.control.domain.errors import NotFound
from interlock.control.domain.free_json import cut
from interlock.control.domain.releases import Endpoint, HealthCounts, Proof, Release, ReleaseFilter, Signal
from interlock.control.domain.users import Permission
from interlock.control.http.caller import Caller, ProtectedRoute, permitted
from interlock.control.http.fields import TEXT_PATTERN, Listing, ListView, View, WantedSlice, listing
from interlock.control.http.guard_record import RELEASE_ID_PATTERN, GuardRecord, RecordRelease
from interlock.control.http.problems import OF_A_BODY, problems

router = APIRouter(tags=["releases"], route_class=ProtectedRoute, responses=problems(401, 403, 500))

PATH = "/admin/releases"
LARGEST_RECORD_BYTES = 32_000_000
"""A chain of thousands of revisions has a long report."""

Reader = Annotated[Caller, permitted(Permission.READ_RELEASES)]
Recorder = Annotated[Caller, permitted(Permission.WRITE_RELEASES)]
ReleaseId = Annotated[str, Path(pattern=RELEASE_ID_PATTERN)]
OfProject = Annotated[str | None, Query(max_length=200, pattern=TEXT_PATTERN)]

# What others wrote is shown without any right: no script, nothing from elsewhere, not even our cookies.
SANDBOX = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:"


class SummaryView(View):
    """A run of the guard in short."""

    project: str
    id: str
    command: str = Field(examples=["release"])
    tool_version: str
    signal: Signal
    headline: str
    began_at: datetime
    ended_at: datetime
    head: str | None
    revisions_done: int
    findings: int
    drift: int = Field(description="How many differences the live schema had at the end.")


class ReleaseView(View):
    """A run of the guard that is on record."""

    organisation_id: UUID
    summary: SummaryView
    recorded_at: datetime


class ReleaseList(ListView):
    """One page of runs."""

    items: list[ReleaseView]


class ReleaseWithRecord(ReleaseView):
    """A run with everything that the guard wrote down."""

    record: Annotated[GuardRecord, BeforeValidator(cut)]


class AnswerView(View):
    """What an endpoint told one identity."""

    probe: str = Field(examples=["GET /api/v1/me"])
    identity: str
    proof: Proof
    status: int | None = Field(description="Null where no answer came.")
    reason: str
    seconds: float


class EndpointView(View):
    """What an endpoint last told one identity, and since when."""

    project: str
    answer: AnswerView
    asked_at: datetime
    since: datetime
    release_id: str
    is_current: bool = Field(description="False where a newer run probed the project and did not hear from it.")


class EndpointList(ListView):
    """One page of endpoints."""

    items: list[EndpointView]


class HealthCountsView(View):
    """How many endpoints there are, each as often as there are identities that ask it."""

    total: int
    failed: int
    unproved: int
    not_asked: int = Field(description="Left out when their project was last probed, or not reached then.")
    last_asked_at: datetime | None = Field(description="When any of them last answered.")


@router.get(PATH, response_model=ReleaseList, responses=problems(422))
async def list_releases(
    caller: Reader, wanted: WantedSlice, project: OfProject = None, signal: Signal | None = None
) -> Listing[Release]:
    """List what the guard did, the newest first."""
    async with caller.work() as work:
        return listing(await work.releases.page(wanted, ReleaseFilter(project=project, signal=signal)))


@router.post(PATH, status_code=201, response_model=ReleaseView, responses=problems(409, *OF_A_BODY))
async def record_release(caller: Recorder, body: RecordRelease) -> Release:
    """Put a run of the guard on record, as `interlock release --record` does. The same run may be told again."""
    async with caller.work() as work:
        return await releases.record(work, body.as_told())


@router.get(f"{PATH}/{{release_id}}", response_model=ReleaseWithRecord, responses=problems(404, 422))
async def read_release(caller: Reader, release_id: ReleaseId) -> dict[str, object]:
    """Read one run, with everything that the guard wrote down."""
    async with caller.work() as work:
        found = await releases.find(work, release_id)
        document = await work.releases.document(release_id)
    return {
        "organisation_id": found.organisation_id,
        "summary": found.summary,
        "recorded_at": found.recorded_at,
        "record": document,
    }


@router.get(
    f"{PATH}/{{release_id}}/report",
    response_class=HTMLResponse,
    responses=problems(404, 422) | {200: {"description": "The report for people.", "content": {"text/html": {}}}},
)
async def read_report(caller: Reader, release_id: ReleaseId) -> Response:
    """Read the report of one run, as a page for people."""
    async with caller.work() as work:
        return report_of(release_id, await work.releases.report(release_id))


@router.get("/admin/health/endpoints", response_model=EndpointList, responses=problems(422))
async def list_endpoints(
    caller: Reader, wanted: WantedSlice, project: OfProject = None, proof: Proof | None = None
) -> Listing[Endpoint]:
    """List what each endpoint last told each identity."""
    async with caller.work() as work:
        return listing(await work.releases.endpoints(wanted, ReleaseFilter(project=project, proof=proof)))


@router.get("/admin/health", response_model=HealthCountsView)
async def read_health(caller: Reader) -> HealthCounts:
    """Count the endpoints that failed, proved nothing, or were not asked when their project was last probed."""
    async with caller.work() as work:
        return await work.releases.count_health()


def report_of(release_id: str, page: str | None) -> Response:
    """A report to be kept in a file; a browser that shows it gives it no rights."""
    if page is None:
        raise NotFound("release", release_id)
    headers = {
        "Content-Security-Policy": SANDBOX,
        "Content-Disposition": f'attachment; filename="interlock-{release_id}.html"',
    }
    return HTMLResponse(page, headers=headers)
