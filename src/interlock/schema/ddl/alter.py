"""The statements that bring one object from what is observed to what is declared."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from interlock.schema.ddl.common import common_changes
from interlock.schema.ddl.constraints import (
    enable_trigger,
    index_of,
    validate_constraint,
)
from interlock.schema.ddl.create import create_statements, finish_statements, persist, why_not_made
from interlock.schema.ddl.definitions import change_mappings, enable_event_trigger
from interlock.schema.ddl.drop import drop_statements
from interlock.schema.ddl.tables import (
    GENERATED,
    IDENTITIES,
    attach,
    column_extras,
    identity_of,
    identity_options,
    replica_identity,
    sequence_parameters,
)
from interlock.schema.ddl.words import (
    foreign_options,
    identifier,
    inherits_from,
    literal,
    parameters,
    partition_of,
    qualified,
    relation,
)
from interlock.schema.drift import COLUMN_ORDER, Altered
from interlock.schema.items import (
    Column,
    Composite,
    Constraint,
    Definition,
    Domain,
    Enum,
    Extension,
    Index,
    Item,
    Policy,
    Range,
    Routine,
    Schema,
    Sequence,
    Table,
    Trigger,
    View,
)
from interlock.schema.name import Kind, Name
from interlock.schema.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class NotAutomatic:
    """A difference that no statement takes away without a person's decision, and why."""

    reason: str


class _Refused(Exception):
    """Raised deep inside; becomes NotAutomatic."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


_COMMON = frozenset({"owner", "comment", "attribute_comments", "index_comment", "not_null_comment", "grants"})


def alter_statements(change: Altered, declared: Snapshot, observed: Snapshot) -> tuple[str, ...] | NotAutomatic:
    """Bring an altered object to what is declared, or say why that is no work for a machine.

    Where the statements drop an object and make it again, what belongs to it is made again too.
    """
    if change.differences.keys() == {COLUMN_ORDER}:
        return NotAutomatic("the order of columns changes only when the table is made anew, with its rows")
    try:
        return tuple(_alter(change, declared, observed))
    except _Refused as refused:
        return NotAutomatic(refused.reason)


def recreate_statements(name: Name, declared: Snapshot, observed: Snapshot) -> tuple[str, ...]:
    """Drop an object that holds no rows, and make it as it is declared, with what belongs to it."""
    item = declared.items[name]
    if reason := why_not_made(item):
        raise _Refused(reason)
    below = [
        other
        for other in declared
        if other.name.container == (name.schema, name.table) and not name.item and not isinstance(other, Column)
    ]
    items = (item, *below)
    return (
        *drop_statements(observed.items[name]),
        *(statement for each in items for statement in create_statements(each, declared)),
        *(statement for each in items for statement in finish_statements(each, declared)),
    )


def _alter(change: Altered, declared: Snapshot, observed: Snapshot) -> Iterator[str]:
    ours, theirs = change.declared, change.observed
    differing = frozenset(change.differences)
    own = differing - _COMMON - {COLUMN_ORDER}
    if own:
        statements = tuple(_own_changes(ours, theirs, _Sides(own, declared, observed)))
        yield from statements
        if any(statement in drop_statements(theirs) for statement in statements):
            return  # It was made anew, with its owner, comment and grants.
    yield from common_changes(ours, theirs, declared.owner_of(ours.name))


@dataclass(frozen=True, slots=True)
class _Sides:
    """Which attributes of an object differ, and the schemas on both sides."""

    own: frozenset[str]
    declared: Snapshot
    observed: Snapshot

    def made_anew(self, name: Name) -> tuple[str, ...]:
        return recreate_statements(name, self.declared, self.observed)


def _own_changes(ours: Item, theirs: Item, sides: _Sides) -> Iterator[str]:
    yield from _CHANGERS[type(ours)](ours, theirs, sides)


def _not_at_all(_ours: Item, _theirs: Item, _sides: _Sides) -> Iterator[str]:
    raise _Refused("its columns would have to be given another type first")


def _trigger(ours: Trigger, _theirs: Trigger, sides: _Sides) -> Iterator[str]:
    yield from (enable_trigger(ours),) if sides.own == {"enabled"} else sides.made_anew(ours.name)


def _policy(ours: Policy, _theirs: Policy, sides: _Sides) -> Iterator[str]:
    yield from sides.made_anew(ours.name)


def _definition(ours: Definition, theirs: Definition, sides: _Sides) -> Iterator[str]:
    if ours.name.kind is Kind.SEARCH_CONFIGURATION:
        yield from change_mappings(ours, theirs)
    elif ours.name.kind in _STAY:
        raise _Refused("what depends on it would have to be dropped first")
    elif ours.name.kind is Kind.EVENT_TRIGGER and sides.own == {"enabled"}:
        yield enable_event_trigger(ours)
    else:
        yield from sides.made_anew(ours.name)


_STAY = frozenset(
    {
        *(Kind.LANGUAGE, Kind.COLLATION, Kind.BASE_TYPE, Kind.OPERATOR, Kind.OPERATOR_FAMILY, Kind.OPERATOR_CLASS),
        *(Kind.ACCESS_METHOD, Kind.WRAPPER, Kind.SERVER, Kind.USER_MAPPING, Kind.SUBSCRIPTION),
    }
)


def _table(ours: Table, theirs: Table, sides: _Sides) -> Iterator[str]:
    if sides.own & {"partition_key", "server"}:
        raise _Refused("a table is partitioned, or another server's, from its making on: its rows would have to move")
    if sides.own & {"part_of", "is_detaching"}:
        yield from _part_of(ours, theirs)
    table = f"ALTER {ours.name.kind.upper()} {relation(ours.name)}"
    yield from (f"{table} {_SWITCHES[each](ours)}" for each in _SWITCHES if each in sides.own)
    if "replica_identity" in sides.own:
        yield replica_identity(ours)
    if "options" in sides.own and ours.name.kind is Kind.FOREIGN_TABLE:
        yield f"{table} OPTIONS ({_foreign_changes(ours.options, theirs.options)})"
    elif "options" in sides.own:
        yield from _parameters(table, ours.options, theirs.options)
    if "toast_options" in sides.own:
        yield from _parameters(table, ours.toast_options, theirs.toast_options, "toast.")


_SWITCHES: Mapping[str, Callable[[Table], str]] = {
    "persistence": lambda table: f"SET {'UNLOGGED' if table.persistence == 'unlogged' else 'LOGGED'}",
    "row_security": lambda table: f"{'ENABLE' if table.row_security else 'DISABLE'} ROW LEVEL SECURITY",
    "forces_row_security": lambda table: f"{'FORCE' if table.forces_row_security else 'NO FORCE'} ROW LEVEL SECURITY",
    "access_method": lambda table: f"SET ACCESS METHOD {identifier(table.access_method or 'heap')}",
    "of_type": lambda table: f"OF {table.of_type}" if table.of_type else "NOT OF",
    "clustered_on": lambda table: _clustered(table.clustered_on),
    "tablespace": lambda table: f"SET TABLESPACE {identifier(table.tablespace or 'pg_default')}",
}
"""What one form of ALTER TABLE brings about."""


def _clustered(index: str) -> str:
    return f"CLUSTER ON {identifier(index)}" if index else "SET WITHOUT CLUSTER"


def _part_of(ours: Table, theirs: Table) -> Iterator[str]:
    """Take a table out of what it is a part of, and put it where it belongs."""
    if ours.is_detaching:
        raise _Refused("a partition that is about to be detached is made by an interrupted command only")
    name = relation(ours.name)
    if was := partition_of(theirs.part_of):
        yield f"ALTER TABLE {was[0]} DETACH PARTITION {name}" + (" FINALIZE" if theirs.is_detaching else "")
    before, after = inherits_from(theirs.part_of), inherits_from(ours.part_of)
    yield from (f"ALTER TABLE {name} NO INHERIT {parent}" for parent in before if parent not in after)
    yield from (f"ALTER TABLE {name} INHERIT {parent}" for parent in after if parent not in before)
    if partition := partition_of(ours.part_of):
        yield attach(ours.name, *partition)


def _parameters(alter: str, ours: tuple[str, ...], theirs: tuple[str, ...], prefix: str = "") -> Iterator[str]:
    kept = {option.partition("=")[0] for option in ours}
    if gone := [key for option in theirs if (key := option.partition("=")[0]) not in kept]:
        yield f"{alter} RESET ({', '.join(prefix + key for key in gone)})"
    if changed := [option for option in ours if option not in theirs]:
        yield f"{alter} SET ({parameters(changed, prefix)})"


def _foreign_changes(ours: tuple[str, ...], theirs: tuple[str, ...]) -> str:
    before = {option.partition("=")[0] for option in theirs}
    after = {option.partition("=")[0] for option in ours}
    gone = [f"DROP {identifier(key)}" for key in sorted(before - after)]
    changed = [
        f"{'SET' if option.partition('=')[0] in before else 'ADD'} {foreign_options([option])}"
        for option in ours
        if option not in theirs
    ]
    return ", ".join((*gone, *changed))


def _is_of_view(column: Column, snapshot: Snapshot) -> bool:
    return column.name._replace(kind=Kind.VIEW, item="") in snapshot.items


def _view_column(ours: Column, own: frozenset[str]) -> Iterator[str]:
    if "default" in own:
        yield f"ALTER VIEW {relation(ours.name)} ALTER COLUMN {identifier(ours.name.item)} {_default(ours)}"
    # The rest says the query of the view, and changes with it.


def _is_moved(column: Name, sides: _Sides) -> bool:
    """Whether the table of a column is to be put below another one, which says then what is inherited."""
    name = column._replace(kind=Kind.TABLE, item="")
    ours, theirs = sides.declared.items.get(name), sides.observed.items.get(name)
    return isinstance(ours, Table) and isinstance(theirs, Table) and ours.part_of != theirs.part_of


def _default(column: Column) -> str:
    return f"SET DEFAULT {column.default}" if column.default is not None else "DROP DEFAULT"


def _column(ours: Column, theirs: Column, sides: _Sides) -> Iterator[str]:
    own = sides.own
    if _is_of_view(ours, sides.declared):
        yield from _view_column(ours, own)
        return
    column = f"ALTER TABLE {relation(ours.name)} ALTER COLUMN {identifier(ours.name.item)}"
    if "is_inherited" in own and not _is_moved(ours.name, sides):
        raise _Refused("whether a column is a table's own is decided when the table, or the column, is made")
    if "filled_by" in own or ("default" in own and ours.filled_by in GENERATED):
        yield from _filled_by(ours, theirs, column, sides)
    if own & {"type", "collation"}:
        yield from _type(ours, theirs, column)
    elif "default" in own and not ours.filled_by and not theirs.filled_by:
        yield f"{column} {_default(ours)}"
    if own & {"nullable", "not_null_is_validated", "not_null_is_inherited"}:
        yield from _nullable(ours, theirs, column, own)
    yield from (f"{column} {_KEPT[each](ours)}" for each in _KEPT if each in own)
    if "options" in own and ours.name._replace(kind=Kind.FOREIGN_TABLE, item="") in sides.declared.items:
        yield f"{column} OPTIONS ({_foreign_changes(ours.options, theirs.options)})"
    elif "options" in own:
        yield from _parameters(column, ours.options, theirs.options)


_KEPT: Mapping[str, Callable[[Column], str]] = {
    "storage": lambda column: f"SET STORAGE {column.storage.upper() or 'DEFAULT'}",
    "compression": lambda column: f"SET COMPRESSION {column.compression or 'default'}",
    "statistics_target": lambda column: (
        f"SET STATISTICS {-1 if column.statistics_target is None else column.statistics_target}"
    ),
}


def _type(ours: Column, theirs: Column, column: str) -> Iterator[str]:
    if ours.filled_by in GENERATED:
        raise _Refused("it is computed: to have another type it has to be dropped and added again")
    has_default = not ours.filled_by and not theirs.filled_by
    if has_default and theirs.default is not None:
        # It would be taken to the new type by an implicit cast, which there may not be.
        yield f"{column} DROP DEFAULT"
    collation = f" COLLATE {ours.collation}" if ours.collation else ""
    # As in an assignment a value that does not fit is an error; a cast that is written out would cut it short.
    using = "" if _is_assigned(theirs.type, ours.type) else f" USING {identifier(ours.name.item)}::{ours.type}"
    yield f"{column} TYPE {ours.type}{collation}{using}"
    if has_default and ours.default is not None:
        yield f"{column} {_default(ours)}"


_ASSIGNED = (
    frozenset({"text", "character varying", "character"}),
    frozenset({"smallint", "integer", "bigint", "numeric", "real", "double precision"}),
)
"""Types of which each can be assigned to each."""


def _is_assigned(before: str, after: str) -> bool:
    one, other = before.partition("(")[0], after.partition("(")[0]
    return one == other or any({one, other} <= family for family in _ASSIGNED)


def _filled_by(ours: Column, theirs: Column, column: str, sides: _Sides) -> Iterator[str]:
    if ours.filled_by == theirs.filled_by == "s" and sides.observed.major >= FIRST_WITH_SET_EXPRESSION:
        yield f"{column} SET EXPRESSION AS ({ours.default})"
    elif ours.filled_by in GENERATED:
        raise _Refused("it is to be computed from others: its own values have to be given up first")
    elif ours.filled_by in IDENTITIES and theirs.filled_by in IDENTITIES:
        yield f"{column} SET GENERATED {IDENTITIES[ours.filled_by]}"
    else:
        yield from _not_filled_any_more(theirs, column)
        yield from _filled_from_now_on(ours, theirs, column, sides.declared)


def _not_filled_any_more(theirs: Column, column: str) -> Iterator[str]:
    if theirs.filled_by == "v":
        raise _Refused("its values are computed when they are read, and stored nowhere")
    if theirs.filled_by in IDENTITIES:
        yield f"{column} DROP IDENTITY"
    elif theirs.filled_by in GENERATED:
        yield f"{column} DROP EXPRESSION"
    elif theirs.default is not None:
        yield f"{column} DROP DEFAULT"


def _filled_from_now_on(ours: Column, theirs: Column, column: str, declared: Snapshot) -> Iterator[str]:
    if sequence := identity_of(ours, declared):
        if theirs.nullable:
            yield f"{column} SET NOT NULL"
        yield f"{column} ADD GENERATED {IDENTITIES[ours.filled_by]} AS IDENTITY ({identity_options(sequence)})"
        yield _count_on(sequence, ours)
    elif ours.default is not None:
        yield f"{column} {_default(ours)}"


def _count_on(sequence: Sequence, column: Column) -> str:
    """Let a new sequence go on where the rows that are there stop."""
    reached = f"{'max' if sequence.increment > 0 else 'min'}({identifier(column.name.item)}) + {sequence.increment}"
    furthest = "greatest" if sequence.increment > 0 else "least"
    return (
        f"SELECT pg_catalog.setval({literal(relation(sequence.name))}, {furthest}({reached}, {sequence.start}), false) "  # noqa: S608
        f"FROM {relation(column.name)}"
    )


FIRST_WITH_SET_EXPRESSION = 17


def _nullable(ours: Column, theirs: Column, column: str, own: frozenset[str]) -> Iterator[str]:
    is_only_validated = own.isdisjoint({"nullable", "not_null_is_inherited"}) and ours.not_null_is_validated
    if ours.nullable or (not theirs.nullable and not is_only_validated):
        yield f"{column} DROP NOT NULL"
    if ours.nullable:
        return
    if not ours.not_null_is_validated:
        yield from column_extras(replace(ours, storage="", compression="", statistics_target=None, options=()))
    elif not ours.not_null_is_inherited:
        yield f"ALTER TABLE {relation(ours.name)} ADD NOT NULL {identifier(ours.name.item)} NO INHERIT"
    else:
        yield f"{column} SET NOT NULL"


def _constraint(ours: Constraint, theirs: Constraint, sides: _Sides) -> Iterator[str]:
    own = sides.own
    if own <= {"index_is_valid", "options"}:
        if "options" in own:
            yield from _parameters(f"ALTER INDEX {index_of(ours)}", ours.options, theirs.options)
        if "index_is_valid" in own:
            if not ours.index_is_valid:
                raise _Refused("nobody makes an index that is not valid")
            yield f"REINDEX INDEX {index_of(ours)}"
    elif own == {"is_validated"} and ours.is_validated:
        yield validate_constraint(ours)
    else:
        yield from sides.made_anew(ours.name)


def _index(ours: Index, _theirs: Index, sides: _Sides) -> Iterator[str]:
    if sides.own == {"tablespace"}:
        place = identifier(ours.tablespace or "pg_default")
        yield f"ALTER INDEX {qualified(ours.name.schema, ours.name.item)} SET TABLESPACE {place}"
    else:
        yield from sides.made_anew(ours.name)


def _labels(ours: Enum, theirs: Enum, _sides: _Sides) -> Iterator[str]:
    """Add the labels that are not there, each in its place."""
    if gone := [label for label in theirs.labels if label not in ours.labels]:
        raise _Refused(f"rows may hold {', '.join(map(literal, gone))}, and no label can be taken out of a type")
    if [label for label in ours.labels if label in theirs.labels] != list(theirs.labels):
        raise _Refused("the order of labels that are there cannot be changed")
    there = list(theirs.labels)
    for place, label in enumerate(ours.labels):
        if label not in there:
            where = f" BEFORE {literal(there[place])}" if place < len(there) else ""
            yield f"ALTER TYPE {relation(ours.name)} ADD VALUE {literal(label)}{where}"
            there.insert(place, label)


def _domain(ours: Domain, _theirs: Domain, sides: _Sides) -> Iterator[str]:
    own = sides.own
    if own & {"type", "collation"}:
        raise _Refused("its columns would have to be given another type first")
    domain = f"ALTER DOMAIN {relation(ours.name)}"
    if "default" in own:
        yield f"{domain} SET DEFAULT {ours.default}" if ours.default is not None else f"{domain} DROP DEFAULT"
    if "nullable" in own:
        yield f"{domain} {'DROP' if ours.nullable else 'SET'} NOT NULL"


def _composite(ours: Composite, theirs: Composite, _sides: _Sides) -> Iterator[str]:
    if ours.attributes[: len(theirs.attributes)] != theirs.attributes:
        raise _Refused("values of it may be stored: what they consist of changes by hand only")
    for attribute in ours.attributes[len(theirs.attributes) :]:
        yield f"ALTER TYPE {relation(ours.name)} ADD ATTRIBUTE {attribute}"


def _sequence(ours: Sequence, _theirs: Sequence, sides: _Sides) -> Iterator[str]:
    own = sides.own
    if "is_identity" in own:
        # Its column says so too, and is brought there; the sequence comes and goes with that.
        return
    if own - {"owned_by", "persistence"}:
        yield f"ALTER SEQUENCE {relation(ours.name)} AS {ours.type} {sequence_parameters(ours)}"
    if "persistence" in own:
        yield persist(ours)
    if "owned_by" in own and not ours.is_identity:
        column = f"{relation(ours.owned_by)}.{identifier(ours.owned_by.item)}" if ours.owned_by else "NONE"
        yield f"ALTER SEQUENCE {relation(ours.name)} OWNED BY {column}"


def _view(ours: View, theirs: View, sides: _Sides) -> Iterator[str]:
    own = sides.own
    words = f"ALTER {ours.name.kind.upper()} {relation(ours.name)}"
    if own & {"query", "access_method"}:
        if ours.name.kind is Kind.MATERIALIZED_VIEW or not _only_gains_columns(ours.name, sides):
            yield from sides.made_anew(ours.name)
            return
        options = f" WITH ({parameters(ours.options)})" if ours.options else ""
        yield f"CREATE OR REPLACE VIEW {relation(ours.name)}{options} AS {ours.query.rstrip().removesuffix(';')}"
    elif "options" in own:
        yield from _parameters(words, ours.options, theirs.options)
    if "clustered_on" in own:
        yield (
            f"{words} CLUSTER ON {identifier(ours.clustered_on)}"
            if ours.clustered_on
            else f"{words} SET WITHOUT CLUSTER"
        )
    if "tablespace" in own:
        yield f"{words} SET TABLESPACE {identifier(ours.tablespace or 'pg_default')}"


def _only_gains_columns(view: Name, sides: _Sides) -> bool:
    ours = [(column.name.item, column.type, column.collation) for column in sides.declared.columns_of(view)]
    theirs = [(column.name.item, column.type, column.collation) for column in sides.observed.columns_of(view)]
    return ours[: len(theirs)] == theirs


def _routine(ours: Routine, theirs: Routine, sides: _Sides) -> Iterator[str]:
    if ours.name.kind is not Kind.AGGREGATE and _signature(ours) == _signature(theirs):
        yield ours.definition
    else:
        yield from sides.made_anew(ours.name)


def _signature(routine: Routine) -> str:
    """What OR REPLACE cannot change: the first line that is printed, with the arguments, and the result."""
    return f"{routine.definition.partition(chr(10))[0]} {routine.result}"


def _extension(ours: Extension, _theirs: Extension, sides: _Sides) -> Iterator[str]:
    own = sides.own
    if "version" in own:
        yield f"ALTER EXTENSION {identifier(ours.name.table)} UPDATE TO {literal(ours.version)}"
    if "schema" in own:
        yield f"ALTER EXTENSION {identifier(ours.name.table)} SET SCHEMA {identifier(ours.schema)}"


_CHANGERS: Mapping[type[Item], Callable[..., Iterator[str]]] = {
    Table: _table,
    Column: _column,
    Constraint: _constraint,
    Index: _index,
    Enum: _labels,
    Domain: _domain,
    Composite: _composite,
    Sequence: _sequence,
    View: _view,
    Routine: _routine,
    Extension: _extension,
    Trigger: _trigger,
    Policy: _policy,
    Definition: _definition,
    Range: _not_at_all,
    Schema: _not_at_all,
}
