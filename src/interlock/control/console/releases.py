"""/releases, /health"""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import JSONResponse

from interlock.control.console.lists import Wanted
from interlock.control.console.pages import page
from interlock.control.console.session import PageRoute, Visitor
from interlock.control.domain import releases
from interlock.control.domain.page import LARGEST_PAGE, Slice
from interlock.control.domain.releases import Proof, ReleaseFilter, Signal
from interlock.control.domain.users import Permission
from interlock.control.http.guard_record import RELEASE_ID_PATTERN, GuardRecord
from interlock.control.http.releases import report_of

router = APIRouter(include_in_schema=False, route_class=PageRoute)

ReleaseId = Annotated[str, Path(pattern=RELEASE_ID_PATTERN)]

STATEMENTS = 100
"""A page of a chain of thousands of revisions shows so many; the report has them all."""


@router.get("/releases")
async def list_releases(
    request: Request, visitor: Visitor, wanted: Wanted, project: str = "", signal: str = ""
) -> Response:
    """What the guard did, the newest first."""
    visitor.user.must_have(Permission.READ_RELEASES)
    kind = ReleaseFilter(project.replace("\0", "") or None, next((each for each in Signal if each == signal), None))
    async with visitor.work() as work:
        found = await work.releases.page(wanted.slice, kind)
        projects = await work.releases.projects()
    return page(
        request, "releases.html", found=found, wanted=wanted, projects=projects, kind=kind, signals=Signal,
    )  # fmt: skip


@router.get("/releases/{release_id}")
async def read_release(request: Request, visitor: Visitor, release_id: ReleaseId) -> Response:
    """One run: what it found, stage by stage, statement by statement, endpoint by endpoint."""
    visitor.user.must_have(Permission.READ_RELEASES)
    async with visitor.work() as work:
        release = await releases.find(work, release_id)
        record = GuardRecord.model_validate(await work.releases.document(release_id))
    return page(request, "release.html", release=release.summary, record=record, most_statements=STATEMENTS)


@router.get("/releases/{release_id}/report")
async def download_report(visitor: Visitor, release_id: ReleaseId) -> Response:
    """The report of one run, as the guard wrote it for people."""
    visitor.user.must_have(Permission.READ_RELEASES)
    async with visitor.work() as work:
        return report_of(release_id, await work.releases.report(release_id))


@router.get("/releases/{release_id}/record.json")
async def download_record(visitor: Visitor, release_id: ReleaseId) -> Response:
    """The record of one run, as the guard wrote it for programs."""
    visitor.user.must_have(Permission.READ_RELEASES)
    async with visitor.work() as work:
        await releases.find(work, release_id)
        document = await work.releases.document(release_id)
    name = f'attachment; filename="interlock-{release_id}.json"'
    return JSONResponse(document, headers={"Content-Disposition": name})


@router.get("/health")
async def list_endpoints(request: Request, visitor: Visitor, wanted: Wanted, proof: str = "") -> Response:
    """What each endpoint last told each identity; those that failed or proved nothing before all others."""
    visitor.user.must_have(Permission.READ_RELEASES)
    of = next((each for each in Proof if each == proof), None)
    async with visitor.work() as work:
        counts = await work.releases.count_health()
        found = await work.releases.endpoints(wanted.slice, ReleaseFilter(proof=of))
        failed = await work.releases.endpoints(Slice(LARGEST_PAGE), ReleaseFilter(proof=Proof.FAILED))
    return page(
        request, "health.html", counts=counts, found=found, failed=failed, wanted=wanted, proofs=Proof, proof=of,
    )  # fmt: skip
