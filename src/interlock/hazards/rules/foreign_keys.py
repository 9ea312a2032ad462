"""Foreign keys, which lock two tables."""

from collections.abc import Iterator

from interlock.hazards.plan import MeasuredPlan
from interlock.hazards.rule import Found, rule
from interlock.hazards.sql import says
from interlock.hazards.statement import Statement


@rule("foreign-key-scan")
def foreign_key_scan(statement: Statement, plan: MeasuredPlan) -> Iterator[Found]:
    """A foreign key that is validated at once holds out the writers of both tables while it looks at every row."""
    if not says(statement.sql, r"\balter table\b.*\breferences\b(?!.*\bnot valid\b)"):
        return
    for lock in statement.locks:
        works = any(not plan.is_empty(table) and plan.is_old(table) for table in statement.scanned)
        if works and lock.mode.holds_out_writers and plan.is_old(lock.table):
            message = f"proves a foreign key on all rows under {lock.mode} on {lock.table}; its writers wait"
            remedy = "`interlock.online.create_foreign_key(...)`: added as NOT VALID, and validated in a second step"
            yield Found(lock.table, message, remedy, plan.hold_seconds(statement), lock.mode)


@rule("foreign-key-locks-other")
def foreign_key_locks_other(statement: Statement, plan: MeasuredPlan) -> Iterator[Found]:
    """A new reference to a table in use, or one that is dropped with its table or alone, locks that other table."""
    makes = says(statement.sql, r"\breferences\b(?!.*\bnot valid\b)") and not statement.scanned
    drops = says(statement.sql, r"\bdrop table\b|\bdrop constraint\b")
    own = {made.table for made in (*statement.created, *statement.dropped) if made.kind in ("table", "column")}
    dropped = {made.table for made in statement.dropped if made.kind == "foreign key"}
    if not makes and not (drops and (dropped or says(statement.sql, r"\bdrop table\b"))):
        return
    for lock in statement.locks:
        if lock.table not in own and lock.mode.holds_out_writers and plan.is_used(lock.table):
            who = "readers and writers" if lock.mode.holds_out_readers else "writers"
            verb = "adds" if makes else "drops"
            message = f"{verb} a foreign key, and holds out the {who} of {lock.table} until its transaction ends"
            remedy = (
                "keep it in a transaction of its own, which does nothing else; make a new table without the key, and "
                "add that with `interlock.online.create_foreign_key(...)`"
            )
            yield Found(lock.table, message, remedy, plan.hold_seconds(statement), lock.mode)
