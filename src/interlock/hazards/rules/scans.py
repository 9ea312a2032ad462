"""Statements that read a whole table while others wait."""

from collections.abc import Collection, Iterator

from interlock.hazards.plan import MeasuredPlan
from interlock.hazards.rule import Found, rule
from interlock.hazards.sql import says
from interlock.hazards.statement import Statement


@rule("not-null-scan")
def not_null_scan(statement: Statement, plan: MeasuredPlan) -> Iterator[Found]:
    """SET NOT NULL, and a primary key over a nullable column, read the whole table under ACCESS EXCLUSIVE."""
    if says(statement.sql, r"\bset not null\b|\badd (constraint \S+ )?primary key using index\b"):
        remedy = "`interlock.online.set_not_null(table, column)`, before the primary key too"
        yield from _scans(statement, plan, "looks for nulls in", remedy)


@rule("check-scan")
def check_scan(statement: Statement, plan: MeasuredPlan) -> Iterator[Found]:
    """A CHECK that is validated at once reads the whole table under ACCESS EXCLUSIVE; one of a domain, each table."""
    if says(
        statement.sql, r"\balter table\b.*\badd\b.*\bcheck ?\((?!.*\bnot valid\b)|\badd (constraint \S+ )?not null\b"
    ):
        remedy = (
            "`op.create_check_constraint(..., postgresql_not_valid=True)`, and in a transaction of its own "
            "`op.execute('alter table ... validate constraint ...')`; for a column, add it first without the CHECK"
        )
        yield from _scans(statement, plan, "proves a condition on all rows of", remedy)


@rule("type-scan")
def type_scan(statement: Statement, plan: MeasuredPlan) -> Iterator[Found]:
    """Changing the type of a column that a CHECK uses proves the CHECK anew under ACCESS EXCLUSIVE."""
    if says(statement.sql, r"\balter (column )?\S+ (set data )?type\b"):
        remedy = "drop the CHECK before, and add it afterwards with `postgresql_not_valid=True` and validate it"
        yield from _scans(statement, plan, "proves a CHECK anew on all rows of", remedy)


def work_that_no_other_rule_told(statement: Statement, plan: MeasuredPlan, told: Collection[str]) -> Iterator[Found]:
    """Tell of a table that is read or written whole under a lock, by a statement that no other rule knows."""
    if says(statement.sql, r"\brefresh materialized view concurrently\b"):  # nobody else writes a view
        return
    for table in dict.fromkeys((*statement.rewritten, *statement.scanned)):
        mode = plan.mode_during(statement, table)
        if table in told or mode is None or not mode.holds_out_writers:
            continue
        if plan.is_old(table) and not plan.is_empty(table):
            message = f"works through all of {table} under {mode}; {mode.who_waits}"
            remedy = "put the work into a transaction of its own, before anything that locks the table"
            yield Found(table, message, remedy, plan.hold_seconds(statement), mode)


def _scans(statement: Statement, plan: MeasuredPlan, what: str, remedy: str) -> Iterator[Found]:
    for table in statement.scanned:
        mode = plan.mode_during(statement, table)
        if table in statement.rewritten or mode is None or not mode.holds_out_writers:
            continue
        if plan.is_old(table) and not plan.is_empty(table):
            message = f"{what} {table} under {mode}; {mode.who_waits}"
            yield Found(table, message, remedy, plan.hold_seconds(statement), mode)
