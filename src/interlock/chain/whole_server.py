"""Roles, databases and settings belong to a whole server: on the target's own no scratch database may change them."""

import re
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine

# Making a role where there is none, as chains do it in a block, takes nothing from anybody; see also roles.py.
_CHANGES_SERVER = re.compile(
    r"\b(alter|drop)\s+(role|user(?!\s+mapping)|group|database|tablespace)\b|\balter\s+system\b", re.IGNORECASE
)


class ChangesWholeServer(Exception):
    """A revision would change the target's server from a scratch database."""

    def __init__(self) -> None:
        super().__init__(
            "it makes or changes a role, a database or settings of the whole server, and the scratch databases are on"
            " the target's own: let INTERLOCK_SCRATCH_URL name another server, or leave it out"
        )


def keep_whole_server() -> None:
    """Refuse from now on what changes more than the database that it is sent to, by whatever engine."""

    @event.listens_for(Engine, "before_cursor_execute")
    def refuse(_connection: object, _cursor: object, statement: str, *_others: Any) -> None:
        if _CHANGES_SERVER.search(statement):
            raise ChangesWholeServer
