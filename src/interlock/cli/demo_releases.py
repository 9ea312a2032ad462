"""The runs of the guard in the demo set: three months of one product, with a bad day in it."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from interlock import __version__
from interlock.control.domain.releases import NewRelease
from interlock.control.http.guard_record import RecordRelease
from interlock.probes.probe import Answer, Asked, Proof
from interlock.release.record import (
    AppliedStep,
    Blamed,
    Plan,
    ReleaseRecord,
    Stage,
    Step,
    Target,
    Verification,
)
from interlock.report.html import as_html
from interlock.report.json import as_json
from interlock.report.legible import legible
from interlock.schema.drift import Missing
from interlock.schema.items import Column
from interlock.schema.name import Kind, Name
from interlock.verdict.finding import Check, Finding, Signal
from interlock.verdict.judge import Verdict

PROJECT = "insight-api"
REVISIONS = (
    (76, "0031", "add saved views"),
    (61, "0032", "index orders by customer"),
    (47, "0033", "forecasts by place"),
    (33, "0034", "price alerts"),
    (19, "0035", "passkeys of users"),
    (5, "0036", "incremental sync marks"),
)
"""How many days ago a revision was released."""
BAD_DAY, SLOW_INDEX = "0035", "0032"
PATHS = ("/api/forecasts", "/api/prices", "/api/baskets", "/api/reports/board-pack", "/api/maps/fleet", "/api/me")
IDENTITIES = ("admin", "analyst", "anonymous")
SLOW = "GET /api/reports/board-pack"


def runs(now: datetime) -> Iterator[NewRelease]:
    """Every run, the oldest first."""
    noon = now.replace(hour=10, minute=20, second=0, microsecond=0)
    for place, (days, revision, message) in enumerate(REVISIONS):
        began = noon - timedelta(days=days)
        before = REVISIONS[place - 1][1] if place else "0030"
        step = Step(revision, message, f"migrations/versions/{revision}_{message.replace(' ', '_')}.py")
        if revision == BAD_DAY:
            yield _told(_stopped(began - timedelta(hours=1, minutes=12), before, step))
        yield _told(_released(began, before, step))
    yield _told(_probed(min(now - timedelta(minutes=25), noon + timedelta(hours=8))))


def _told(record: ReleaseRecord) -> NewRelease:
    document = legible(json.loads(as_json(record)))
    return RecordRelease.model_validate({"project": PROJECT, "record": document, "page": as_html(record)}).as_told()


def _released(began: datetime, before: str, step: Step) -> ReleaseRecord:
    stages = [
        (Check.CONNECT, 0.04, "PostgreSQL 17.2, as insight_release", Signal.CLEAR),
        (Check.LOCK, 0.01, "free", Signal.CLEAR),
        (Check.PLAN, 0.3, f"at {before}, 1 revision to run", Signal.CLEAR),
        (Check.VERIFY_BEFORE, 0.6, "214 objects compared", Signal.CLEAR),
        (Check.PROBE_BEFORE, 0.9, "18 answers", Signal.CLEAR),
        (Check.APPLY, 2.1, f"1 revision run, now at {step.revision}", Signal.CLEAR),
        (Check.VERIFY_AFTER, 0.5, "217 objects compared", Signal.CLEAR),
        (Check.MODELS, 0.1, "46 mapped classes selected", Signal.CLEAR),
        (Check.PROBE_AFTER, 0.8, "18 answers", Signal.CLEAR),
    ]
    slow = Finding(
        Check.REHEARSE, Signal.CAUTION, "builds an index on public.orders under SHARE, for about 0.6 s; writers wait",
        "build it concurrently: postgresql_concurrently=True, inside op.get_context().autocommit_block()",
    )  # fmt: skip
    return replace(
        _run("release", began, stages),
        verdict=Verdict((slow,) if step.revision == SLOW_INDEX else ()),
        plan=Plan((before,), step.revision, (step,)),
        before=Verification((before,), (), 214),
        applied=(AppliedStep(step, 1.9, True),),
        after=Verification((step.revision,), (), 217),
        mapped_classes=46,
        asked_before=_asked(),
        asked_after=_asked(),
    )


def _stopped(began: datetime, before: str, step: Step) -> ReleaseRecord:
    """A hotfix had been made by hand on the live database: the guard stops before it runs anything."""
    column = Column(Name(Kind.COLUMN, "public", "alerts", "muted_until"), "timestamp with time zone", nullable=True)
    message = f"the database says {before}, and lacks column public.alerts.muted_until, which 0034 makes"
    finding = Finding(Check.VERIFY_BEFORE, Signal.STOP, message, "interlock repair writes the statements that mend it")
    stages = [
        (Check.CONNECT, 0.04, "PostgreSQL 17.2, as insight_release", Signal.CLEAR),
        (Check.LOCK, 0.01, "free", Signal.CLEAR),
        (Check.PLAN, 0.3, f"at {before}, 1 revision to run", Signal.CLEAR),
        (Check.VERIFY_BEFORE, 0.6, "1 difference in 214 objects", Signal.STOP),
    ]
    return replace(
        _run("release", began, stages),
        verdict=Verdict((finding,)),
        plan=Plan((before,), step.revision, (step,)),
        before=Verification((before,), (Blamed(Missing(column.name, column), "0034", Signal.STOP),), 214),
    )


def _probed(began: datetime) -> ReleaseRecord:
    """This morning: one endpoint fails for those who may use it, and one identity could not be logged in."""
    asked = _asked(failing=SLOW, unknown="analyst")
    failed = [answer for answer in asked.answers if answer.proof is Proof.FAILED]
    findings = [
        Finding(
            Check.PROBE_AFTER, Signal.STOP, f"{answer.probe} as {answer.identity}: {answer.reason}",
            "read the log of the application for it",
        )
        for answer in failed
    ]  # fmt: skip
    findings.append(
        Finding(
            Check.PROBE_AFTER, Signal.CAUTION, "nobody could be logged in as analyst: 6 answers prove nothing",
            "set the password of that identity",
        )
    )  # fmt: skip
    stages = [(Check.PROBE_AFTER, 5.9, "18 answers, 1 failed", Signal.STOP)]
    return replace(_run("probe", began, stages), verdict=Verdict(tuple(findings)), asked_after=asked)


def _run(command: str, began: datetime, stages: list[tuple[Check, float, str, Signal]]) -> ReleaseRecord:
    timeline, at = [], 0.0
    for check, seconds, summary, signal in stages:
        timeline.append(Stage(check, round(at, 3), seconds, signal, summary))
        at += seconds
    return ReleaseRecord(
        id=f"{began:%Y%m%dT%H%M%S}-{command}",
        command=command,
        project=PROJECT,
        tool_version=__version__,
        began=began,
        seconds=round(at, 3),
        verdict=Verdict(),
        timeline=tuple(timeline),
        target=Target("db.insight.example", 5432, "insight", "insight_release", "17.2", "7391823912391823004"),
        unproved=("requests that change something: only GET is asked",),
    )


def _asked(failing: str = "", unknown: str = "") -> Asked:
    return Asked(
        tuple(_answer(f"GET {path}", identity, failing, unknown) for path in PATHS for identity in IDENTITIES), None
    )


def _answer(probe: str, identity: str, failing: str, unknown: str) -> Answer:
    if identity == unknown:
        return Answer(probe, identity, None, Proof.UNPROVED, f"nobody could be logged in as {identity}", 0.0)
    if identity == "anonymous":
        return Answer(probe, identity, 401, Proof.LOCKED, "turned away, as declared", 0.004)
    if probe == failing:
        return Answer(probe, identity, 500, Proof.FAILED, "500, expected 200", 1.871)
    return Answer(probe, identity, 200, Proof.PROVED, "as declared", 0.012 + len(probe) % 7 / 100)
