"""Locks that are held for longer than the statement that took them."""

from collections.abc import Iterator

from interlock.hazards.lock import LockMode
from interlock.hazards.plan import MeasuredPlan
from interlock.hazards.rule import Found, rule
from interlock.hazards.sql import says
from interlock.hazards.statement import Statement

_TELLS_FROM_SECONDS = 0.1


@rule("held-to-commit")
def held_to_commit(statement: Statement, plan: MeasuredPlan) -> Iterator[Found]:
    """A lock is held until its transaction ends: what follows in it counts, however short the statement itself is."""
    for lock in statement.locks:
        if not lock.mode.holds_out_writers or not plan.is_used(lock.table):
            continue
        later = plan.after(statement)
        # Work on the same table is told at the statement that does it.
        rest = sum(plan.seconds_of(each, without=lock.table) for each in later)
        if rest > _TELLS_FROM_SECONDS:
            slowest = max(later, key=lambda each: plan.seconds_of(each, without=lock.table))
            message = f"holds {lock.mode} on {lock.table} until its transaction ends; {slowest.place} works meanwhile"
            remedy = "put what follows into a revision of its own; schema and data changes never share a transaction"
            yield Found(lock.table, message, remedy, plan.hold_seconds(statement), lock.mode)


@rule("locks-several-tables")
def locks_several_tables(statement: Statement, plan: MeasuredPlan) -> Iterator[Found]:
    """Two tables in use under ACCESS EXCLUSIVE in one transaction: it waits for one while it holds the other."""
    earlier = {
        lock.table
        for each in plan.before(statement)
        for lock in each.locks
        if lock.mode.holds_out_readers and plan.is_used(lock.table)
    }
    for lock in statement.locks:
        if earlier - {lock.table} and lock.mode.holds_out_readers and plan.is_used(lock.table):
            if lock.table in earlier:
                continue
            held = ", ".join(sorted(earlier))
            message = f"waits for {lock.table} while it holds ACCESS EXCLUSIVE on {held}; both can deadlock"
            remedy = "one revision for each table, so that each lock has a transaction of its own"
            yield Found(lock.table, message, remedy, plan.hold_seconds(statement), lock.mode)


@rule("lock-table")
def lock_table(statement: Statement, plan: MeasuredPlan) -> Iterator[Found]:
    """LOCK TABLE holds out the users of a table until the transaction ends."""
    if says(statement.sql, r"(^|;) ?lock (table )?\w"):
        for lock in statement.locks:
            if lock.mode.holds_out_writers and plan.is_used(lock.table):
                message = f"locks {lock.table} in {lock.mode} until its transaction ends"
                remedy = "leave it out: each ALTER takes the lock that it needs, and a backfill needs none"
                yield Found(lock.table, message, remedy, plan.hold_seconds(statement), lock.mode)


@rule("trigger-waits")
def trigger_waits(statement: Statement, plan: MeasuredPlan) -> Iterator[Found]:
    """CREATE TRIGGER holds out writers until its transaction ends, and every write runs it from then on."""
    if says(statement.sql, r"\bcreate (or replace )?(constraint )?trigger\b"):
        for lock in statement.locks:
            if lock.mode >= LockMode.SHARE_ROW_EXCLUSIVE and plan.is_used(lock.table):
                message = f"holds out the writers of {lock.table} until its transaction ends, and slows each write"
                remedy = "keep it in a transaction of its own, which does nothing else"
                yield Found(lock.table, message, remedy, plan.hold_seconds(statement), lock.mode)
