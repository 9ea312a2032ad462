"""Releases and the health of endpoints in the database."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Computed, ForeignKey, Index, Select, case, exists, func, select, tuple_
from sqlalchemy.dialects.postgresql import distinct_on, insert
from sqlalchemy.orm import Mapped, mapped_column

from interlock.control.domain.errors import InvalidCursor
from interlock.control.domain.page import Page, Slice
from interlock.control.domain.releases import (
    Answer,
    Endpoint,
    HealthCounts,
    NewRelease,
    Proof,
    Release,
    ReleaseFilter,
    Signal,
    Summary,
)
from interlock.control.persistence.base import Base, native_enum
from interlock.control.persistence.organisations import OrganisationRow
from interlock.control.persistence.scoped import Scoped

CURSOR_SEPARATOR = "\x1f"

# The stages "probe before" and "probe after": one that got no answer at all stands in the timeline too.
_HAS_PROBED = """jsonb_path_exists(document, '$.timeline[*].check ? (@ starts with "probe")')"""


class ReleaseRow(Base):
    """A row of releases. Nothing changes or deletes one."""

    __tablename__ = "releases"
    __table_args__ = (
        Index(None, "organisation_id", "began_at"),
        Index(None, "organisation_id", "project", "ended_at", postgresql_where="has_probed"),
    )

    organisation_id: Mapped[UUID] = mapped_column(ForeignKey(OrganisationRow.id), primary_key=True)
    id: Mapped[str] = mapped_column(primary_key=True)
    project: Mapped[str]
    command: Mapped[str]
    tool_version: Mapped[str]
    signal: Mapped[Signal] = mapped_column(native_enum(Signal, "release_signal"))
    headline: Mapped[str]
    began_at: Mapped[datetime]
    ended_at: Mapped[datetime]
    head: Mapped[str | None]
    revisions_done: Mapped[int]
    findings: Mapped[int]
    drift: Mapped[int]
    # Both are large, and no list reads them.
    document: Mapped[dict[str, Any]] = mapped_column(deferred=True)
    page: Mapped[str] = mapped_column(deferred=True)
    has_probed: Mapped[bool] = mapped_column(Computed(_HAS_PROBED, persisted=True), deferred=True)
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.now())


class EndpointRow(Base):
    """A row of endpoints: what one of a project last told one identity."""

    __tablename__ = "endpoints"

    organisation_id: Mapped[UUID] = mapped_column(ForeignKey(OrganisationRow.id), primary_key=True)
    project: Mapped[str] = mapped_column(primary_key=True)
    probe: Mapped[str] = mapped_column(primary_key=True)
    identity: Mapped[str] = mapped_column(primary_key=True)
    proof: Mapped[Proof] = mapped_column(native_enum(Proof, "endpoint_proof"))
    status: Mapped[int | None]
    reason: Mapped[str]
    seconds: Mapped[float]
    asked_at: Mapped[datetime]
    since: Mapped[datetime]
    release_id: Mapped[str]


_SUMMARY = tuple(Summary.__dataclass_fields__)
_ANSWER = tuple(Answer.__dataclass_fields__)
# Of several answers of one endpoint to one identity the worst counts.
_WORST_FIRST = (Proof.FAILED, Proof.UNPROVED, Proof.LOCKED, Proof.PROVED)
_IS_CURRENT = ~(
    exists()
    .where(
        ReleaseRow.organisation_id == EndpointRow.organisation_id,
        ReleaseRow.project == EndpointRow.project,
        ReleaseRow.has_probed,
        ReleaseRow.ended_at > EndpointRow.asked_at,
    )
    .correlate(EndpointRow)
)


class StoredReleases(Scoped):
    """The runs on record that the scope lets one see."""

    async def page(self, wanted: Slice, of: ReleaseFilter) -> Page[Release]:
        statement = self._visible()
        if of.project is not None:
            statement = statement.where(ReleaseRow.project == of.project)
        if of.signal is not None:
            statement = statement.where(ReleaseRow.signal == of.signal)
        return await self.fetch_newest(
            statement, ReleaseRow.began_at, ReleaseRow.id, wanted, lambda row: _release_of(row[0])
        )

    async def newest_of_each_project(self) -> tuple[Release, ...]:
        newest = self._visible().ext(distinct_on(ReleaseRow.project))
        rows = await self.session.scalars(newest.order_by(ReleaseRow.project, ReleaseRow.began_at.desc()))
        return tuple(map(_release_of, rows))

    async def projects(self) -> tuple[str, ...]:
        statement = select(ReleaseRow.project).where(self.is_in_scope(ReleaseRow.organisation_id))
        return tuple(await self.session.scalars(statement.distinct().order_by(ReleaseRow.project)))

    async def find(self, release_id: str) -> Release | None:
        row = await self.session.scalar(self._visible().where(ReleaseRow.id == release_id))
        return _release_of(row) if row else None

    async def document(self, release_id: str) -> Mapping[str, Any] | None:
        found: Mapping[str, Any] | None = await self.session.scalar(self._one(ReleaseRow.document, release_id))
        return found

    async def report(self, release_id: str) -> str | None:
        found: str | None = await self.session.scalar(self._one(ReleaseRow.page, release_id))
        return found

    async def add(self, new: NewRelease) -> Release | None:
        values = asdict(new.summary) | {
            "organisation_id": self.scope.organisation_id,
            "document": new.document,
            "page": new.page,
        }
        statement = insert(ReleaseRow).values(values).on_conflict_do_nothing().returning(ReleaseRow)
        row = await self.session.scalar(statement)
        return _release_of(row) if row else None

    async def remember(self, new: NewRelease) -> None:
        asked = {"asked_at": new.summary.ended_at, "since": new.summary.ended_at, "release_id": new.summary.id}
        worst = {
            (answer.probe, answer.identity): answer
            for answer in sorted(new.answers, key=lambda each: _WORST_FIRST.index(each.proof), reverse=True)
        }
        of_project = {"organisation_id": self.scope.organisation_id, "project": new.summary.project}
        # One order for all, so that two runs of a project wait for one another instead of deadlocking.
        rows = [of_project | asdict(worst[each]) | asked for each in sorted(worst)]
        if rows:
            await self.session.execute(_take_over_what_is_newer(), rows)

    async def endpoints(self, wanted: Slice, of: ReleaseFilter) -> Page[Endpoint]:
        row = EndpointRow
        key = (row.project, row.probe, row.identity)
        found = select(row, _IS_CURRENT).where(self.is_in_scope(row.organisation_id)).order_by(*key)
        if of.project is not None:
            found = found.where(row.project == of.project)
        if of.proof is not None:
            found = found.where(row.proof == of.proof)
        if wanted.after is not None:
            found = found.where(tuple_(*key) > tuple_(*_read_place(wanted.after)))
        rows = (await self.session.execute(found.limit(wanted.limit + 1))).all()
        shown = rows[: wanted.limit]
        found_here = tuple(_endpoint_of(row, is_current=current) for row, current in shown)
        return Page(found_here, _place_of(found_here[-1]) if len(rows) > wanted.limit else None)

    async def count_health(self) -> HealthCounts:
        known = (
            select(EndpointRow.proof, EndpointRow.asked_at, _IS_CURRENT.label("is_current"))
            .where(self.is_in_scope(EndpointRow.organisation_id))
            .subquery()
        )
        proof, current = known.c.proof, known.c.is_current
        statement = select(
            func.count().label("total"),
            func.count().filter(current, proof == Proof.FAILED).label("failed"),
            func.count().filter(current, proof == Proof.UNPROVED).label("unproved"),
            func.count().filter(~current).label("not_asked"),
            func.max(known.c.asked_at).label("last_asked_at"),
        ).select_from(known)
        row = (await self.session.execute(statement)).one()
        return HealthCounts(row.total, row.failed, row.unproved, row.not_asked, row.last_asked_at)

    def _visible(self) -> Select[ReleaseRow]:
        return select(ReleaseRow).where(self.is_in_scope(ReleaseRow.organisation_id))

    def _one(self, column: Any, release_id: str) -> Select[Any]:
        return select(column).where(self.is_in_scope(ReleaseRow.organisation_id), ReleaseRow.id == release_id)


def _release_of(row: ReleaseRow) -> Release:
    summary = Summary(**{name: getattr(row, name) for name in _SUMMARY})
    return Release(row.organisation_id, summary, row.recorded_at)


def _place_of(last: Endpoint) -> str:
    return CURSOR_SEPARATOR.join((last.project, last.answer.probe, last.answer.identity))


def _read_place(after: str) -> tuple[str, ...]:
    place = tuple(after.split(CURSOR_SEPARATOR))
    if len(place) != 3:
        raise InvalidCursor
    return place


def _take_over_what_is_newer() -> Any:
    new = insert(EndpointRow)
    is_same = EndpointRow.proof == new.excluded.proof
    changed = {name: new.excluded[name] for name in (*_ANSWER[2:], "asked_at", "release_id")}
    return new.on_conflict_do_update(
        index_elements=["organisation_id", "project", "probe", "identity"],
        set_=changed | {"since": case((is_same, EndpointRow.since), else_=new.excluded.since)},
        where=EndpointRow.asked_at <= new.excluded.asked_at,
    )


def _endpoint_of(row: EndpointRow, *, is_current: bool) -> Endpoint:
    answer = Answer(**{name: getattr(row, name) for name in _ANSWER})
    return Endpoint(row.project, answer, row.asked_at, row.since, row.release_id, is_current)
