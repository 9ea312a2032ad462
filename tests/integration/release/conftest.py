"""The guard at work in this process, on real databases, with the project's code in its real child process."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from interlock.chain.project import find_project
from interlock.hazards.acceptance import accepted_by_operator
from interlock.hazards.find import BUDGET_SECONDS
from interlock.postgres.embedded import EmbeddedServer
from interlock.postgres.url import parse_url
from interlock.release import pipeline
from interlock.release.backup import BackupWay
from interlock.release.logbook import Outcome
from interlock.release.record import ReleaseRecord, Stage
from interlock.release.rehearse import Budget
from interlock.release.rehearse_rows import NO_SAMPLING, Sampling
from interlock.release.request import Request
from interlock.verdict.finding import Check
from interlock.verdict.judge import Verdict

ONE_TABLE = """
import sqlalchemy as sa
target_metadata = sa.MetaData()
sa.Table("t", target_metadata, sa.Column("id", sa.Integer, primary_key=True))
"""
"""Models for a chain that makes a table t, beside whatever else."""

Guard = Callable[..., Outcome]


class Watcher:
    """Progress that nobody watches, but a test that wants to do something at a stage, or to read what was told."""

    def __init__(self, at: dict[Check, Callable[[], None]], heard: list[str]) -> None:
        self.at, self.heard = at, heard

    def began(self, check: Check) -> None:
        self.at.get(check, lambda: None)()

    def tells(self, text: str) -> None:
        self.heard.append(text)

    def ended(self, stage: Stage) -> None: ...


@pytest.fixture
def request_for(server: EmbeddedServer, tmp_path: Path) -> Callable[..., Request]:
    """Describe what the guard is asked to do."""

    def make(
        database: str,
        *,
        scratch: str | None = None,
        lock_wait_seconds: float = 0,
        allowed_drops: Iterable[str] = (),
        backup: BackupWay | None = None,
        budget_seconds: float = BUDGET_SECONDS,
        accepted: Iterable[str] = (),
        sampling: Sampling = NO_SAMPLING,
        **project: Any,
    ) -> Request:
        return Request(
            url=parse_url(database),
            project=find_project(tmp_path, **project),
            scratch_server=parse_url(scratch) if scratch else server.url(),
            is_schema_only=True,
            lock_wait_seconds=lock_wait_seconds,
            allowed_drops=frozenset(allowed_drops),
            backup=backup,
            sampling=sampling,
            budget=Budget(budget_seconds, tuple(map(accepted_by_operator, accepted))),
        )

    return make


@pytest.fixture
def guard(request_for: Callable[..., Request]) -> Guard:
    """Run one of the guard's pipelines: `guard("release", database)`."""

    def run(
        what: str,
        database: str,
        at: dict[Check, Callable[[], None]] | None = None,
        heard: list[str] | None = None,
        **options: Any,
    ) -> Outcome:
        blank = ReleaseRecord(what + "-1", what, "shop", "0", datetime.now(UTC), 0.0, Verdict(), ())
        return getattr(pipeline, what)(
            request_for(database, **options), blank, Watcher(at or {}, [] if heard is None else heard)
        )

    return run


def claim(database: str, *revisions: str) -> None:
    """Let alembic_version claim these revisions, whatever the schema is."""
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("create table alembic_version (version_num varchar(32) primary key)")
        for revision in revisions:
            connection.execute("insert into alembic_version values (%s)", [revision])


def told(outcome: Outcome) -> str:
    """Everything that a run found, one finding a line."""
    return "\n".join(f"{each.signal.name} {each.check}: {each.message}" for each in outcome.record.verdict.findings)
