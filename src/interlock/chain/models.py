"""What the mapped classes of a project expect of the database. Runs in the child process, beside the project's code."""

from __future__ import annotations  # in SQLAlchemy 1.4 these classes take no parameters

import sys
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import ARRAY, Column, Enum, Integer, MetaData, String, Table, UniqueConstraint, select
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import CompileError
from sqlalchemy.orm import Mapper, configure_mappers, undefer
from sqlalchemy.types import TypeDecorator, TypeEngine, UserDefinedType

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from sqlalchemy import Select


class _Compiler(postgresql.base.PGCompiler):
    """Writes values into the text of a select of no rows, so that a value nobody can write may be any other."""

    def render_literal_value(self, value: Any, type_: TypeEngine[Any]) -> str:
        try:
            return str(super().render_literal_value(value, type_))  # type: ignore[no-untyped-call]
        except CompileError:
            return "NULL"


# With this style a percent sign in an expression is not doubled, so the text can be sent as it is.
_DIALECT = postgresql.dialect(paramstyle="named")  # type: ignore[no-untyped-call]
_DIALECT.statement_compiler = _Compiler  # type: ignore[assignment]
# From SQLAlchemy 2.0 on.
_Domain: type[Any] | tuple[()] = getattr(postgresql, "DOMAIN", ())


def as_metadata(found: Any) -> list[MetaData]:
    """Accept metadata, a list of them, or a declarative base."""
    if isinstance(found, (list, tuple)):
        return [metadata for each in found for metadata in as_metadata(each)]
    return [found if isinstance(found, MetaData) else found.metadata]


def describe(
    metadata: Sequence[MetaData],
    mappers: Iterable[Mapper[Any]],
    *,
    is_own: Callable[[str], bool] = lambda _module: False,
    of_others: Collection[MetaData] = (),
) -> Mapping[str, Any]:
    """Give what the mapped classes and the unmapped tables of some metadata select, hold and insert.

    `strays` are the classes of other metadata in the project's own modules: nobody makes their tables, as far as is
    known. `elsewhere` names those that are meant for another database: of strangers, of another chain (`of_others`),
    of another bind.
    """
    configure_mappers()
    tables = [table for each in metadata for table in each.sorted_tables]
    known = list(mappers)
    ours = [mapper for mapper in known if _belongs(mapper, metadata)]
    others = [mapper for mapper in known if mapper not in ours and _is_of_a_module(mapper)]
    strays = [mapper for mapper in others if is_own(mapper.class_.__module__) and not _is_bound(mapper, of_others)]
    mapped = {table for mapper in ours for table in mapper.tables}
    queries = [(f"class {mapper.class_.__name__}", _everything(mapper)) for mapper in ours]
    queries += [(f"table {table}", select(table)) for table in tables if table not in mapped]
    return {
        "selects": _described(queries),
        "strays": _described((f"class {_name(mapper)}", _everything(mapper)) for mapper in strays),
        "enums": [enum for table in tables for enum in _enums_of(table)],
        "columns": [column for table in tables for column in _columns_of(table, _mappers_of(table, ours))],
        "uniques": [unique for table in tables if table in mapped for unique in _uniques_of(table)],
        "discriminators": [found for mapper in ours if (found := _discriminator_of(mapper))],
        "elsewhere": sorted({_name(mapper) for mapper in others if mapper not in strays}),
    }


def _described(queries: Iterable[tuple[str, Select[Any]]]) -> list[Mapping[str, str]]:
    return [{"name": name, "sql": _nothing_of(query)} for name, query in queries]


def _everything(mapper: Mapper[Any]) -> Select[Any]:
    # Deferred columns too: the application will read them one day.
    return select(mapper).options(undefer("*"))


def _is_bound(mapper: Mapper[Any], of_others: Collection[MetaData]) -> bool:
    """Whether it is known which other database a class is mapped for."""
    tables = [table for table in mapper.tables if isinstance(table, Table)]
    if any(table.metadata is each for table in tables for each in of_others):
        return True
    # Flask-SQLAlchemy writes there which of several databases a table is in.
    return any(table.info.get("bind_key") or table.metadata.info.get("bind_key") for table in tables)


def _name(mapper: Mapper[Any]) -> str:
    return f"{mapper.class_.__module__}.{mapper.class_.__qualname__}"


def _is_of_a_module(mapper: Mapper[Any]) -> bool:
    # Classes that a migration script has for itself are nobody's models. Alembic loads scripts beside sys.modules.
    return mapper.class_.__module__ in sys.modules


def _belongs(mapper: Mapper[Any], metadata: Sequence[MetaData]) -> bool:
    return any(getattr(table, "metadata", None) in metadata for table in mapper.tables)


def _nothing_of(query: Select[Any]) -> str:
    return str(query.limit(0).compile(dialect=_DIALECT, compile_kwargs={"literal_binds": True}))


def _enums_of(table: Table) -> Iterator[Mapping[str, Any]]:
    for column in table.columns:
        enum = _native_enum(column)
        if enum is not None:
            yield {
                "schema": table.schema,
                "table": table.name,
                "column": column.name,
                "labels": list(enum.enums),
                "python": _enum_name(enum),
            }


def _mappers_of(table: Table, mappers: Iterable[Mapper[Any]]) -> list[Mapper[Any]]:
    return [mapper for mapper in mappers if mapper.local_table is table]


def _columns_of(table: Table, mappers: Sequence[Mapper[Any]]) -> Iterator[Mapping[str, Any]]:
    for column in table.columns:
        labels = _loadable_labels(column.type)
        yield {
            "schema": table.schema,
            "table": table.name,
            "column": column.name,
            "type": _printed(column.type),
            # What only some of the classes in a table have is null in the rows of the others.
            "is_nullable": column.nullable or not all(mapper.columns.contains_column(column) for mapper in mappers),
            "insert": _insert_of(column) if mappers else None,
            "labels": list(labels.enums) if labels else None,
            "python": _enum_name(labels) if labels else "",
            "is_sent_plainly": _is_sent_plainly(column.type),
            "is_loaded_plainly": _is_loaded_plainly(column.type),
            "is_filled_key": bool(mappers) and [*table.primary_key] == [column] and _insert_of(column) == "nothing",
        }


def _uniques_of(table: Table) -> Iterator[Mapping[str, Any]]:
    keys: list[Sequence[object]] = [[*each.columns] for each in table.constraints if isinstance(each, UniqueConstraint)]
    keys += [
        each.expressions
        for each in table.indexes
        if each.unique and each.dialect_options["postgresql"]["where"] is None
    ]
    columns = [[each.name for each in key if isinstance(each, Column)] for key in keys]
    # One with an expression among its columns says nothing of the columns alone.
    whole = {tuple(sorted(names)) for names, key in zip(columns, keys, strict=True) if names and len(names) == len(key)}
    for names in sorted(whole):
        yield {"schema": table.schema, "table": table.name, "columns": list(names)}


def _printed(kind: TypeEngine[Any]) -> str:
    try:
        return kind.compile(_DIALECT)
    except CompileError:
        return ""  # a type that only the project's own compiler knows; selecting it is proof enough


def _insert_of(column: Column[Any]) -> str:
    """Say what an INSERT of the ORM writes into a column that the application did not set."""
    if column.server_default is not None or column is column.table._autoincrement_column:
        return "nothing"
    if column.default is not None or column.primary_key:
        return "a value"
    # A JSON null is a value of its own, so such a column is left out.
    return "nothing" if _variant_of(column.type).should_evaluate_none else "null"


def _loadable_labels(kind: TypeEngine[Any]) -> Enum | None:
    """The enum that a value is looked up in when a row is loaded: one that it lacks is an error then."""
    own = _variant_of(kind)
    if isinstance(own, TypeDecorator):
        # What decodes by itself may take more, or less, than the enum below it.
        return _loadable_labels(_impl_of(own)) if _inherits(own, "result_processor") else None
    if isinstance(own, ARRAY):
        return _loadable_labels(own.item_type)
    if isinstance(own, _Domain):
        return _loadable_labels(own.data_type)
    is_plain = isinstance(own, Enum) and _inherits(own, "result_processor") and _inherits(own, "_object_value_for_elem")
    return own if is_plain and isinstance(own, Enum) else None


def _is_sent_plainly(kind: TypeEngine[Any]) -> bool:
    layers = list(_layers(kind))
    return all(
        not isinstance(each, UserDefinedType)
        and _inherits(each, "bind_expression")
        # A decorator makes of a value what the type below it takes.
        and (isinstance(each, TypeDecorator) or _inherits(each, "bind_processor"))
        for each in layers
    )


def _is_loaded_plainly(kind: TypeEngine[Any]) -> bool:
    hooks = ("column_expression", "result_processor", "process_result_value")
    return all(
        not isinstance(each, UserDefinedType) and all(_inherits(each, hook) for hook in hooks if hasattr(each, hook))
        for each in _layers(kind)
    )


def _layers(kind: TypeEngine[Any]) -> Iterator[TypeEngine[Any]]:
    """The type, and those that its decorators and arrays are made of, as this dialect has them."""
    own = _variant_of(kind)
    yield own
    if isinstance(own, TypeDecorator):
        yield from _layers(own.load_dialect_impl(_DIALECT))
    elif isinstance(own, ARRAY):
        yield from _layers(own.item_type)


def _inherits(kind: TypeEngine[Any], method: str) -> bool:
    return str(getattr(type(kind), method).__module__).startswith("sqlalchemy.")


def _enum_name(enum: Enum) -> str:
    return str(enum.enum_class.__name__ if enum.enum_class else enum.name or "the enum")


def _discriminator_of(mapper: Mapper[Any]) -> Mapping[str, Any] | None:
    """Give the column that tells which class a row is of, with every value that has one."""
    column = mapper.polymorphic_on
    if mapper.inherits or not isinstance(column, Column) or not isinstance(column.table, Table):
        return None
    values = [_as_stored(column.type, identity) for identity in mapper.polymorphic_map]
    if any(value is None for value in values):
        return None
    table = column.table
    return {
        "schema": table.schema, "table": table.name, "column": column.name,
        "labels": values, "python": mapper.class_.__name__,
    }  # fmt: skip


def _as_stored(kind: TypeEngine[Any], identity: Any) -> str | None:
    """Write the identity of a class as the server prints it; None where only the type itself knows how."""
    if isinstance(kind, Enum) and _inherits(kind, "_db_value_for_elem"):
        try:
            return str(kind._db_value_for_elem(identity))  # type: ignore[no-untyped-call]
        except LookupError:
            return None
    is_plain = isinstance(kind, (String, Integer)) and _inherits(kind, "result_processor")
    return str(identity) if is_plain and type(identity) in {str, int} else None


def _native_enum(column: Column[Any]) -> Enum | None:
    kind = _on_postgresql(column.type)
    while isinstance(kind, (ARRAY, _Domain)):
        kind = _on_postgresql(kind.item_type if isinstance(kind, ARRAY) else kind.data_type)
    return kind if isinstance(kind, Enum) and kind.native_enum else None


def _on_postgresql(kind: TypeEngine[Any]) -> TypeEngine[Any]:
    """What a type is on this dialect: without its decorators, and the variant that is meant for it."""
    own = _variant_of(kind)
    return _on_postgresql(_impl_of(own)) if isinstance(own, TypeDecorator) else own


def _variant_of(kind: TypeEngine[Any]) -> TypeEngine[Any]:
    """The type that is meant for this dialect, where a type has another one for it."""
    if hasattr(kind, "_variant_mapping"):
        return cast("TypeEngine[Any]", kind._variant_mapping.get(_DIALECT.name, kind))
    # In SQLAlchemy 1.4 a Variant stands around the type.
    variants = getattr(kind, "mapping", None) if type(kind).__name__ == "Variant" else None
    return variants.get(_DIALECT.name, _impl_of(kind)) if variants is not None else kind


def _impl_of(kind: Any) -> TypeEngine[Any]:
    return cast("TypeEngine[Any]", kind.impl_instance if hasattr(kind, "impl_instance") else kind.impl)
