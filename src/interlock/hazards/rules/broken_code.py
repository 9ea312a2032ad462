"""Changes that code which runs now does not expect: it runs until the new build has taken over."""

from collections.abc import Iterator

from interlock.hazards.plan import MeasuredPlan
from interlock.hazards.rule import Found, rule
from interlock.hazards.sql import says
from interlock.hazards.statement import Made, Statement

_TYPE = r"\balter (column )?\S+ (set data )?type\b"


@rule("drop")
def drop(statement: Statement, plan: MeasuredPlan) -> Iterator[Found]:
    """Code that runs now may still use a table, a view or a column that is dropped; an ORM names every column."""
    if says(statement.sql, r"\brename\b|\bset schema\b"):  # which is told by its own name
        return
    for made in statement.dropped:
        if not (made.kind == "column" or made.kind.endswith(("table", "view"))) or not plan.is_old(made.table):
            continue
        if any(made.kind == again.kind and made.name == again.name for again in _made_again(statement, plan)):
            continue
        seconds = plan.hold_seconds(statement) if plan.is_used(made.table) else None
        message = f"drops the {made.kind} {made.name}, which code that runs now may use"
        remedy = "release the code that does not name it first, and drop it in a later release"
        yield Found(made.table, message, remedy, seconds, plan.mode_during(statement, made.table), breaks=True)


@rule("rename")
def rename(statement: Statement, plan: MeasuredPlan) -> Iterator[Found]:
    """Code that runs now uses the old name."""
    if says(statement.sql, r"\balter (table|view|materialized view)\b.*\brename (to|column|(?!constraint)\S+ to)\b"):
        yield from _breaks(
            statement,
            plan,
            "renames what code that runs now uses in",
            "`interlock.online.rename_column(...)` keeps both in step until a later release; a table keeps its old "
            "name as a view",
        )


@rule("schema-move")
def schema_move(statement: Statement, plan: MeasuredPlan) -> Iterator[Found]:
    """A table in another schema is no longer found by its name."""
    if says(statement.sql, r"\balter table\b.*\bset schema\b"):
        remedy = "leave a view of the old name behind, or give the search_path of the application both schemas first"
        yield from _breaks(statement, plan, "moves to another schema", remedy)


@rule("type-change")
def type_change(statement: Statement, plan: MeasuredPlan) -> Iterator[Found]:
    """A type that was written anew or proved is another one: code and prepared statements may not fit it (0A000)."""
    if says(statement.sql, _TYPE) and statement.rewritten:
        remedy = "`interlock.online.rename_column(..., type_=...)`: both columns in step, and the code moves in between"
        yield from _breaks(statement, plan, "gives another type to a column of", remedy)


@rule("required-column")
def required_column(statement: Statement, plan: MeasuredPlan) -> Iterator[Found]:
    """Code that runs now inserts rows without a value for a column that must have one."""
    adds = says(statement.sql, r"\badd (column )?(?!constraint)[^,;]*\bnot null\b") and not says(
        statement.sql, r"\b(default|generated|\w*serial)\b"
    )
    if adds or says(statement.sql, r"\bset not null\b|\balter (column )?\S+ drop default\b"):
        message = "asks for a value that code which runs now may leave out, in"
        remedy = "keep a `server_default` until the code that gives the value runs everywhere"
        yield from _breaks(statement, plan, message, remedy)


def _breaks(statement: Statement, plan: MeasuredPlan, what: str, remedy: str) -> Iterator[Found]:
    for table in sorted({lock.table for lock in statement.locks if lock.mode.holds_out_readers}):
        if plan.is_old(table):
            yield Found(table, f"{what} {table}", remedy, lock=plan.mode_during(statement, table), breaks=True)


def _made_again(statement: Statement, plan: MeasuredPlan) -> Iterator[Made]:
    """A view that is dropped and made anew in one transaction is there for everybody else."""
    for each in (statement, *plan.after(statement)):
        yield from each.created
