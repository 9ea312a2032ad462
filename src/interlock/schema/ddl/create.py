"""The statements that make an object of a snapshot."""

from collections.abc import Callable, Iterator, Mapping

from interlock.schema.ddl.common import comment_statement, common_statements, grant_statements
from interlock.schema.ddl.constraints import add_constraint, create_index, create_policy, create_trigger
from interlock.schema.ddl.definitions import HIDDEN, create_definition, finish_definition
from interlock.schema.ddl.tables import (
    add_column,
    column_extras,
    create_table,
    finish_table,
    sequence_parameters,
)
from interlock.schema.ddl.words import identifier, literal, parameters, relation
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


def prepare_statements(item: Item) -> tuple[str, ...]:
    """What comes before what an object needs itself: the shell of a type, for the functions that make it one."""
    match item:
        case Definition(name=Name(kind=Kind.BASE_TYPE)):
            return (_shell(item),)
        case Range(options=options) if any(option.startswith("canonical = ") for option in options):
            return (_shell(item),)
    return ()


def create_statements(item: Item, snapshot: Snapshot) -> tuple[str, ...]:
    """Make an object with its owner, comment and grants, and a table or view with its columns.

    What stands behind an identity column is made with the column.
    """
    return tuple(_create(item, snapshot))


def finish_statements(item: Item, snapshot: Snapshot) -> tuple[str, ...]:
    """Say of an object what names others that need it: an index of a table, the column that a sequence belongs to."""
    match item:
        case Table():
            return tuple(finish_table(item))
        case View(clustered_on=index) if index:
            return (f"ALTER MATERIALIZED VIEW {relation(item.name)} CLUSTER ON {identifier(index)}",)
        case Sequence(owned_by=Name() as column, is_identity=False):
            return (f"ALTER SEQUENCE {relation(item.name)} OWNED BY {relation(column)}.{identifier(column.item)}",)
        case Definition():
            return tuple(finish_definition(item, snapshot))
    return ()


def why_not_made(item: Item) -> str | None:
    """Why nobody can make an object of what a snapshot says of it; None if one can."""
    match item:
        case Definition(name=Name(kind=Kind.USER_MAPPING)):
            return "it holds what its user signs in with, and that is not read"
        case Definition(name=Name(kind=Kind.SUBSCRIPTION)):
            return "it holds where it connects to, and that is not read"
        case Definition(name=Name(kind=Kind.WRAPPER | Kind.SERVER), definition=definition) if HIDDEN in definition:
            return "one of its options may be a secret, and is not read"
        case Index(is_valid=False) if " ON ONLY " not in item.definition:
            return "nobody makes an index that is not valid"
    return None


def _create(item: Item, snapshot: Snapshot) -> Iterator[str]:
    match item:
        case Table():
            yield from create_table(item, snapshot)
        case Column():
            yield from _column(item, snapshot)
        case View():
            yield from _view(item, snapshot)
        case Sequence(is_identity=True):
            yield from _identity(item, snapshot)
        case _:
            yield from _MAKERS[type(item)](item)
            yield from common_statements(item)


def _schema(schema: Schema) -> Iterator[str]:
    yield f"CREATE SCHEMA IF NOT EXISTS {identifier(schema.name.table)}"


def _extension(extension: Extension) -> Iterator[str]:
    version = f" VERSION {literal(extension.version)}" if extension.version else ""
    yield f"CREATE EXTENSION {identifier(extension.name.table)} SCHEMA {identifier(extension.schema)}{version}"


def _enum(enum: Enum) -> Iterator[str]:
    yield f"CREATE TYPE {relation(enum.name)} AS ENUM ({', '.join(map(literal, enum.labels))})"


def _composite(composite: Composite) -> Iterator[str]:
    yield f"CREATE TYPE {relation(composite.name)} AS ({', '.join(composite.attributes)})"


def _range(made: Range) -> Iterator[str]:
    yield f"CREATE TYPE {relation(made.name)} AS RANGE ({', '.join(made.options)})"


def _sequence(sequence: Sequence) -> Iterator[str]:
    unlogged = "UNLOGGED " if sequence.persistence == "unlogged" else ""
    yield f"CREATE {unlogged}SEQUENCE {relation(sequence.name)} AS {sequence.type} {sequence_parameters(sequence)}"


def _domain(domain: Domain) -> Iterator[str]:
    parts = [f"CREATE DOMAIN {relation(domain.name)} AS {domain.type}"]
    if domain.collation:
        parts.append(f"COLLATE {domain.collation}")
    if domain.default is not None:
        parts.append(f"DEFAULT {domain.default}")
    if not domain.nullable:
        parts.append("NOT NULL")
    yield " ".join(parts)


def _routine(routine: Routine) -> Iterator[str]:
    yield routine.definition


def _definition(item: Definition) -> Iterator[str]:
    if not _is_only_shell(item):
        yield from create_definition(item)


_MAKERS: Mapping[type[Item], Callable[..., Iterator[str]]] = {
    Schema: _schema,
    Extension: _extension,
    Enum: _enum,
    Composite: _composite,
    Range: _range,
    Sequence: _sequence,
    Domain: _domain,
    Routine: _routine,
    Constraint: add_constraint,
    Index: create_index,
    Trigger: create_trigger,
    Policy: create_policy,
    Definition: _definition,
}


def _column(column: Column, snapshot: Snapshot) -> Iterator[str]:
    if any(column.name._replace(kind=kind, item="") in snapshot.items for kind in (Kind.TABLE, Kind.FOREIGN_TABLE)):
        yield from add_column(column, snapshot)
    else:
        yield from _view_column(column, snapshot.owner_of(column.name))


def _view_column(column: Column, owner: str) -> Iterator[str]:
    """What can be said of a column of a view: that it is there says the query."""
    if column.default is not None:
        view = f"ALTER VIEW {relation(column.name)}"
        yield f"{view} ALTER COLUMN {identifier(column.name.item)} SET DEFAULT {column.default}"
    yield from common_statements(column, owner)


def _view(view: View, snapshot: Snapshot) -> Iterator[str]:
    is_materialized = view.name.kind is Kind.MATERIALIZED_VIEW
    parts = [f"CREATE {view.name.kind.upper()} {relation(view.name)}"]
    if view.access_method:
        parts.append(f"USING {identifier(view.access_method)}")
    if view.options:
        parts.append(f"WITH ({parameters(view.options)})")
    if view.tablespace:
        parts.append(f"TABLESPACE {identifier(view.tablespace)}")
    parts.append(f"AS {view.query.rstrip().removesuffix(';')}")
    yield " ".join((*parts, "WITH NO DATA") if is_materialized else parts)
    yield from common_statements(view)
    for column in snapshot.columns_of(view.name):
        if is_materialized:
            yield from (
                each.replace("ALTER TABLE ONLY", "ALTER MATERIALIZED VIEW", 1) for each in column_extras(column)
            )
            yield from common_statements(column, view.owner)
        else:
            yield from _view_column(column, snapshot.owner_of(column.name))


def _identity(sequence: Sequence, snapshot: Snapshot) -> Iterator[str]:
    """What can be said of the sequence of an identity column, which was made with it."""
    table = (
        snapshot.items.get(Name(Kind.TABLE, *(sequence.owned_by.container or ("", "")))) if sequence.owned_by else None
    )
    if isinstance(table, Table) and table.persistence != sequence.persistence:
        yield persist(sequence)
    if sequence.comment:
        yield comment_statement(sequence.name, sequence.comment)
    yield from grant_statements(sequence, sequence.grants)


def persist(sequence: Sequence) -> str:
    """Say whether a sequence is written to the log."""
    return (
        f"ALTER SEQUENCE {relation(sequence.name)} SET {'UNLOGGED' if sequence.persistence == 'unlogged' else 'LOGGED'}"
    )


def _shell(item: Item) -> str:
    return f"CREATE TYPE {relation(item.name)}"


def _is_only_shell(item: Definition) -> bool:
    return item.name.kind is Kind.BASE_TYPE and not item.definition.endswith(")")
