"""Whether a column takes and gives back the values of the type that it is mapped as.

What is said here of each pair was tried with psycopg 2 and 3 and asyncpg: tests/integration/release/test_kinds.py.
"""

import re
from dataclasses import dataclass

from interlock.chain.mapped import MappedColumn, Misfit
from interlock.verdict.finding import Signal

# Without its length or precision. What is no plain name (a collation, say) to_regtype would take for a syntax error.
_PLAIN_TYPE = re.compile(
    r"(?P<name>[A-Za-z][A-Za-z0-9_ ]*?)\s*(\([\d, ]*\))?(?P<zone> WITH(OUT)? TIME ZONE)?(?P<array>\[\])*\Z"
)
_REMEDY = "add the revision that changes the type, or correct the class"


@dataclass(frozen=True, slots=True)
class Kind:
    """A type of the server, below its domains: of an array, that of the elements. `name` is empty for one of users."""

    category: str
    name: str
    is_range: bool
    is_array: bool

    @property
    def family(self) -> str | None:
        """What drivers and server convert within; None for a type that has too many lawful mappings to judge."""
        if self.is_range:
            return self.name or None
        return _FAMILIES.get(self.name) or (self.category if self.category in _CATEGORIES else None)


# Number, string, boolean, date and time, as pg_type has them.
_CATEGORIES = {"N", "S", "B", "D"}
_FAMILIES = {
    "uuid": "uuid",
    "json": "json",
    "jsonb": "json",
    "inet": "network",
    "cidr": "network",
    "macaddr": "mac",
    "macaddr8": "mac",
    "bytea": "bytea",
    "interval": "interval",
    "time": "time",
    "timetz": "time",
}
_SINCE_EVER = {*_CATEGORIES, "time"}


def type_name(column: MappedColumn) -> str | None:
    """Give the type of a mapped column as to_regtype reads it; None where it is no plain name."""
    match = _PLAIN_TYPE.match(column.type)
    return match["name"] + (match["zone"] or "") + (match["array"] or "") if match else None


def clash(column: MappedColumn, mapped: Kind, live: Kind, live_type: str) -> Misfit | None:
    """Say why values do not come through between the type of a class and that of the column; None where they do."""
    ours, theirs = mapped.family, live.family
    if ours is None or theirs is None:
        return None
    told = f"{column.table}.{column.column} is {live_type}, mapped as {type_name(column)}"
    if not mapped.is_array and not live.is_array and {ours, theirs} <= _SINCE_EVER:
        return Misfit(told, _REMEDY) if ours != theirs else None
    if not column.is_sent_plainly or _is_harmless(mapped, live, is_loaded_plainly=column.is_loaded_plainly):
        return None
    if ours == theirs and mapped.is_array == live.is_array:
        return Misfit(f"{told}: no operator compares the two, so a filter by a value fails", _REMEDY, Signal.CAUTION)
    if ours == "S" and not mapped.is_array:
        psycopg2 = "psycopg 3 and asyncpg cannot write it, and psycopg2 may load something else than str"
        return Misfit(f"{told}: {psycopg2}", _REMEDY, Signal.CAUTION)
    return Misfit(told, _REMEDY)


def _is_harmless(mapped: Kind, live: Kind, *, is_loaded_plainly: bool) -> bool:
    ours, theirs = mapped.family, live.family
    if mapped.is_array or live.is_array:
        return mapped == live or (live.is_array and ours == "S" and not (mapped.is_array or is_loaded_plainly))
    if ours == theirs:
        # Only jsonb has an equality and `@>`. A json is compared with neither, so there is nothing to lose.
        return (mapped.name, live.name) != ("jsonb", "json")
    if theirs == "S" and ours in {"network", "mac"}:
        return True  # these values are text to SQLAlchemy, and sent without a cast
    # What only comes back as another type is made into the right one by a type that decodes by itself.
    return not is_loaded_plainly and (ours == "S" or (ours, theirs) == ("json", "S"))
