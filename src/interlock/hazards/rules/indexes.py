"""Indexes that are built while writers wait."""

from collections.abc import Iterator

from interlock.hazards.lock import LockMode
from interlock.hazards.plan import MeasuredPlan
from interlock.hazards.rule import Found, rule
from interlock.hazards.sql import says
from interlock.hazards.statement import Statement


@rule("index-blocks-writes")
def index_blocks_writes(statement: Statement, plan: MeasuredPlan) -> Iterator[Found]:
    """CREATE INDEX holds SHARE until its transaction ends: writers wait while it is built."""
    if says(statement.sql, r"\bcreate (unique )?index (?!concurrently)(?!.*\bon only\b)"):
        remedy = "`interlock.online.create_index(...)`, which builds it concurrently and can be run again"
        yield from _built(statement, plan, "builds an index on", remedy)


@rule("index-drop")
def index_drop(statement: Statement, plan: MeasuredPlan) -> Iterator[Found]:
    """DROP INDEX takes ACCESS EXCLUSIVE on the table, and has to wait for everybody who uses it."""
    if says(statement.sql, r"\bdrop index (?!concurrently)"):
        for lock in statement.locks:
            if lock.mode.holds_out_readers and plan.is_used(lock.table) and any(
                made.kind == "index" and made.table == lock.table for made in statement.dropped
            ):  # fmt: skip
                message = f"takes ACCESS EXCLUSIVE on {lock.table} to drop an index; while it waits, so do all others"
                remedy = "`interlock.online.drop_index(...)`, which drops it concurrently"
                yield Found(lock.table, message, remedy, plan.hold_seconds(statement), lock.mode)


@rule("reindex")
def reindex(statement: Statement, plan: MeasuredPlan) -> Iterator[Found]:
    """REINDEX holds SHARE on the table and ACCESS EXCLUSIVE on the index: writers wait, and some readers."""
    if says(statement.sql, r"\breindex\b(?!.*\bconcurrently\b)"):
        yield from _built(statement, plan, "builds an index again on", "`reindex (...) concurrently`, in an autocommit "
                          "block, and not in the release of a build")  # fmt: skip


@rule("unique-builds-index")
def unique_builds_index(statement: Statement, plan: MeasuredPlan) -> Iterator[Found]:
    """ADD UNIQUE, PRIMARY KEY or EXCLUDE builds its index under ACCESS EXCLUSIVE: readers and writers wait."""
    if says(statement.sql, r"\b(unique|primary key|exclude)\b(?!.*\busing index\b)") and says(
        statement.sql, r"\balter table\b"
    ):
        remedy = (
            "`interlock.online.create_index(..., unique=True)`, and then `op.execute('alter table ... add constraint "
            "... unique using index ...')`; an EXCLUDE constraint cannot be had without the lock"
        )
        yield from _built(statement, plan, "builds the index of a constraint on", remedy)


def _built(statement: Statement, plan: MeasuredPlan, what: str, remedy: str) -> Iterator[Found]:
    locked = [lock.table for lock in statement.locks if lock.mode >= LockMode.SHARE]
    worked = {*statement.scanned, *(made.table for made in statement.created if made.kind == "index")}
    for table in dict.fromkeys((*locked, *statement.scanned)):
        mode = plan.mode_during(statement, table)
        if table not in worked or mode is None or not mode.holds_out_writers:
            continue
        if plan.is_old(table) and not plan.is_empty(table):
            who = "readers and writers wait" if mode.holds_out_readers else "writers wait"
            yield Found(table, f"{what} {table} under {mode}; {who}", remedy, plan.hold_seconds(statement), mode)
