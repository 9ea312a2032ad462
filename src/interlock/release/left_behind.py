"""Will those who use the application's tables be let into the new ones?"""

from collections.abc import Iterator

from interlock.postgres.left_behind import find_left_behind
from interlock.postgres.session import Connection
from interlock.schema.snapshot import Snapshot
from interlock.verdict.finding import Check, Finding, Signal

SHOWN = 3


def left_behind_findings(session: Connection, now: Snapshot, before: Snapshot | None = None) -> Iterator[Finding]:
    """Turn roles that were not given the newest tables into findings; `before` is the schema before the release."""
    made = now.items.keys() - before.items.keys() if before else ()
    for each in find_left_behind(session, now.items, made):
        named = ", ".join(each.names[:SHOWN]) + (f" and {len(each.names) - SHOWN} more" if each.names[SHOWN:] else "")
        if each.are_sequences:
            told = f"the role {each.role} may insert into tables and not use their sequences: {named}"
            remedy = f"let a revision grant usage on sequence {each.names[0]} to {each.role}"
        else:
            told = f"the role {each.role} may use the older tables, and not the newest: {named}"
            remedy = f"let a revision grant what the application needs on {each.names[0]} to {each.role}"
        yield Finding(
            Check.VERIFY_AFTER, Signal.CAUTION, told, f"{remedy}; alter default privileges does so for what comes"
        )
