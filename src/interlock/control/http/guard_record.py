"""A record of the guard as it is posted: the parts of `interlock-release/1` that the control plane reads.

The guard describes its format in `report/schema.json`. Fields that are not read here are kept as they came.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from interlock.control.domain.free_json import check_free_json
from interlock.control.domain.releases import Answer, NewRelease, Proof, Signal, Summary
from interlock.control.http.fields import TEXT_PATTERN, MomentOfRecord, Name, Number

RELEASE_ID_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$"
LARGEST_INTEGER = 2**31 - 1

Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False), Number]


class Part(BaseModel):
    """A part of the record. What is not named here stays in it."""

    model_config = ConfigDict(extra="allow")


class FindingPart(Part):
    """What a check found."""

    check: str
    signal: Signal
    message: str
    remedy: str


class VerdictPart(Part):
    """The verdict and what led to it, worst first."""

    signal: Signal
    headline: str
    findings: list[FindingPart]
    unproved: list[str]


class StagePart(Part):
    """One stage of the run."""

    check: str
    began_seconds: Seconds
    seconds: Seconds
    signal: Signal
    summary: str


class PlanPart(Part):
    """From where to where the chain was to go."""

    current: list[str]
    head: str | None


class RevisionPart(Part):
    """One revision of the plan, and what became of it."""

    revision: str
    message: str
    state: str
    seconds: Seconds | None


class LockPart(Part):
    """A lock that a statement took on the copy."""

    table: str
    mode: str


class HazardPart(Part):
    """What a statement would do to the people who use the database."""

    rule: str
    signal: Signal
    message: str
    remedy: str


class StatementPart(Part):
    """One statement as the rehearsal saw it."""

    revision: str
    sql: str
    file: str
    line: Annotated[int, Number] | None
    locks: list[LockPart]
    rewritten: list[str]
    hazards: list[HazardPart]


class ChangePart(Part):
    """One difference between the live schema and what the chain declares."""

    change: str
    kind: str
    schema_name: str = Field(alias="schema")
    table: str | None
    item: str | None
    declared: dict[str, Any] | None
    observed: dict[str, Any] | None
    differs_in: list[str]
    made_by: str | None
    signal: Signal

    @property
    def path(self) -> str:
        return ".".join(filter(None, (self.schema_name, self.table, self.item)))


class VerificationPart(Part):
    """One comparison with the live schema."""

    drift: list[ChangePart]


class SaidPart(Part):
    """What one answer was."""

    status: Annotated[int, Field(ge=0, le=LARGEST_INTEGER), Number] | None
    proof: Proof
    reason: str
    seconds: Seconds


class EndpointPart(Part):
    """What one endpoint told one identity before and after."""

    probe: str
    identity: str
    before: SaidPart | None
    after: SaidPart | None

    @property
    def newest(self) -> SaidPart | None:
        return self.after or self.before

    @property
    def is_loud(self) -> bool:
        """Somebody should look at it: it failed, or it proves nothing."""
        return self.newest is None or self.newest.proof in (Proof.FAILED, Proof.UNPROVED)


class GuardRecord(Part):
    """A run of the guard."""

    format: Literal["interlock-release/1"]
    id: Annotated[str, StringConstraints(pattern=RELEASE_ID_PATTERN)]
    command: str
    tool_version: str
    began: MomentOfRecord
    ended: MomentOfRecord
    verdict: VerdictPart
    timeline: list[StagePart]
    plan: PlanPart | None
    revisions: list[RevisionPart]
    statements: list[StatementPart]
    before: VerificationPart | None
    after: VerificationPart | None
    endpoints: list[EndpointPart]

    @property
    def span_seconds(self) -> float:
        """From the first stage to the end of the last; never nothing, so that bars can be measured by it."""
        return max((stage.began_seconds + stage.seconds for stage in self.timeline), default=0.0) or 0.001

    @property
    def drift(self) -> list[ChangePart]:
        """How the live schema differed at the end."""
        last = self.after or self.before
        return last.drift if last else []


class RecordRelease(BaseModel):
    """A run of the guard, to be put on record."""

    model_config = ConfigDict(extra="forbid")

    project: Name = Field(description="What was released; its runs belong together.", examples=["acme-web"])
    record: Annotated[GuardRecord, BeforeValidator(check_free_json)]
    page: Annotated[str, StringConstraints(pattern=TEXT_PATTERN)] = Field(
        description="The report for people: one HTML page."
    )

    def as_told(self) -> NewRelease:
        record = self.record
        summary = Summary(
            project=self.project,
            id=record.id,
            command=record.command,
            tool_version=record.tool_version,
            signal=record.verdict.signal,
            headline=record.verdict.headline,
            began_at=record.began,
            ended_at=record.ended,
            head=record.plan.head if record.plan else None,
            revisions_done=sum(revision.state == "done" for revision in record.revisions),
            findings=len(record.verdict.findings),
            drift=len(record.drift),
        )
        answers = [
            Answer(each.probe, each.identity, said.proof, said.status, said.reason, said.seconds)
            for each in record.endpoints
            if (said := each.newest)
        ]
        return NewRelease(summary, tuple(answers), record.model_dump(mode="json", by_alias=True), self.page)
