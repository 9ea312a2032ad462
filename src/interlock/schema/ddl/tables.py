"""Tables and their columns as statements."""

from collections.abc import Iterable, Iterator

from interlock.schema.ddl.common import common_statements
from interlock.schema.ddl.words import (
    foreign_options,
    identifier,
    inherits_from,
    parameters,
    partition_of,
    relation,
)
from interlock.schema.items import Column, Sequence, Table
from interlock.schema.name import Kind, Name
from interlock.schema.snapshot import Snapshot

IDENTITIES = {"a": "ALWAYS", "d": "BY DEFAULT"}
GENERATED = {"s": "STORED", "v": "VIRTUAL"}


def create_table(table: Table, snapshot: Snapshot) -> Iterator[str]:
    """Make a table with its columns; what else belongs to it is made by itself."""
    columns = snapshot.columns_of(table.name)
    parents = inherits_from(table.part_of)
    # What only the parents declare comes from them. A partition is made alone, and is the parent's when it is attached.
    own = [column for column in columns if not (parents and column.is_inherited)]
    yield _create(table, own, parents, snapshot)
    if partition := partition_of(table.part_of):
        yield attach(table.name, *partition)
    for column in columns:
        if column not in own:
            yield from _depart_from_parents(column)
        yield from column_extras(column)
    if table.row_security:
        yield f"ALTER TABLE {relation(table.name)} ENABLE ROW LEVEL SECURITY"
    if table.forces_row_security:
        yield f"ALTER TABLE {relation(table.name)} FORCE ROW LEVEL SECURITY"
    if table.replica_identity in ("full", "nothing") and table.name.kind is Kind.TABLE:
        yield replica_identity(table)
    if table.tablespace:
        yield f"ALTER TABLE {relation(table.name)} SET TABLESPACE {identifier(table.tablespace)}"
    yield from common_statements(table)
    for column in columns:
        yield from common_statements(column, table.owner)


def finish_table(table: Table) -> Iterator[str]:
    """Say of a table what names one of its indexes."""
    if table.replica_identity.startswith("index "):
        yield replica_identity(table)
    if table.clustered_on:
        yield f"ALTER TABLE {relation(table.name)} CLUSTER ON {identifier(table.clustered_on)}"


def attach(name: Name, parent: str, bound: str) -> str:
    return f"ALTER TABLE {parent} ATTACH PARTITION {relation(name)} {bound}"


def replica_identity(table: Table) -> str:
    how = table.replica_identity
    how = f"USING INDEX {how.removeprefix('index ')}" if how.startswith("index ") else how.upper()
    return f"ALTER TABLE {relation(table.name)} REPLICA IDENTITY {how}"


def add_column(column: Column, snapshot: Snapshot) -> Iterator[str]:
    """Add a column to a table that is there."""
    words = "FOREIGN TABLE" if _is_foreign(column, snapshot) else "TABLE"
    yield f"ALTER {words} {relation(column.name)} ADD COLUMN {column_definition(column, snapshot)}"
    yield from column_extras(column)
    yield from common_statements(column, snapshot.owner_of(column.name))


def column_definition(column: Column, snapshot: Snapshot) -> str:
    """A column as it stands in the brackets of a create statement."""
    parts = [identifier(column.name.item), column.type]
    if column.options and _is_foreign(column, snapshot):
        parts.append(f"OPTIONS ({foreign_options(column.options)})")
    if column.collation:
        parts.append(f"COLLATE {column.collation}")
    return " ".join((*parts, *_column_constraints(column, snapshot)))


def identity_options(sequence: Sequence) -> str:
    return f"SEQUENCE NAME {relation(sequence.name)} {sequence_parameters(sequence)}"


def sequence_parameters(sequence: Sequence) -> str:
    """What a sequence counts, as it stands in the statements that make or alter one."""
    return (
        f"INCREMENT BY {sequence.increment} MINVALUE {sequence.minimum} MAXVALUE {sequence.maximum} "
        f"START WITH {sequence.start} CACHE {sequence.cache} {'CYCLE' if sequence.is_cycling else 'NO CYCLE'}"
    )


def identity_of(column: Column, snapshot: Snapshot) -> Sequence | None:
    """The sequence of an identity column; a partition has none of its own, it counts with its parent."""
    found = snapshot.identities.get(column.name)
    return found if column.filled_by in IDENTITIES else None


def column_extras(column: Column) -> Iterator[str]:
    """What of a column does not stand in the brackets of a create statement."""
    table = f"ALTER TABLE ONLY {relation(column.name)} ALTER COLUMN {identifier(column.name.item)}"
    if not column.nullable and not column.not_null_is_validated:
        yield f"ALTER TABLE {relation(column.name)} ADD NOT NULL {identifier(column.name.item)} NOT VALID"
    if column.storage:
        yield f"{table} SET STORAGE {column.storage.upper()}"
    if column.compression:
        yield f"{table} SET COMPRESSION {column.compression}"
    if column.statistics_target is not None:
        yield f"{table} SET STATISTICS {column.statistics_target}"
    if tuned := [option for option in column.options if option.partition("=")[0] in TUNED]:
        yield f"{table} SET ({parameters(tuned)})"


TUNED = ("n_distinct", "n_distinct_inherited")
"""The options that a column of an ordinary table can have; that of a foreign one has its server's."""


def _create(table: Table, columns: Iterable[Column], parents: tuple[str, ...], snapshot: Snapshot) -> str:
    is_foreign = table.name.kind is Kind.FOREIGN_TABLE
    kind = "FOREIGN TABLE" if is_foreign else "UNLOGGED TABLE" if table.persistence == "unlogged" else "TABLE"
    parts = [f"CREATE {kind} {relation(table.name)}"]
    if table.of_type:
        said = [
            f"{identifier(column.name.item)} WITH OPTIONS {' '.join(constraints)}"
            for column in columns
            if (constraints := tuple(_column_constraints(column, snapshot)))
        ]
        parts.append(f"OF {table.of_type}" + (f" ({', '.join(said)})" if said else ""))
    else:
        parts.append(f"({', '.join(column_definition(column, snapshot) for column in columns)})")
    if parents:
        parts.append(f"INHERITS ({', '.join(parents)})")
    if table.partition_key:
        parts.append(f"PARTITION BY {table.partition_key}")
    if table.access_method:
        parts.append(f"USING {identifier(table.access_method)}")
    if is_foreign:
        parts.append(f"SERVER {identifier(table.server)}")
        parts.extend([f"OPTIONS ({foreign_options(table.options)})"] if table.options else [])
    elif storage := ", ".join(filter(None, (parameters(table.options), parameters(table.toast_options, "toast.")))):
        parts.append(f"WITH ({storage})")
    return " ".join(parts)


def _column_constraints(column: Column, snapshot: Snapshot) -> Iterator[str]:
    if column.filled_by in GENERATED:
        yield f"GENERATED ALWAYS AS ({column.default}) {GENERATED[column.filled_by]}"
    elif column.default is not None:
        yield f"DEFAULT {column.default}"
    if sequence := identity_of(column, snapshot):
        yield f"GENERATED {IDENTITIES[column.filled_by]} AS IDENTITY ({identity_options(sequence)})"
    if not column.nullable and column.not_null_is_validated:
        yield "NOT NULL" if column.not_null_is_inherited else "NOT NULL NO INHERIT"


def _depart_from_parents(column: Column) -> Iterator[str]:
    """Say what can differ in a column that comes from the tables above. The same again does no harm."""
    alter = f"ALTER TABLE ONLY {relation(column.name)} ALTER COLUMN {identifier(column.name.item)}"
    if not column.filled_by:
        yield f"{alter} SET DEFAULT {column.default}" if column.default is not None else f"{alter} DROP DEFAULT"
    if not column.nullable and column.not_null_is_validated:
        yield f"{alter} SET NOT NULL"


def _is_foreign(column: Column, snapshot: Snapshot) -> bool:
    return column.name._replace(kind=Kind.FOREIGN_TABLE, item="") in snapshot.items
