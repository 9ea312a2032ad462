"""Roles belong to a whole server: on that of the scratch databases some are there that a chain wants to make."""

import re
from collections.abc import Collection
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine

from interlock.chain.lock_waits import is_postgresql
from interlock.chain.whole_server import ChangesWholeServer
from interlock.hazards.sql import words_of

# And does nothing else: whatever stands after it in the same text would be passed over with it.
_CREATES_ROLE = re.compile(
    r'create\s+(?:role|group|user(?!\s+mapping))\s+(?P<name>"(?:[^"]|"")+"|[\w$]+)[^;]*;?\s*\Z', re.IGNORECASE
)


class Roles:
    """Lets a revision make a role on a scratch database that an earlier build, or the target, has made there.

    What is there already is passed over, as if it had been made. A pending revision has to make its roles on the target
    yet: one that the target has is not passed over, so that it fails here as it will there.
    """

    def __init__(self, of_target: Collection[str], *, is_on_target: bool) -> None:
        """`is_on_target` says that the scratch databases are on the target's own server."""
        self._of_target, self._is_on_target = frozenset(of_target), is_on_target
        self.is_pending = False

    def listen(self) -> None:
        """Look at what every engine does from now on; before whoever else executes statements."""
        event.listen(Engine, "do_execute", self._skip)
        event.listen(Engine, "do_execute_no_params", self._skip)

    def _skip(self, cursor: Any, statement: str, *_others: Any) -> bool | None:
        """Say True, which is SQLAlchemy's sign that the statement was executed, where the role is there."""
        match = _CREATES_ROLE.match(words_of(statement))
        if match is None or not is_postgresql(cursor.connection):
            return None
        name = _as_named(match["name"])
        if self.is_pending and name in self._of_target:
            return None
        literal = name.replace("'", "''")
        cursor.execute(f"select 1 from pg_catalog.pg_roles where rolname = '{literal}'")  # noqa: S608 - quoted above
        if cursor.fetchall():
            return True
        if self.is_pending and self._is_on_target:
            raise ChangesWholeServer  # it would be there when the revision makes it on the target
        return None


def _as_named(written: str) -> str:
    return written[1:-1].replace('""', '"') if written.startswith('"') else written.lower()
