"""The revisions of a chain, and the order that they run in."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from interlock.errors import ExitCode, InterlockError


class SeveralHeads(InterlockError):
    """The chain ends in more than one revision."""

    def __init__(self, heads: Iterable[str]) -> None:
        self.heads = tuple(sorted(heads))
        super().__init__(
            problem=f"the chain has {len(self.heads)} heads: {', '.join(self.heads)}",
            remedy="join them with: alembic merge heads; branches that are meant to stay apart each need a label "
            "of their own (branch_labels)",
        )


class BranchesStayApart(InterlockError):
    """The chain has a head for each of its branches, as is meant, and something is asked that takes one."""

    def __init__(self, heads: Iterable[str]) -> None:
        super().__init__(
            problem=f"a schema file is that of one head, and this chain has one for each branch: {', '.join(heads)}",
            remedy="compare the database instead, which takes the heads of all branches: interlock verify",
        )


class NoRevisions(InterlockError):
    """The chain is empty."""

    exit_code = ExitCode.USAGE

    def __init__(self) -> None:
        super().__init__(
            problem="the Alembic project has no revisions",
            remedy="check script_location and version_locations; make the first one with: alembic revision",
        )


class UnknownRevision(InterlockError):
    """The database is at a revision that the chain does not have."""

    def __init__(self, revisions: Iterable[str]) -> None:
        self.revisions = tuple(revisions)
        super().__init__(
            problem=f"the database is at revision {', '.join(self.revisions)}, which this chain does not have",
            remedy="check that DATABASE_URL is this project's database, and that the newest scripts are deployed",
        )


@dataclass(frozen=True, slots=True)
class Revision:
    """One script of the chain, with what must have run before it: `down_revision` and `depends_on`."""

    id: str
    message: str
    path: str
    parents: tuple[str, ...]
    dependencies: tuple[str, ...] = ()


@dataclass(frozen=True)
class Chain:
    """The revisions of a project, each after its parents. `labels` are those of the branch that each head is on."""

    revisions: tuple[Revision, ...]
    heads: tuple[str, ...]
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @cached_property
    def by_id(self) -> Mapping[str, Revision]:
        return {revision.id: revision for revision in self.revisions}

    @property
    def head(self) -> str:
        """The one revision that the chain ends in. Raises SeveralHeads, BranchesStayApart, NoRevisions."""
        _ = self.end
        if len(self.heads) > 1:
            raise BranchesStayApart(self.heads)
        return self.heads[0]

    @property
    def end(self) -> str:
        """What the chain ends in, as people read it: its head, or that of each branch which is meant to stay apart.

        Raises SeveralHeads, NoRevisions.
        """
        if not self.revisions:
            raise NoRevisions
        if len(self.heads) > 1 and not self._are_told_apart():
            raise SeveralHeads(self.heads)
        return ", ".join(self.heads)

    def _are_told_apart(self) -> bool:
        """Whether each head has a label that no other one has. A fork by mistake has none, or one on both sides."""
        labels = [set(self.labels.get(head, ())) for head in self.heads]
        return all(own - set().union(*(each for each in labels if each is not own)) for own in labels)

    def run_before(self, current: Iterable[str]) -> frozenset[str]:
        """The revisions that a database at these ones has run, they included. Raises UnknownRevision."""
        return self._walk(current, lambda revision: revision.parents + revision.dependencies)

    def doubled(self, current: Iterable[str]) -> tuple[str, ...]:
        """The rows of a version table that should not be there, because another row is further on the same line."""
        current = tuple(current)
        beneath = {ancestor for row in set(current) for ancestor in self._walk([row], lambda it: it.parents) - {row}}
        return tuple(row for number, row in enumerate(current) if row in beneath or row in current[:number])

    def _walk(self, start: Iterable[str], downwards: Callable[[Revision], tuple[str, ...]]) -> frozenset[str]:
        start = tuple(start)
        unknown = [revision for revision in start if revision not in self.by_id]
        if unknown:
            raise UnknownRevision(unknown)
        reached: set[str] = set()
        waiting = list(start)
        while waiting:
            revision = waiting.pop()
            if revision not in reached:
                reached.add(revision)
                waiting.extend(downwards(self.by_id[revision]))
        return frozenset(reached)

    def pending(self, current: Iterable[str]) -> tuple[Revision, ...]:
        """The revisions that a database at these ones has yet to run, in order."""
        run = self.run_before(current)
        return tuple(revision for revision in self.revisions if revision.id not in run)

    def replay_order(self, current: Iterable[str]) -> tuple[Revision, ...]:
        """All revisions in an order that passes through the state of a database at the current ones.

        Where the chain branches, several orders are possible; this one runs what the database has run first.
        """
        run = self.run_before(current)
        return tuple(revision for revision in self.revisions if revision.id in run) + self.pending(current)
