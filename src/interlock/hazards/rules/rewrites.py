"""Statements that write a table anew while nobody can use it."""

from collections.abc import Iterator

from interlock.hazards.lock import LockMode
from interlock.hazards.plan import MeasuredPlan
from interlock.hazards.rule import Found, rule
from interlock.hazards.sql import says
from interlock.hazards.statement import Statement

_BY_FORM = {
    r"\balter (column )?\S+ (set data )?type\b": (
        "add a column of the new type with `interlock.online.rename_column`, which keeps both in step, and "
        "drop the old one in a later release"
    ),
    r"\bgenerated .* as identity|\bserial\b": (
        "add the column as a nullable bigint, fill it with `interlock.online.backfill`, then add the sequence"
        " and `interlock.online.set_not_null`"
    ),
    r"\badd (column )?.*\bdefault\b": (
        "add the column without the default, then `op.alter_column(..., server_default=...)` for new rows, "
        "and fill the old ones with `interlock.online.backfill`"
    ),
    r"\bgenerated always as\b": (
        "add a plain column, let a trigger fill it, and fill the old rows with `interlock.online.backfill`"
    ),
    r"\badd (column )?": (
        "add the column with the domain's base type, fill it with `interlock.online.backfill`, and add the "
        "condition with `postgresql_not_valid=True` and then `alter table ... validate constraint`"
    ),
    r"\bset (un)?logged\b": ("make a new table of that kind, fill it in batches, and let the application move to it"),
}
_OTHERWISE = "make a new table or column beside it, fill it with `interlock.online.backfill`, and move the code to it"


@rule("rewrite")
def rewrite(statement: Statement, plan: MeasuredPlan) -> Iterator[Found]:
    """The table and all its indexes are written anew under ACCESS EXCLUSIVE: readers and writers wait."""
    if says(statement.sql, r"\btruncate\b|\bvacuum\b|^\s*cluster\b|\brefresh materialized\b"):
        return
    for table in statement.rewritten:
        mode = plan.mode_during(statement, table)
        if plan.is_old(table) and not plan.is_empty(table) and mode is not None and mode.holds_out_writers:
            remedy = next((remedy for form, remedy in _BY_FORM.items() if says(statement.sql, form)), _OTHERWISE)
            message = f"writes all of {table} anew under {mode}; {mode.who_waits}"
            yield Found(table, message, remedy, plan.hold_seconds(statement), mode)


@rule("vacuum-full")
def vacuum_full(statement: Statement, plan: MeasuredPlan) -> Iterator[Found]:
    """VACUUM FULL and CLUSTER write the table anew under ACCESS EXCLUSIVE."""
    if not says(statement.sql, r"\bvacuum\b.*\bfull\b|^cluster\b"):
        return
    tables = {*statement.rewritten, *(lock.table for lock in statement.locks if lock.mode.holds_out_readers)}
    for table in sorted(tables):
        if plan.is_old(table) and not plan.is_empty(table):
            weight = plan.weights.get(table)
            seconds = float("inf") if weight is None else weight.bytes / plan.rates.rewrite
            message = f"writes all of {table} anew under ACCESS EXCLUSIVE; readers and writers wait"
            remedy = "leave it out of the migration: a plain VACUUM, or pg_repack, gives the space back"
            yield Found(table, message, remedy, max(seconds, plan.hold_seconds(statement)), LockMode.ACCESS_EXCLUSIVE)


@rule("refresh-view")
def refresh_view(statement: Statement, plan: MeasuredPlan) -> Iterator[Found]:
    """REFRESH MATERIALIZED VIEW keeps readers out while its query runs."""
    if not says(statement.sql, r"\brefresh materialized view (?!concurrently)"):
        return
    for lock in statement.locks:
        if lock.mode.holds_out_readers and plan.is_old(lock.table):
            message = f"readers of {lock.table} wait while its query runs"
            remedy = "`refresh materialized view concurrently`; it needs a unique index on the view"
            yield Found(lock.table, message, remedy, plan.hold_seconds(statement), lock.mode)
