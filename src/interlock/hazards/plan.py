"""All statements of a plan together: how long each works, what is locked meanwhile, and who uses the tables."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from interlock.hazards.lock import LockMode
from interlock.hazards.publication import Publication
from interlock.hazards.sql import says
from interlock.hazards.statement import Rates, Statement, Weight

_NOBODYS = ("pg_catalog.", "pg_toast.", "information_schema.", "interlock_journal.")
_WHOLE_TABLE = r"\b(update|delete from)\b(?!.*\bwhere\b)|\bwhere \S+ is (not )?null( |;|$)(?!.*\band\b)"


@dataclass(frozen=True)
class MeasuredPlan:
    """What the rules ask about a plan. `major` is that of the live server."""

    statements: tuple[Statement, ...]
    weights: Mapping[str, Weight]
    rates: Rates
    major: int
    publications: tuple[Publication, ...] = ()
    _new: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        new = {made.name for each in self.statements for made in each.created if _is_relation(made.kind)}
        object.__setattr__(self, "_new", frozenset(new - self.weights.keys()))

    def is_old(self, table: str) -> bool:
        """It is there before the plan runs, so somebody may use it."""
        return table not in self._new and not table.startswith(_NOBODYS)

    def is_used(self, table: str) -> bool:
        weight = self.weights.get(table)
        return self.is_old(table) and (weight is None or weight.is_in_use)

    def is_empty(self, table: str) -> bool:
        weight = self.weights.get(table)
        return weight is not None and weight.is_empty

    def mode_during(self, statement: Statement, table: str) -> LockMode | None:
        """Give the strongest lock on a table that is held while a statement runs, taken by it or before it."""
        until_here = [each for each in self._together_with(statement) if each.position <= statement.position]
        modes = [mode for each in until_here if (mode := each.lock_on(table)) is not None]
        return max(modes, default=None)

    def after(self, statement: Statement) -> tuple[Statement, ...]:
        """List what runs later in the same transaction, while the statement's locks are held."""
        return tuple(each for each in self._together_with(statement) if each.position > statement.position)

    def before(self, statement: Statement) -> tuple[Statement, ...]:
        """List what ran earlier in the same transaction."""
        return tuple(each for each in self._together_with(statement) if each.position < statement.position)

    def seconds_of(self, statement: Statement, without: str | None = None) -> float:
        """Estimate how long a statement runs on the live database; infinite where a size is not known."""
        return max(statement.seconds, sum(self._parts(statement, without)))

    def hold_seconds(self, statement: Statement) -> float:
        """Estimate how long a lock is held that a statement takes: to the end of its transaction."""
        return sum(self.seconds_of(each) for each in (statement, *self.after(statement)))

    def rows_reached(self, statement: Statement) -> Iterable[tuple[str, int]]:
        """Give for each table that an UPDATE or DELETE works through as a whole how many live rows that is."""
        if not says(statement.sql, r"\b(update \S+.* set|delete from)\b"):
            return
        whole = says(statement.sql, _WHOLE_TABLE)
        for lock in statement.locks:
            weight = self.weights.get(lock.table)
            if lock.mode is LockMode.ROW_EXCLUSIVE and weight is not None:
                is_target = says(statement.sql, rf"\b(update|delete from)( only)? (\S+\.)?{_pattern(lock.table)}\b")
                if is_target and (whole or lock.table in statement.scanned):
                    yield lock.table, weight.rows

    def _parts(self, statement: Statement, without: str | None) -> Iterable[float]:
        builds_index = any(made.kind == "index" for made in statement.created)
        for table in {*statement.rewritten, *statement.scanned} - {without}:
            if not self.is_old(table):
                continue
            weight = self.weights.get(table)
            if weight is None:
                yield math.inf
            elif table in statement.rewritten:
                # TRUNCATE makes an empty file: that takes no time.
                if not says(statement.sql, r"\btruncate\b"):
                    yield weight.bytes / self.rates.rewrite + weight.index_bytes / self.rates.index
            else:
                yield weight.bytes / (self.rates.index if builds_index else self.rates.scan)
        reached = dict(self.rows_reached(statement))
        written = {table: rows for table, rows in statement.rows_written if table not in reached}
        yield sum((reached | written).values()) / self.rates.rows

    def _together_with(self, statement: Statement) -> tuple[Statement, ...]:
        if statement.is_autocommit:
            return (statement,)
        return tuple(each for each in self.statements if each.transaction == statement.transaction)


def _pattern(table: str) -> str:
    return rf'"?{table.rpartition(".")[2]}"?'


def _is_relation(kind: str) -> bool:
    return kind.endswith(("table", "view", "sequence"))
