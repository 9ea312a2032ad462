"""What the guard is asked to do: one frozen value."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from interlock.chain.project import Project
from interlock.postgres.url import DatabaseUrl
from interlock.probes.build import BuildCheck
from interlock.probes.identity import Identity
from interlock.probes.probe import Probe
from interlock.release.backup import BackupWay
from interlock.release.rehearse import DEFAULT_BUDGET, Budget
from interlock.release.rehearse_rows import NO_SAMPLING, Sampling
from interlock.schema.rules import NO_RULES, Rules

LOCK_WAIT_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Application:
    """The running application, and what is to be asked of it.

    `openapi` is the path at which it serves its OpenAPI document, or the document itself, and None where only the named
    probes count; `excluded` and `protected` are patterns of its paths: not to be asked, and locked although the
    document does not say so. `expected_build` is the build that has to answer after the release; None where any may.
    """

    base_url: str
    probes: tuple[Probe, ...] = ()
    identities: tuple[Identity, ...] = ()
    openapi: str | Mapping[str, Any] | None = None
    excluded: tuple[str, ...] = ()
    protected: tuple[str, ...] = ()
    build: BuildCheck | None = None
    expected_build: str | None = None
    timeout_seconds: float = 10.0


@dataclass(frozen=True, slots=True)
class Request:
    """Which project is released to which database, and how it is proved.

    `databases` are those that may be worked on, as system identifier and name with a slash between them, none where any
    may. `allowed_drops` are names, as reports write them, of what may be dropped although it holds rows; `backup`
    says how that is kept before, None where it is not.
    """

    url: DatabaseUrl
    project: Project
    databases: frozenset[str] = frozenset()
    scratch_server: DatabaseUrl | None = None
    application: Application | None = None
    rules: Rules = NO_RULES
    is_schema_only: bool = False
    lock_wait_seconds: float = LOCK_WAIT_SECONDS
    allowed_drops: frozenset[str] = frozenset()
    budget: Budget = DEFAULT_BUDGET
    sampling: Sampling = NO_SAMPLING
    backup: BackupWay | None = None
