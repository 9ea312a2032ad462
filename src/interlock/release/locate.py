"""Which revision a live schema really is, whatever the database claims."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass

from interlock.chain.revisions import Revision
from interlock.postgres.session import open_session, read_facts
from interlock.release.build import open_build
from interlock.release.observe import observe
from interlock.release.request import Request
from interlock.release.scratch_build import current_revisions
from interlock.schema.history import Match

BASE = "base"
"""What a database is at before the first revision, in the words of Alembic."""


@dataclass(frozen=True, slots=True)
class Location:
    """What a database claims, and which moments of the chain its schema resembles most."""

    claimed: tuple[str, ...]
    match: Match
    told: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The revisions that the schema is that of, or is nearest to: several where they differ in rows only."""
        return names_of(self.match)

    @property
    def is_as_claimed(self) -> bool:
        """Whether the schema is exactly that of the revision that the database claims."""
        rows = [set(moment.rows) for moment in self.match.moments]
        return self.match.is_exact and set(self.claimed) in rows


def locate(request: Request, on_step: Callable[[Revision], None]) -> Location:
    """Find the revision that the live schema is that of, or the nearest one. Touches nothing.

    The claim may be anything: it is read, and not believed.
    """
    with ExitStack() as resources:
        session = resources.enter_context(open_session(request.url))
        read_facts(session)
        build = resources.enter_context(open_build(request.project, request.scratch_server, request.url, session))
        claimed = current_revisions(session, build.environment)
        known = [revision for revision in claimed if revision in build.chain.by_id]
        history = request.rules.applied_to_history(build.replay(known, on_step))
        observed = observe(session, build, history, request.rules)
        return Location(claimed, history.locate(observed.schema), observed.told)


def names_of(match: Match) -> tuple[str, ...]:
    """The revisions of a match, in the words of Alembic."""
    return tuple(moment.revision or BASE for moment in match.moments)
