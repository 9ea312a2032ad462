"""Partitions, which lock their parent."""

from collections.abc import Iterator

from interlock.hazards.plan import MeasuredPlan
from interlock.hazards.rule import Found, rule
from interlock.hazards.sql import says
from interlock.hazards.statement import Statement


@rule("partition-attach")
def partition_attach(statement: Statement, plan: MeasuredPlan) -> Iterator[Found]:
    """ATTACH PARTITION reads the new partition, and the default one under ACCESS EXCLUSIVE."""
    if not says(statement.sql, r"\battach partition\b"):
        return
    for table in statement.scanned:
        mode = plan.mode_during(statement, table)
        if mode is not None and mode.holds_out_writers and plan.is_old(table) and not plan.is_empty(table):
            message = f"reads all of {table} under {mode} to prove that its rows fit; readers and writers wait"
            remedy = (
                "first add a CHECK that says the bounds with `postgresql_not_valid=True`, and validate it: then "
                "nothing is read. For a default partition the CHECK excludes the bounds"
            )
            yield Found(table, message, remedy, plan.hold_seconds(statement), mode)


@rule("partition-locks-parent")
def partition_locks_parent(statement: Statement, plan: MeasuredPlan) -> Iterator[Found]:
    """CREATE TABLE ... PARTITION OF, DETACH and the drop of a partition take ACCESS EXCLUSIVE on the parent."""
    makes = says(statement.sql, r"\bpartition of\b")
    if not makes and not says(statement.sql, r"\bdetach partition\b(?!.*\b(concurrently|finalize)\b)"):
        return
    for lock in statement.locks:
        if lock.mode.holds_out_readers and plan.is_used(lock.table):
            message = f"takes ACCESS EXCLUSIVE on {lock.table}: everybody waits for its transaction"
            remedy = (
                "`op.create_table(...)` with `like parent including all` first, and then attach it, which lets people "
                "work" if makes else "`alter table ... detach partition ... concurrently`, in an autocommit block"
            )  # fmt: skip
            yield Found(lock.table, message, remedy, plan.hold_seconds(statement), lock.mode)
