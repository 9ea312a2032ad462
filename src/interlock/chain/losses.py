"""Nothing is dropped that holds rows and was not known to be dropped: looked at before each commit, and refused there.

The scratch database has the tables that the chain makes, and no rows. A revision that drops what others made, or what
it finds by the rows of a table, drops it on the target alone.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.pool import Pool

from interlock.chain.lock_waits import driver_connection, is_autocommit, is_postgresql, run
from interlock.hazards.sql import words_of
from interlock.postgres.row_holders import PARENTS, ROW_HOLDERS, Identity, as_row_holders, find_lost
from interlock.schema.name import Name

# A function may drop something, and so may what a block of code executes: these call none, unless they select.
_DROPS_NOTHING = re.compile(
    r"\s*(insert|update|delete|merge|comment|create|alter|grant|revoke|set|reset|show|lock|analyze|begin|start|commit|end"
    r"|savepoint|release|rollback)\b(?!.*\b(drop|select))",
    re.IGNORECASE | re.DOTALL,
)
# What drops something by its own words, and may do so in a transaction.
_DROPS = re.compile(r"(drop|alter\b.*\bdrop)\b(?!.*\b(concurrently|database|tablespace|subscription)\b)", re.IGNORECASE)


class UnforeseenLoss(Exception):
    """A revision drops what it did not drop on the scratch database."""

    def __init__(self, lost: Collection[Name]) -> None:
        named = ", ".join(map(str, lost))
        super().__init__(f"it drops {named}, which it did not drop on the scratch database")


class Losses:
    """Keeps what was there before the first revision, and looks what of it is left."""

    def __init__(self, identity_query: str, identity: str) -> None:
        """`identity` tells the target from other databases that the project's code may open."""
        self._identity_query, self._identity = identity_query, identity
        self._at_stake: Mapping[Identity, Name] | None = None
        self._parents: dict[int, int] = {}
        self._foreseen: frozenset[str] = frozenset()
        self._may_drop = False

    def listen(self) -> None:
        """Look at what every engine does from now on; before whoever takes note of what was committed."""
        # Not when it connects: an engine of the application's own may have connected when env.py was looked at.
        event.listen(Pool, "checkout", self._take_stock)
        event.listen(Engine, "before_cursor_execute", self._note)
        event.listen(Engine, "after_cursor_execute", self._look_after)
        event.listen(Engine, "commit", lambda connection: self._look(driver_connection(connection)))
        event.listen(Engine, "rollback", lambda _connection: self._forget())

    def _take_stock(self, connection: Any, _record: object, _proxy: object) -> None:
        """Note what there is, on the first connection to the target."""
        if self._at_stake is not None or not is_postgresql(connection):
            return
        if self._is_target(connection):
            self._at_stake = self._read(connection)
            self._parents = dict(_fetch(connection, PARENTS))
        connection.commit()

    def begin(self, foreseen: Collection[str]) -> None:
        """A revision begins, of which these names are known to be dropped, or allowed to be."""
        self._foreseen = frozenset(foreseen)

    def together(self, statement: str, context: Any, execute: Callable[[], None]) -> Callable[[], None]:
        """Let a statement that would be committed at once, and drops something, be looked at before it is."""
        if not _DROPS.match(words_of(statement)):
            return execute

        def execute_and_look() -> None:
            connection = driver_connection(context.root_connection)
            run(connection, "begin")
            try:
                execute()
                self._look(connection)
                run(connection, "commit")
            except Exception:
                run(connection, "rollback")
                raise

        return execute_and_look

    def _note(self, _connection: object, _cursor: object, statement: str, *_others: object) -> None:
        self._may_drop = self._may_drop or not _DROPS_NOTHING.match(statement)

    def _look_after(self, connection: Connection, *_others: object) -> None:
        dbapi = driver_connection(connection)
        if is_autocommit(dbapi):
            self._look(dbapi)

    def _look(self, dbapi: Any) -> None:
        at_stake = self._at_stake
        if not (self._may_drop and at_stake and is_postgresql(dbapi) and self._is_target(dbapi)):
            return
        left = self._read(dbapi)
        lost = [name for identity, name in find_lost(at_stake, left) if not self._is_foreseen(identity, at_stake)]
        if lost:
            raise UnforeseenLoss(lost)
        self._at_stake = {identity: name for identity, name in at_stake.items() if identity in left}
        self._forget()

    def _forget(self) -> None:
        self._may_drop = False

    def _is_foreseen(self, identity: Identity, at_stake: Mapping[Identity, Name]) -> bool:
        named = self._with_parents(identity, at_stake)
        return any(not name.ways_to_write.isdisjoint(self._foreseen) for name in named)

    def _with_parents(self, identity: Identity, at_stake: Mapping[Identity, Name]) -> Iterator[Name]:
        """What is lost, and what it is lost with: a partition goes with its table, and so does a column of it."""
        name, oid = at_stake[identity], identity[0]
        yield name
        while (parent := self._parents.get(oid)) is not None and (parent, 0) in at_stake:
            yield at_stake[parent, 0]._replace(kind=name.kind, item=name.item)
            oid = parent

    def _is_target(self, dbapi: Any) -> bool:
        return bool(_fetch(dbapi, self._identity_query)[0][0] == self._identity)

    def _read(self, dbapi: Any) -> Mapping[Identity, Name]:
        return as_row_holders(_fetch(dbapi, ROW_HOLDERS))


def _fetch(dbapi: Any, query: str) -> list[Any]:
    cursor = dbapi.cursor()
    try:
        cursor.execute(query)
        return list(cursor.fetchall())
    finally:
        cursor.close()
