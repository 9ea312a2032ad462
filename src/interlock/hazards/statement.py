"""A statement as it was measured on a copy of the live database, and the weight of the live tables that it touches.

A table is named as `schema.name` throughout, without quotes.
"""

from dataclasses import dataclass
from datetime import timedelta

from interlock.hazards.lock import LockMode, TableLock


@dataclass(frozen=True, slots=True, order=True)
class Made:
    """An object that a statement created or dropped.

    `kind` is that of the catalog, as in table, index, column, view, foreign key, trigger; `table` is the one that an
    index, a column, a constraint, a trigger or a policy belongs to, else the object itself.
    """

    kind: str
    name: str
    table: str


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of a revision, and what it did on the copy.

    `transaction` numbers the transactions of the whole plan, and is None where the statement ran outside of one
    (autocommit); `position` is its place in that transaction. `locks` are those that it took on tables and were not
    held before it; they are held until its transaction ends. A lock that an autocommit statement held and let go again
    belongs to it too. `rewritten` are the tables that lie in another file afterwards, `scanned` those that were read
    whole. What `created` holds exists only from here on: nobody uses it yet. `is_early` says that it is
    committed before its revision is noted as run.
    """

    revision: str
    file: str
    line: int | None
    sql: str
    seconds: float = 0.0
    locks: tuple[TableLock, ...] = ()
    rewritten: tuple[str, ...] = ()
    scanned: tuple[str, ...] = ()
    rows_written: tuple[tuple[str, int], ...] = ()
    created: tuple[Made, ...] = ()
    dropped: tuple[Made, ...] = ()
    transaction: int | None = None
    position: int = 0
    is_early: bool = False

    @property
    def is_autocommit(self) -> bool:
        return self.transaction is None

    @property
    def place(self) -> str:
        """Where it is written, for a person."""
        return self.file if self.line is None else f"{self.file}:{self.line}"

    def lock_on(self, table: str) -> LockMode | None:
        """The strongest lock that this statement took on a table."""
        return max((lock.mode for lock in self.locks if lock.table == table), default=None)

    def rows_written_to(self, table: str) -> int:
        return sum(rows for name, rows in self.rows_written if name == table)


@dataclass(frozen=True, slots=True)
class Holder:
    """A session of the live database that holds a lock on a table."""

    pid: int
    user: str
    application: str
    mode: LockMode
    transaction_age: timedelta

    def __str__(self) -> str:
        age = round(self.transaction_age.total_seconds())
        return f"{self.application or 'a session'} (pid {self.pid}, user {self.user}, transaction open for {age} s)"


@dataclass(frozen=True, slots=True)
class Weight:
    """How heavy a table of the live database is, and how much it is used.

    `bytes` is without the indexes. What could not be found out is None, and counts as in use.
    """

    table: str
    bytes: int
    rows: int
    index_bytes: int = 0
    writes_per_second: float | None = None
    reads_per_second: float | None = None
    holders: tuple[Holder, ...] = ()

    @property
    def is_in_use(self) -> bool:
        """Somebody reads or writes it, or may."""
        if self.holders or self.writes_per_second is None or self.reads_per_second is None:
            return True
        return self.writes_per_second + self.reads_per_second > 0

    @property
    def is_empty(self) -> bool:
        return self.bytes == 0


@dataclass(frozen=True, slots=True)
class Rates:
    """How fast work goes on, in bytes of the table or in rows a second, and where that is known from."""

    scan: float
    rewrite: float
    index: float
    rows: float
    basis: str
