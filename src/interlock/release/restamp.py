"""Write into the version table the revision that the live schema was proved to match."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from interlock.errors import ExitCode, InterlockError
from interlock.postgres.lock import Holder, hold_release_lock
from interlock.postgres.session import open_session, read_facts, require_named, require_writable
from interlock.postgres.version_table import find_version_table, read_revisions, write_revisions
from interlock.release.build import open_build
from interlock.release.locate import BASE, names_of
from interlock.release.logbook import counted
from interlock.release.observe import observe
from interlock.release.request import Request
from interlock.schema.history import Match, Moment


class MatchesNoRevision(InterlockError):
    """The live schema is that of no revision, so no revision may be written."""

    def __init__(self, match: Match) -> None:
        nearest = names_of(match)[-1]
        listed = "; ".join(str(change) for change in match.drift[:3])
        more = f" and {len(match.drift) - 3} more" if len(match.drift) > 3 else ""
        super().__init__(
            problem=f"the schema is that of no revision; nearest is {nearest}, "
            f"with {counted(len(match.drift), 'difference')}: {listed}{more}",
            remedy=f"make the schema that of {nearest} by hand, then run interlock restamp again",
        )


class SeveralRevisionsMatch(InterlockError):
    """Revisions that change rows only leave the same schema behind: a person has to say which ones ran."""

    exit_code = ExitCode.USAGE

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(
            problem=f"the schema is that of {', '.join(names)}: they differ in rows only",
            remedy=f"find out which of them ran last, and name it: interlock restamp {names[0]}",
        )


class NotThatRevision(InterlockError):
    """The named revision is not what the live schema matches."""

    exit_code = ExitCode.USAGE

    def __init__(self, wanted: str, names: Sequence[str]) -> None:
        super().__init__(
            problem=f"the schema is not that of {wanted}, but of {' or '.join(names)}",
            remedy=f"interlock restamp {names[-1]}",
        )


@dataclass(frozen=True, slots=True)
class Restamped:
    """What the version table said, and what it says now."""

    before: tuple[str, ...]
    rows: tuple[str, ...]

    @property
    def after(self) -> str:
        return ", ".join(self.rows) or BASE

    @property
    def is_changed(self) -> bool:
        return self.before != self.rows


def restamp(
    request: Request,
    wanted: str | None,
    *,
    may_write: Callable[[Restamped], bool],
    on_wait: Callable[[Holder | None], None],
) -> Restamped | None:
    """Find the revision that the live schema matches exactly, and write it if `may_write` agrees; else None.

    Raises MatchesNoRevision, SeveralRevisionsMatch, NotThatRevision, and what reading the project can raise.
    """
    with ExitStack() as resources:
        session = resources.enter_context(open_session(request.url))
        server = read_facts(session)
        require_named(server, request.databases)
        require_writable(server)
        build = resources.enter_context(open_build(request.project, request.scratch_server, request.url, session))
        table = find_version_table(session, build.environment.version_table, build.environment.version_table_schema)
        lock_session = resources.enter_context(open_session(request.url, "interlock release lock"))
        resources.enter_context(hold_release_lock(lock_session, str(table), request.lock_wait_seconds, on_wait=on_wait))
        claimed = read_revisions(session, table)
        # By the way that it claims to have taken, as it was located; a revision that nobody knows leads nowhere.
        way = claimed if build.chain.by_id.keys() >= set(claimed) else ()
        history = request.rules.applied_to_history(build.replay(way, on_step=lambda _revision: None))
        observed = observe(session, build, history, request.rules).schema
        moment = _choose(history.locate(observed), wanted)
        change = Restamped(claimed, moment.rows)
        if not may_write(change):
            return None
        write_revisions(session, table, moment.rows)
        return change


def _choose(match: Match, wanted: str | None) -> Moment:
    names = names_of(match)
    if not match.is_exact:
        raise MatchesNoRevision(match)
    if wanted is not None and wanted not in names:
        raise NotThatRevision(wanted, names)
    if wanted is None and len(names) > 1:
        raise SeveralRevisionsMatch(names)
    return match.moments[names.index(wanted) if wanted else 0]
