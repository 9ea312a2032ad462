"""May the next revision go by the connection that the last one has used? Not where something was set on it.

It would find another search path, role or time-out than a revision that is run alone, and what env.py has set for its
transaction would be gone. Said by what was sent through SQLAlchemy: a cursor of the driver's own is not seen.
"""

import re

from sqlalchemy import event
from sqlalchemy.engine import Engine

# A revision that says nothing else leaves the session as it was; functions that set something are not looked into.
_LEAVES_THE_SESSION = re.compile(
    r"\s*(create|alter|drop|comment|grant|revoke|insert|update|delete|truncate)\b", re.IGNORECASE
)
# Also as one of several statements in one text.
_SETS = re.compile(
    r"\bset_config\b|\btemp(orary)?\b|\bpg_\w*advisory\w*lock|;\s*(?!create|alter|drop|insert|update|delete)\w",
    re.IGNORECASE,
)
# What Alembic, SQLAlchemy and we ask of a new connection before the first revision.
_OF_A_NEW_CONNECTION = re.compile(
    r"\s*(select pg_catalog\.version\(\)|select current_schema\(\)|show (standard_conforming_strings|transaction)"
    r"|select pg_catalog\.pg_class\.relname|select extract\(epoch from pg_catalog\.pg_postmaster_start_time"
    r"|select \S*version_num\b)",
    re.IGNORECASE,
)


class Sent:
    """The statements since it was asked last that may have set something for the session, or for a transaction."""

    def __init__(self) -> None:
        self._special: list[str] = []
        event.listen(Engine, "before_cursor_execute", lambda _1, _2, statement, *_: self._note(statement))

    def _note(self, statement: str) -> None:
        if not _LEAVES_THE_SESSION.match(statement) or _SETS.search(statement):
            self._special.append(statement)

    def take(self) -> list[str]:
        """Give them, and forget them."""
        special, self._special = self._special, []
        return special

    def take_but_own(self) -> list[str]:
        """Give those that are env.py's own, before the first revision."""
        return [each for each in self.take() if not _OF_A_NEW_CONNECTION.match(each)]
