"""Bring the live schema to what the chain declares: planned, rehearsed on a copy, applied only when that is said."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import cached_property

import psycopg
from psycopg import sql

from interlock.errors import ExitCode, InterlockError, InvalidSetting
from interlock.postgres.catalog import take_snapshot
from interlock.postgres.dependents import find_dependents
from interlock.postgres.effects import Effect, carry_out, measure
from interlock.postgres.lock import Holder, ReleaseLock, hold_release_lock
from interlock.postgres.rebuild import as_rebuilt, reads_as_printed, rebuild
from interlock.postgres.session import Connection, open_session, read_facts, require_named, require_writable
from interlock.postgres.settle import recognise
from interlock.postgres.version_table import VersionTable, find_version_table
from interlock.release.build import Build, open_build
from interlock.release.logbook import counted
from interlock.release.observe import observe
from interlock.release.plan import plan_release
from interlock.release.request import Request
from interlock.release.scratch_build import current_revisions
from interlock.release.verify import require_true_claim, verify
from interlock.schema.ddl.create import why_not_made
from interlock.schema.ddl.drop import drop_statements
from interlock.schema.drift import Change, Severity, Unexpected, find_drift, severity
from interlock.schema.history import History, Moment
from interlock.schema.items import Item
from interlock.schema.name import Kind, Name
from interlock.schema.repair import Left, Repairer, Step, unknown_names
from interlock.schema.snapshot import Snapshot

ROUNDS = 10
"""What one round of statements makes possible is done in the next one; so many are enough for everything seen."""
SHOWN = 5


class CannotBeRehearsed(InterlockError):
    """A copy of the live schema on the scratch server is not what the live schema is, so nothing is proved by it."""

    def __init__(self, problems: Sequence[object]) -> None:
        more = f" and {len(problems) - SHOWN} more" if len(problems) > SHOWN else ""
        super().__init__(
            problem="the live schema cannot be copied to the scratch server, so no repair can be rehearsed: "
            f"{'; '.join(map(str, problems[:SHOWN]))}{more}",
            remedy="name a scratch server that has the same extensions and roles: INTERLOCK_SCRATCH_URL",
        )


class RehearsalDiffers(InterlockError):
    """Run together, the statements do not bring about what they did one by one."""

    def __init__(self, told: str) -> None:
        super().__init__(
            problem=f"on a copy of the live schema the repair does not do what it should: {told}",
            remedy="repair it by hand, and report this: nothing was changed",
        )


@dataclass(frozen=True, slots=True)
class Adopted:
    """An object that somebody made by hand, as a revision that has not run wants to make it."""

    name: Name
    revision: str

    def __str__(self) -> str:
        return f"{self.name}: as revision {self.revision} makes it"


@dataclass(frozen=True, slots=True)
class Repair:
    """What differs, the statements against that, what they did on a copy, and what is left for a person.

    `remaining` is what still differs after they were applied, seen from a new connection; None where they were not.
    `target` is the revision whose schema is repaired to: another one than the claim where something was adopted.
    """

    claimed: tuple[str, ...]
    target: str
    drift: tuple[Change, ...]
    steps: tuple[Step, ...]
    effects: tuple[Effect, ...]
    left: tuple[Left, ...]
    adopted: tuple[Adopted, ...]
    notes: tuple[str, ...]
    remaining: tuple[Change, ...] | None = None

    @property
    def exit_code(self) -> ExitCode:
        """CLEAR where nothing differs, CAUTION where nothing that code notices does, else STOP."""
        differing = self.drift if self.remaining is None else self.remaining
        if self.adopted or any(severity(change) is not Severity.COSMETIC for change in differing):
            return ExitCode.STOP
        return ExitCode.CAUTION if differing else ExitCode.CLEAR


def repair(
    request: Request,
    allowed: Collection[str],
    *,
    is_applied: bool,
    on_wait: Callable[[Holder | None], None],
    on_statement: Callable[[str], None],
    on_plan: Callable[[Repair], None] = lambda _repair: None,
) -> Repair:
    """Plan and rehearse a repair of the live schema; with `is_applied`, carry it out and look from a new connection.

    Raises what reading the project can raise, ClaimsAnotherRevision where the claim is wrong and not the schema,
    CannotBeRehearsed, RehearsalDiffers, NotCarriedOut.
    """
    with ExitStack() as resources:
        session = resources.enter_context(open_session(request.url))
        server = read_facts(session)
        require_named(server, request.databases)
        build = resources.enter_context(open_build(request.project, request.scratch_server, request.url, session))
        table = find_version_table(session, build.environment.version_table, build.environment.version_table_schema)
        lock: ReleaseLock | None = None
        if is_applied:
            require_writable(server)
            lock_session = resources.enter_context(open_session(request.url, "interlock release lock"))
            lock = resources.enter_context(
                hold_release_lock(lock_session, str(table), request.lock_wait_seconds, on_wait=on_wait)
            )
        case = _Case(request, build, table, session, server.role)
        planned = case.plan(frozenset(allowed))
        on_plan(planned)
        if lock is None or not planned.steps:
            return planned
        session.execute(lock.shared_by_workers.encode())

        def before_each(statement: str) -> None:
            lock.require()
            on_statement(statement)

        with reads_as_printed(session):
            carry_out(session, planned.steps, before_each)
        with open_session(request.url) as fresh:
            return replace(planned, remaining=case.drift_in(fresh, planned.target))


class _Case:
    """One live schema, the chain that it is compared with, and a scratch server to try things on."""

    def __init__(self, request: Request, build: Build, table: VersionTable, session: Connection, role: str) -> None:
        self.rules, self.build, self.table, self.session = request.rules, build, table, session
        self.left_out: tuple[str, ...] = ()
        self.claimed = current_revisions(session, build.environment)
        plan_release(build.chain, self.claimed)  # the claim has to make sense
        self.run = build.chain.run_before(self.claimed)
        self.history: History = self.rules.applied_to_history(build.replay(self.claimed, lambda _revision: None))
        self.live = observe(session, build, self.history, self.rules, table)
        self.owner = self.live.everything.usual_owner or role

    @cached_property
    def moments(self) -> Mapping[str, Moment]:
        return {moment.revision or "base": moment for moment in self.history.moments}

    def plan(self, allowed: frozenset[str]) -> Repair:
        """Find the statements on a copy, and run them together on another one."""
        verification = verify(self.build.chain, self.history, self.claimed, self.live.schema, self.rules)
        require_true_claim(verification, self.live.schema)
        claimed_moment = self.history.still_to_come(self.run).moments[0]
        collisions = tuple(self._collisions(find_drift(claimed_moment.schema, self.live.schema)))
        differing = tuple(each for each in collisions if isinstance(each, Left))
        adopted = tuple(each for each in collisions if isinstance(each, Adopted)) if not differing else ()
        target = self._latest(adopted) if adopted else claimed_moment
        declared, observed = self._owned(target.schema), self._owned(self.live.schema)
        drift = find_drift(declared, observed)
        if unknown := unknown_names(allowed, drift):
            raise InvalidSetting(
                f"no difference is named {', '.join(sorted(unknown))}",
                "name it as interlock repair shows it, such as --allow public.orders.note",
            )
        repairer = Repairer(declared, self.live.everything, self._has_rows, allowed)
        steps, left = self._find_steps(repairer, drift, observed) if drift else ((), ())
        collided = {each.change.name for each in differing}
        left = (*differing, *(each for each in left if each.change.name not in collided))
        return Repair(
            claimed=self.claimed,
            target=target.revision or "base",
            drift=drift,
            steps=steps,
            effects=self._rehearse(steps, left, declared) if steps else (),
            left=left,
            adopted=adopted,
            notes=(*self.live.told, *self._notes()),
        )

    def drift_in(self, session: Connection, target: str) -> tuple[Change, ...]:
        """How a live schema, or a copy of it, differs from that of a revision."""
        observed = observe(session, self.build, self.history, self.rules, self.table).schema
        return find_drift(self._owned(self.moments[target].schema), self._owned(observed))

    def _collisions(self, drift: Iterable[Change]) -> Iterable[Adopted | Left]:
        """What is there and is wanted by a revision that has not run: as that makes it, or in another way."""
        to_come = self.history.still_to_come(self.run).moments[1:]
        for change in drift:
            if not isinstance(change, Unexpected):
                continue
            maker = next((moment for moment in to_come if change.name in moment.schema.items), None)
            if maker is None:
                continue
            differences = find_drift(_only(maker.schema, change.name), _only(self.live.schema, change.name))
            if differences:
                told = "; ".join(map(str, differences[:SHOWN]))
                yield Left(change, f"revision {maker.revision} wants to make it, and makes another one: {told}")
            else:
                yield Adopted(change.name, maker.revision or "")

    def _latest(self, adopted: Iterable[Adopted]) -> Moment:
        revisions = {each.revision for each in adopted}
        return [moment for moment in self.history.moments if moment.revision in revisions][-1]

    def _find_steps(
        self, repairer: Repairer, drift: tuple[Change, ...], observed: Snapshot
    ) -> tuple[tuple[Step, ...], tuple[Left, ...]]:
        with self.build.server.empty_database() as copy:
            self._copy_to(copy)
            return find_steps(
                repairer,
                drift,
                observed,
                copy,
                look=lambda: self._owned(observe(copy, self.build, self.history, self.rules, self.table).schema),
            )

    def _rehearse(self, steps: Sequence[Step], left: Iterable[Left], declared: Snapshot) -> tuple[Effect, ...]:
        """Run the repair on a new copy, as it will be run on the live database."""
        expected = {each.change.name for each in left}
        with self.build.server.empty_database() as copy:
            self._copy_to(copy)
            try:
                with reads_as_printed(copy):
                    effects = measure(copy, steps)
            except psycopg.Error as error:
                raise RehearsalDiffers(error.diag.message_primary or str(error)) from None
            observed = self._owned(observe(copy, self.build, self.history, self.rules, self.table).schema)
            remaining = [change for change in find_drift(declared, observed) if change.name not in expected]
        if remaining:
            raise RehearsalDiffers("; ".join(map(str, remaining[:SHOWN])))
        return effects

    def _copy_to(self, copy: Connection) -> None:
        """Make the live schema on the scratch server. Raises CannotBeRehearsed unless it reads back equal.

        An extension that the chain says nothing of, and that the server does not have, is left out: what needs it
        cannot be made either.
        """
        live = as_rebuilt(self.live.everything)
        without_secrets = live.with_items({name: item for name, item in live.items.items() if not why_not_made(item)})
        failed = rebuild(copy, without_secrets, makes_roles=self.build.server.is_thrown_away)
        names = {each.name for each in failed}
        if any(name.kind is not Kind.EXTENSION or name in self.history.names for name in names):
            raise CannotBeRehearsed(failed)
        self.left_out = tuple(sorted(map(str, names)))
        copied = without_secrets.with_items(
            {name: item for name, item in without_secrets.items.items() if name not in names}
        )
        itself = History((Moment(None, copied),))
        made = recognise(take_snapshot(copy), itself, self.build.server.empty_database).snapshot
        if differences := find_drift(copied, as_rebuilt(made)):
            raise CannotBeRehearsed(differences)

    def _owned(self, snapshot: Snapshot) -> Snapshot:
        """The snapshot with the role that owns most of the live schema where the chain has its own."""
        usual = self.history.usual_owner
        return snapshot.with_items({name: _owned(item, usual, self.owner) for name, item in snapshot.items.items()})

    def _has_rows(self, table: Name) -> bool:
        query = sql.SQL("select exists (select from {})").format(sql.Identifier(table.schema, table.table))
        return bool(self.session.execute(query).fetchall()[0][0])

    def _notes(self) -> Iterable[str]:
        scratch, live = self.history.moments[-1].schema.major, self.live.everything.major
        if scratch != live:
            yield f"rehearsed on PostgreSQL {scratch}, and the database runs {live}: locks and rewrites may differ"
        if self.left_out:
            yield f"rehearsed without {', '.join(self.left_out)}, which the scratch server does not have"


def find_steps(
    repairer: Repairer, drift: tuple[Change, ...], observed: Snapshot, copy: Connection, look: Callable[[], Snapshot]
) -> tuple[tuple[Step, ...], tuple[Left, ...]]:
    """Try on a copy what takes each difference away, in rounds; what succeeded, in this order, is the repair.

    `look` reads the copy again. What is left is what a person has to decide, and what the server refuses.
    """
    done: list[Step] = []
    for _ in range(ROUNDS):
        planned, left = repairer.plan(drift, observed)
        failed = [failure for step in planned if (failure := _try(copy, step, done, repairer.declared, observed))]
        if len(failed) == len(planned):
            return tuple(done), (*left, *failed)
        observed = look()
        drift = find_drift(repairer.declared, observed)
    raise RehearsalDiffers(f"after {ROUNDS} rounds {counted(len(drift), 'difference')} remain, such as {drift[0]}")


def _owned(item: Item, before: str, after: str) -> Item:
    return replace(item, owner=after) if item.owner == before and before else item


def _only(snapshot: Snapshot, name: Name) -> Snapshot:
    """One object of a schema with what belongs to it."""
    container = (name.schema, name.table)
    return snapshot.with_items(
        {
            each: item
            for each, item in snapshot.items.items()
            if each == name or (not name.item and each.container == container)
        }
    )


def _try(copy: Connection, step: Step, done: list[Step], declared: Snapshot, observed: Snapshot) -> Left | None:
    """Run one step on the copy, and write it down; or say why that cannot be done."""
    if any(step.statements == each.statements for each in done):
        return Left(step.change, "its statements were run on a copy, and the difference stayed")
    reason = _refusal(copy, step)
    if reason and (wider := _out_of_the_way(copy, step, declared, observed)):
        step = wider
        reason = _refusal(copy, step)
    if reason:
        return Left(step.change, f"the server refuses: {reason}")
    done.append(step)
    return None


def _refusal(copy: Connection, step: Step) -> str:
    """Run one step on the copy, and give what the server says against it; empty where it says nothing."""
    try:
        with reads_as_printed(copy):
            measure(copy, [step])
    except psycopg.Error as error:
        return error.diag.message_primary or str(error)
    return ""


def _out_of_the_way(copy: Connection, step: Step, declared: Snapshot, observed: Snapshot) -> Step | None:
    """The step with what depends on its object dropped first, for it is missing then, and comes back in the next round.

    Only views and foreign keys that are as they are declared: they hold no rows.
    """
    names = find_dependents(copy, step.change.name)
    ours, theirs = declared.items, observed.items
    if not names or step.is_concurrent or any(name not in ours or name not in theirs for name in names):
        return None
    drops = (statement for name in names for statement in drop_statements(theirs[name]))
    return replace(step, statements=(*drops, *step.statements))
