"""The modes in which a table is locked, and whom each of them holds out."""

import re
from dataclasses import dataclass
from enum import IntEnum

_WORD = re.compile(r"(?<=[a-z])(?=[A-Z])")


class LockMode(IntEnum):
    """A mode of a table lock, the weakest first (PostgreSQL manual, 13.3.1)."""

    ACCESS_SHARE = 1
    ROW_SHARE = 2
    ROW_EXCLUSIVE = 3
    SHARE_UPDATE_EXCLUSIVE = 4
    SHARE = 5
    SHARE_ROW_EXCLUSIVE = 6
    EXCLUSIVE = 7
    ACCESS_EXCLUSIVE = 8

    @classmethod
    def of(cls, name: str) -> "LockMode":
        """Give the mode that `pg_locks` calls so, as in AccessExclusiveLock."""
        return cls[_WORD.sub("_", name.removesuffix("Lock")).upper()]

    @property
    def holds_out_readers(self) -> bool:
        """SELECT waits for it."""
        return self is LockMode.ACCESS_EXCLUSIVE

    @property
    def holds_out_writers(self) -> bool:
        """INSERT, UPDATE and DELETE wait for it."""
        return self >= LockMode.SHARE

    @property
    def who_waits(self) -> str:
        """Say it of a mode that holds somebody out."""
        return "readers and writers wait" if self.holds_out_readers else "writers wait"

    def __str__(self) -> str:
        return self.name.replace("_", " ")


@dataclass(frozen=True, slots=True, order=True)
class TableLock:
    """One lock on one table, view or sequence; the name has its schema."""

    table: str
    mode: LockMode
