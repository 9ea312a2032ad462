"""Statements that change or take away rows."""

from collections.abc import Iterator

from interlock.hazards.lock import LockMode
from interlock.hazards.plan import MeasuredPlan
from interlock.hazards.rule import Found, rule
from interlock.hazards.sql import says
from interlock.hazards.statement import Statement


@rule("whole-table-write")
def whole_table_write(statement: Statement, plan: MeasuredPlan) -> Iterator[Found]:
    """An UPDATE or DELETE of a whole table keeps each of its rows locked until the transaction ends, and bloats it."""
    for table, rows in plan.rows_reached(statement):
        if plan.is_old(table) and rows:
            message = f"writes about {rows:,} rows of {table} in one transaction; who writes one of them waits for all"
            remedy = "`interlock.online.backfill(...)`, which commits batches, pauses, and goes on where it was cut off"
            yield Found(table, message, remedy, plan.hold_seconds(statement), LockMode.ROW_EXCLUSIVE)


@rule("truncate")
def truncate(statement: Statement, plan: MeasuredPlan) -> Iterator[Found]:
    """TRUNCATE takes ACCESS EXCLUSIVE on every table that it reaches, and all rows with it."""
    if says(statement.sql, r"(^|;) ?truncate\b"):
        for lock in statement.locks:
            if lock.mode.holds_out_readers and plan.is_old(lock.table):
                message = f"takes away every row of {lock.table}, which the application may need"
                remedy = "delete in batches what nobody needs; rows that matter do not belong into a migration"
                yield Found(lock.table, message, remedy, plan.hold_seconds(statement), lock.mode, breaks=True)
