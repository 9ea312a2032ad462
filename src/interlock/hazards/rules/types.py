"""Types that more than one table may use."""

import re
from collections.abc import Iterator

from interlock.hazards.plan import MeasuredPlan
from interlock.hazards.rule import Found, rule
from interlock.hazards.sql import says, words_of
from interlock.hazards.statement import Statement

_ADDS_VALUE = re.compile(r"alter type \S+ add value (?:if not exists )?'((?:[^']|'')+)'", re.IGNORECASE)


@rule("enum-value-used")
def enum_value_used(statement: Statement, plan: MeasuredPlan) -> Iterator[Found]:
    """A value that was added to an enum cannot be used before its transaction ends: the server refuses it (55P04)."""
    added = _ADDS_VALUE.search(" ".join(statement.sql.split()))
    if added is None:
        return
    literal = f"'{added[1]}'"
    users = [each for each in plan.after(statement) if literal in each.sql]
    if users:
        name = words_of(statement.sql).split()[2]
        message = f"adds the value {literal}, which {users[0].place} uses in the same transaction: it is refused"
        remedy = "`with op.get_context().autocommit_block(): op.execute('alter type ... add value ...')`"
        yield Found(name, message, remedy, breaks=True)


@rule("domain-scan")
def domain_scan(statement: Statement, plan: MeasuredPlan) -> Iterator[Found]:
    """A condition added to a domain is proved on every table that uses it, under SHARE: their writers wait."""
    if not says(statement.sql, r"\balter domain\b.*\b(add|set not null)\b(?!.*\bnot valid\b)"):
        return
    for table in dict.fromkeys((*statement.scanned, *(lock.table for lock in statement.locks))):
        mode = plan.mode_during(statement, table)
        if mode is not None and mode.holds_out_writers and plan.is_old(table) and not plan.is_empty(table):
            weight = plan.weights.get(table)
            seconds = float("inf") if weight is None else weight.bytes / plan.rates.scan
            message = f"proves the condition of a domain on all rows of {table} under {mode}; writers wait"
            remedy = "`alter domain ... add constraint ... not valid`, and `validate constraint` in another transaction"
            yield Found(table, message, remedy, max(seconds, plan.hold_seconds(statement)), mode)
