"""What a command leaves behind that works CONCURRENTLY and was cut off, and what to do where no revision does it."""

import re

from interlock.schema.ddl.words import partition_of, qualified, relation
from interlock.schema.drift import Altered, Change, Unexpected
from interlock.schema.items import Index, Table
from interlock.schema.name import Name

# The new index before it takes the old one's place, and the old one after that (the manual, REINDEX).
_OF_REINDEX = re.compile(r"(?P<index>.+)_cc(new|old)\d*")


def rebuilt_index(name: Name) -> str | None:
    """The index that was to be built again, as in `public.by_day`, where a name is that of what REINDEX left behind."""
    found = _OF_REINDEX.fullmatch(name.item)
    return f"{name.schema}.{found['index']}" if found else None


def finalize(table: Table) -> str | None:
    """The statement that ends a detach that was cut off; None where there is none."""
    partition = partition_of(table.part_of) if table.is_detaching else None
    return f"ALTER TABLE {partition[0]} DETACH PARTITION {relation(table.name)} FINALIZE" if partition else None


def way_out(change: Change) -> str:
    """What to do about a difference that a command left behind which was cut off; empty for every other one."""
    match change:
        case Unexpected(observed=Index(is_valid=False, name=name)):
            drop = f"DROP INDEX CONCURRENTLY {qualified(name.schema, name.item)}"
            what = "REINDEX" if rebuilt_index(name) else "CREATE INDEX"
            return f"a {what} CONCURRENTLY left it that failed or was cut off: {drop}; interlock repair does it"
        case Altered(declared=Index(is_valid=True), observed=Index(is_valid=False)):
            return (
                "a CREATE or DROP INDEX CONCURRENTLY left it that failed or was cut off, and no query uses it: "
                "interlock repair builds it again"
            )
        case Altered(observed=Table() as table) if statement := finalize(table):
            return (
                f"a DETACH PARTITION CONCURRENTLY was cut off: {statement}; then interlock repair puts it back to "
                "where the chain has it, and the CHECK that the detach has made can be dropped"
            )
    return ""
