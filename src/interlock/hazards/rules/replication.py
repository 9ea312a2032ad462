"""Tables that logical replication sends on: their subscribers get the rows, and no change of the schema."""

from collections.abc import Callable, Iterable, Iterator

from interlock.hazards.lock import LockMode
from interlock.hazards.plan import MeasuredPlan
from interlock.hazards.publication import Publication
from interlock.hazards.rule import Found, rule
from interlock.hazards.sql import changes_schema, says
from interlock.hazards.statement import Made, Statement

_MAKE_FIRST = "make it on every subscriber first, and then here: one that lacks what is sent takes no more rows"
_DROP_LAST = (
    "release this first, and drop it on the subscribers afterwards: one that lacks what is sent takes no more rows"
)
_CHANGE_FIRST = (
    "change it on every subscriber first, if the new type takes the old values; else `alter subscription ... disable`, "
    "change both sides, and `enable`"
)
_PAUSE = "`alter subscription ... disable` on every subscriber, change both sides, and `enable`"

_JOURNAL = "interlock_journal.statements"
_TYPE = r"\balter (column )?\S+ (set data )?type\b"
_RENAMES = r"\balter (foreign )?table\b.*\b(rename (to|column|(?!constraint)\S+ to)|set schema)\b"
_NOT_SENT = r"\bcreate (unlogged|(global |local )?temp(orary)?)\b"


@rule("replicated-table")
def replicated_table(statement: Statement, plan: MeasuredPlan) -> Iterator[Found]:
    """A publication sends rows and no DDL: a subscriber whose table does not fit stops, and WAL is kept here for it."""
    made, gone = _tables(statement.created), _tables(statement.dropped)
    if says(statement.sql, _RENAMES):
        yield from _told(statement, plan, _altered(statement, plan), "renames or moves", _PAUSE)
        return
    if says(statement.sql, _TYPE):
        altered = _altered(statement, plan)
        yield from _told(statement, plan, altered, "gives another type to a column of", _CHANGE_FIRST)
    more, less = _tables_with(statement.created) - made, _tables_with(statement.dropped) - gone
    yield from _told(statement, plan, sorted(more), "adds a column to", _MAKE_FIRST, _sends_all_columns)
    yield from _told(statement, plan, sorted(less), "drops a column of", _DROP_LAST)
    yield from _told(statement, plan, sorted(gone), "drops", _DROP_LAST)
    if says(statement.sql, r"\b(partition of|attach partition)\b"):
        parents = [lock.table for lock in statement.locks if lock.table not in made]
        yield from _told(statement, plan, parents, "adds a partition to", _MAKE_FIRST)
    elif not says(statement.sql, _NOT_SENT):
        yield from _told(statement, plan, sorted(made), "makes", _MAKE_FIRST, Publication.sends_new)


@rule("replicated-journal")
def replicated_journal(statement: Statement, plan: MeasuredPlan) -> Iterator[Found]:
    """Rows that are committed before a revision ends are noted in a table of the guard's own, which is sent too."""
    first = next((each for each in plan.statements if _needs_journal(each)), None)
    if statement is first:
        what = "commits rows before its revision ends, which is noted in"
        remedy = "make that table on every subscriber first, as docs/reference/hazards.md has it"
        yield from _told(statement, plan, [_JOURNAL], what, remedy, Publication.sends_new)


def _needs_journal(statement: Statement) -> bool:
    writes = any(lock.mode >= LockMode.ROW_EXCLUSIVE for lock in statement.locks)
    return statement.is_early and writes and not changes_schema(statement.sql)


def _tables(made: Iterable[Made]) -> set[str]:
    return {each.name for each in made if each.kind == "table"}


def _tables_with(made: Iterable[Made]) -> set[str]:
    """Those that got or lost a column."""
    return {each.table for each in made if each.kind == "column"}


def _altered(statement: Statement, plan: MeasuredPlan) -> Iterable[str]:
    """The tables of an ALTER TABLE: it locks them, if no statement before it has."""
    locked = [lock.table for lock in statement.locks if lock.mode.holds_out_readers]
    held = (lock.table for each in plan.before(statement) for lock in each.locks if lock.mode.holds_out_readers)
    return locked or [table for table in held if says(statement.sql, rf"\btable\b.*\b{table.rpartition('.')[2]}\b")]


def _sends(publication: Publication, table: str) -> bool:
    return table in publication.tables


def _sends_all_columns(publication: Publication, table: str) -> bool:
    return table in publication.tables - publication.of_some_columns


def _told(
    statement: Statement,
    plan: MeasuredPlan,
    tables: Iterable[str],
    what: str,
    remedy: str,
    is_sent: Callable[[Publication, str], bool] = _sends,
) -> Iterator[Found]:
    for table in dict.fromkeys(tables):
        if names := ", ".join(each.name for each in plan.publications if is_sent(each, table)):
            message = f"{what} {table}, whose rows go to the subscribers of {names}; they do not get the change"
            yield Found(table, message, remedy, lock=plan.mode_during(statement, table), breaks=True)
