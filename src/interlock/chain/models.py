"""What the mapped classes of a project expect of the database. Runs in the child process, beside the project's code."""

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import ARRAY, Column, Enum, MetaData, Select, Table, select
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import CompileError
from sqlalchemy.orm import Mapper, configure_mappers, undefer
from sqlalchemy.types import TypeDecorator, TypeEngine


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


def as_metadata(found: Any) -> list[MetaData]:
    """Accept metadata, a list of them, or a declarative base."""
    if isinstance(found, (list, tuple)):
        return [metadata for each in found for metadata in as_metadata(each)]
    return [found if isinstance(found, MetaData) else found.metadata]


def describe(metadata: Sequence[MetaData], mappers: Iterable[Mapper[Any]]) -> Mapping[str, Any]:
    """Give the select of every mapped class and unmapped table, the type of every column, the labels of every enum.

    `elsewhere` are the classes that are mapped by other metadata than this: nothing is known of their tables.
    """
    configure_mappers()
    tables = [table for each in metadata for table in each.sorted_tables]
    known = list(mappers)
    ours = [mapper for mapper in known if _belongs(mapper, metadata)]
    mapped = {table for mapper in ours for table in mapper.tables}
    # Deferred columns too: the application will read them one day.
    queries = [(f"class {mapper.class_.__name__}", select(mapper).options(undefer("*"))) for mapper in ours]
    queries += [(f"table {table}", select(table)) for table in tables if table not in mapped]
    return {
        "selects": [{"name": name, "sql": _nothing_of(query)} for name, query in queries],
        "enums": [enum for table in tables for enum in _enums_of(table)],
        "columns": [column for table in tables for column in _columns_of(table)],
        "elsewhere": sorted({_name(mapper) for mapper in known if mapper not in ours and _is_of_a_module(mapper)}),
    }


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
                "python": enum.enum_class.__name__ if enum.enum_class else enum.name,
            }


def _columns_of(table: Table) -> Iterator[Mapping[str, Any]]:
    for column in table.columns:
        try:
            printed = column.type.compile(_DIALECT)
        except CompileError:
            continue  # a type that only the project's own compiler knows; selecting it is proof enough
        yield {"schema": table.schema, "table": table.name, "column": column.name, "type": printed}


def _native_enum(column: Column[Any]) -> Enum | None:
    kind = _on_postgresql(column.type)
    while isinstance(kind, (ARRAY, postgresql.DOMAIN)):
        kind = _on_postgresql(kind.item_type if isinstance(kind, ARRAY) else kind.data_type)
    return kind if isinstance(kind, Enum) and kind.native_enum else None


def _on_postgresql(kind: TypeEngine[Any]) -> TypeEngine[Any]:
    """What a type is on this dialect: without its decorators, and the variant that is meant for it."""
    own = kind._variant_mapping.get(_DIALECT.name, kind)
    return _on_postgresql(own.impl_instance) if isinstance(own, TypeDecorator) else own
