"""Who may see what: code that runs now can lose its rows or its rights."""

import re
from collections.abc import Iterator

from interlock.hazards.plan import MeasuredPlan
from interlock.hazards.rule import Found, rule
from interlock.hazards.sql import says
from interlock.hazards.statement import Statement


@rule("row-security")
def row_security(statement: Statement, plan: MeasuredPlan) -> Iterator[Found]:
    """With row level security on, whoever is not the owner sees no row for which no policy speaks."""
    if says(statement.sql, r"\b(enable|force) row level security\b"):
        for lock in statement.locks:
            if lock.mode.holds_out_readers and plan.is_old(lock.table):
                message = f"hides every row of {lock.table} that no policy gives to the role of the application"
                remedy = "create the policies in the same transaction, before it, and probe as the application's role"
                yield Found(lock.table, message, remedy, plan.hold_seconds(statement), lock.mode, breaks=True)


@rule("revoke")
def revoke(statement: Statement, plan: MeasuredPlan) -> Iterator[Found]:
    """A right that is taken away makes code fail that uses it now (42501)."""
    found = re.search(r"(?:^|;) ?revoke .*? on (?:table )?(\S+?),? ", statement.sql + " ", re.IGNORECASE | re.DOTALL)
    if found is not None:
        table = found[1] if "." in found[1] else f"public.{found[1]}"
        if plan.is_old(table):
            message = f"takes rights on {table} away; code that runs now and uses them fails"
            yield Found(table, message, "release the code that does without them first", breaks=True)
