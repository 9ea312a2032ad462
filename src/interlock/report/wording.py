"""The words that every format uses for the same fact."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from interlock.release.record import Blamed, ReleaseRecord, Target, Verification
from interlock.schema.drift import Altered, Change, Missing, Unexpected
from interlock.schema.items import (
    Column,
    Constraint,
    Definition,
    Enum,
    Index,
    Item,
    Routine,
    Table,
    Trigger,
    View,
    attributes,
)
from interlock.schema.name import Name
from interlock.verdict.finding import Signal

# The shape says what the colour says: a disc, a triangle, a square.
MARKS: Mapping[Signal, str] = {Signal.CLEAR: "●", Signal.CAUTION: "▲", Signal.STOP: "■"}

PROOFS: Mapping[str, str] = {
    "proved": "a real identity got what is declared, or nobody needs to log in",
    "locked": "nobody gets in without logging in; says nothing about what is behind",
    "unproved": "nobody could be logged in to ask, or the answer could not be judged",
    "failed": "not what was expected",
}
"""What each word of the column "proves" means."""

_OCCASIONS = {"verify": "verification", "probe": "probing"}
_FILLED_BY = {
    "a": "identity, always",
    "d": "identity, by default",
    "s": "generated, stored",
    "v": "generated, virtual",
}
_UNTOLD = (None, "", (), False)


def occasion(record: ReleaseRecord) -> str:
    """What the command was, as a noun."""
    return _OCCASIONS.get(record.command, record.command)


def title(record: ReleaseRecord) -> str:
    """The whole report in a line that fits a browser tab or the subject of a mail."""
    where = f" on {record.target.host}" if record.target else ""
    return f"{record.verdict.signal.name} \N{EN DASH} {occasion(record)} of {record.project}{where}"


def identity(target: Target) -> tuple[tuple[str, str], ...]:
    """What tells this database from every other one."""
    return (
        ("Database", target.database),
        ("Host", address(target)),
        ("Role", target.role),
        ("Server", f"PostgreSQL {target.server_version}"),
        ("System identifier", target.system_identifier),
    )


def address(target: Target) -> str:
    """Host and port. Brackets tell the colons of an IPv6 address from the one before the port."""
    return f"[{target.host}]:{target.port}" if ":" in target.host else f"{target.host}:{target.port}"


def no_target(record: ReleaseRecord) -> str:
    """Why there is no target in a record."""
    return "not asked" if record.command in ("probe", "schema check") else "not reached"


def builds(record: ReleaseRecord) -> str:
    """Which build of the application answered, and which one should have. Empty where nobody asked."""
    asked = record.asked_after or record.asked_before
    answered = asked.build if asked else None
    match record.expected_build, answered:
        case None, None:
            return ""
        case None, build:
            return f"{build} answered"
        case build, None:
            return f"{build} expected, but the application did not say which it is"
        case expected, build if expected == build:
            return f"{build} answered, as expected"
        case expected, build:
            return f"{build} answered, {expected} expected"


def duration(seconds: float) -> str:
    """A duration as short as its precision deserves."""
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02} s"
    return f"{minutes // 60} h {minutes % 60:02} min"


def moment(time: datetime) -> str:
    """A time, always in UTC."""
    return f"{in_utc(time):%Y-%m-%d %H:%M:%S} UTC"


def end(record: ReleaseRecord) -> datetime:
    """When a release was over."""
    return record.began + timedelta(seconds=record.seconds)


def in_utc(time: datetime) -> datetime:
    """A time without a zone is taken for UTC: the guard writes no other."""
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)


def counted(number: int, noun: str, plural: str = "") -> str:
    """A number with its noun: 1 finding, 2 findings."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"


def listed(parts: Iterable[str]) -> str:
    """Words in a row: a, b and c."""
    *most, last = parts
    return f"{', '.join(most)} and {last}" if most else last


def revisions(names: Sequence[str]) -> str:
    """Revisions in a sentence."""
    return listed(names) if names else "no revision"


def location(verification: Verification) -> str:
    """Which revision the live schema really matches. Empty where that is the claimed one, or nobody looked."""
    claimed, located = verification.claimed, verification.located
    if not located or (verification.is_located and set(claimed) <= set(located)):
        return ""
    claims = f"The database claims {revisions(claimed)}"
    if set(claimed) & set(located):
        return f"{claims}, and its schema differs from it."
    if verification.is_located:
        return f"{claims}, but its schema is that of {revisions(located)}."
    return f"{claims}, but its schema is that of no revision; nearest is {revisions(located)}."


def grouped(drift: tuple[Blamed, ...]) -> tuple[tuple[str, tuple[Blamed, ...]], ...]:
    """Drift as Missing, Unexpected and Altered, in this order, worst first; only the groups there are."""
    worst_first = sorted(drift, key=lambda blamed: -blamed.signal)
    groups = (
        (kind.__name__, tuple(blamed for blamed in worst_first if isinstance(blamed.change, kind)))
        for kind in (Missing, Unexpected, Altered)
    )
    return tuple((name, members) for name, members in groups if members)


def maker(blamed: Blamed) -> str:
    """The revision that should have made an object, in words."""
    if blamed.maker:
        return f"by {blamed.maker}"
    return "by no revision" if isinstance(blamed.change, Unexpected) else "before the first revision"


def sides(change: Change) -> tuple[str, str]:
    """One difference as two texts: as declared, and as it is live. Of an altered object, only what differs."""
    match change:
        case Missing(declared=declared):
            return described(declared), ", and ".join(("not there", *seemingly_renamed(change)))
        case Unexpected(observed=observed):
            return "declared by nothing", described(observed)
        case Altered():
            rows = differences(change)
            return (
                "; ".join(f"{attribute} {declared}" for attribute, declared, _ in rows),
                "; ".join(f"{attribute} {live}" for attribute, _, live in rows),
            )


def seemingly_renamed(change: Missing) -> tuple[str, ...]:
    """Which object that is there looks like one that is missing, in words; nothing where none does."""
    alike = change.looks_like
    return (f"{alike.name.item or alike.name.table} looks like it",) if alike else ()


def differences(change: Altered) -> tuple[tuple[str, str, str], ...]:
    """What is altered: the attribute, its declared value, its live value."""
    return tuple(
        (_worded(attribute), _shown(attribute, declared), _shown(attribute, live))
        for attribute, (declared, live) in change.differences.items()
    )


def described(item: Item) -> str:
    """What an object is, without its name."""
    match item:
        case Table(partition_key=key):
            return f"partitioned by {key}" if key else "table"
        case Column():
            return _described_column(item)
        case Index(definition=definition, is_valid=is_valid):
            return definition if is_valid else f"{definition} (invalid)"
        case Constraint(definition=definition) | Routine(definition=definition) | Trigger(definition=definition):
            return definition
        case Definition(definition=definition):
            return definition
        case View(query=query):
            return query.strip()
        case Enum(labels=labels):
            return _shown("labels", labels)
        case _:
            told = {key: _shown(key, value) for key, value in attributes(item).items() if value not in _UNTOLD}
            return ", ".join(f"{_worded(key)} {value}" for key, value in told.items()) or str(item.name.kind)


def _described_column(column: Column) -> str:
    parts = (
        column.type,
        "" if column.nullable else "not null",
        f"default {column.default}" if column.default else "",
        _FILLED_BY.get(column.filled_by, column.filled_by),
    )
    return ", ".join(filter(None, parts))


def _worded(attribute: str) -> str:
    """The name of an attribute as people say it."""
    return attribute.removeprefix("is_").replace("_", " ")


def _shown(attribute: str, value: object) -> str:
    match value:
        case None | "" | ():
            return "none"
        case bool():
            return "yes" if value else "no"
        case tuple() if not isinstance(value, Name):
            return "(" + ", ".join(map(str, value)) + ")"
        case _:
            return _FILLED_BY.get(str(value), str(value)) if attribute == "filled_by" else str(value)
