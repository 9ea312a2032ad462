"""From the rows of the catalog queries to a snapshot."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from interlock.schema import items as made
from interlock.schema.items import Item
from interlock.schema.name import Kind, Name
from interlock.schema.snapshot import Snapshot

Row = Sequence[Any]
Rows = Mapping[str, Sequence[Row]]
"""The rows of each query, by its name.

Those of an object begin with: its oid, the number of its column or 0, its owner, its schema, its table or own name,
what it is called inside of that, its kind.
"""

_KINDS = {str(kind): kind for kind in Kind}
# Where the oid of an object of each kind is from: comments, grants and the members of extensions are told by that.
_CATALOGS: Mapping[Kind, str] = {
    Kind.EXTENSION: "pg_extension",
    Kind.LANGUAGE: "pg_language",
    Kind.SCHEMA: "pg_namespace",
    Kind.COLLATION: "pg_collation",
    **dict.fromkeys((Kind.ENUM, Kind.DOMAIN, Kind.COMPOSITE, Kind.RANGE, Kind.BASE_TYPE), "pg_type"),
    **dict.fromkeys((Kind.SEQUENCE, Kind.TABLE, Kind.FOREIGN_TABLE, Kind.VIEW, Kind.MATERIALIZED_VIEW), "pg_class"),
    **dict.fromkeys((Kind.COLUMN, Kind.INDEX), "pg_class"),
    **dict.fromkeys((Kind.PRIMARY_KEY, Kind.UNIQUE, Kind.FOREIGN_KEY, Kind.CHECK, Kind.EXCLUSION), "pg_constraint"),
    Kind.DOMAIN_CONSTRAINT: "pg_constraint",
    Kind.TRIGGER: "pg_trigger",
    Kind.RULE: "pg_rewrite",
    Kind.POLICY: "pg_policy",
    **dict.fromkeys((Kind.FUNCTION, Kind.PROCEDURE, Kind.AGGREGATE), "pg_proc"),
    Kind.STATISTICS: "pg_statistic_ext",
    Kind.OPERATOR: "pg_operator",
    Kind.OPERATOR_FAMILY: "pg_opfamily",
    Kind.OPERATOR_CLASS: "pg_opclass",
    Kind.CAST: "pg_cast",
    Kind.CONVERSION: "pg_conversion",
    Kind.TRANSFORM: "pg_transform",
    Kind.ACCESS_METHOD: "pg_am",
    Kind.SEARCH_PARSER: "pg_ts_parser",
    Kind.SEARCH_TEMPLATE: "pg_ts_template",
    Kind.SEARCH_DICTIONARY: "pg_ts_dict",
    Kind.SEARCH_CONFIGURATION: "pg_ts_config",
    Kind.WRAPPER: "pg_foreign_data_wrapper",
    Kind.SERVER: "pg_foreign_server",
    Kind.USER_MAPPING: "pg_user_mapping",
    Kind.EVENT_TRIGGER: "pg_event_trigger",
    Kind.PUBLICATION: "pg_publication",
    Kind.SUBSCRIPTION: "pg_subscription",
    Kind.DEFAULT_PRIVILEGES: "pg_default_acl",
}
_CONTAINERS = frozenset({Kind.TABLE, Kind.FOREIGN_TABLE, Kind.VIEW, Kind.MATERIALIZED_VIEW, Kind.DOMAIN})
# pg_get_constraintdef ends with what other columns of the row say, each for itself.
_FLAGS = re.compile(r"( NO INHERIT| DEFERRABLE| INITIALLY DEFERRED| NOT ENFORCED| NOT VALID)+\Z")

# What stands before the predicate in the definition of a partial index: a quoted text or name is passed over whole.
_PREDICATE = re.compile(r"""\A(?:[^'"]|'[^']*'|"[^"]*")*? WHERE """)


def snapshot_from_rows(
    rows: Rows, *, unread: Iterable[str] = (), major: int = 0, roles: Iterable[str] = ()
) -> Snapshot:
    """Build the snapshot that the rows of each query describe. What belongs to an extension is left out."""
    members = set(map(tuple, rows.get("members", ())))
    common, told = _common_values(rows)
    items: dict[Name, Item] = {}
    containers: set[tuple[str, str]] = set()
    for query, make in MAKERS.items():
        for oid, number, owner, schema, table, item, kind, *rest in rows.get(query, ()):
            catalog = _CATALOGS[kind]
            if item:
                # What belongs to something that is left out is left out too.
                if (schema, table) not in containers:
                    members.add((catalog, oid))
                    continue
            elif (catalog, oid) in members:
                continue
            name = Name(_KINDS[kind], schema, table, item)
            if kind in _CONTAINERS:
                containers.add((schema, table))
            values = common.get((catalog, oid, number), _NOTHING)
            if values:
                told.pop((catalog, oid, number), None)
            if owner:
                values = {**values, "owner": owner}
            items[name] = make(name, number, *rest, **values)
    passed_over = (what for (catalog, oid, _), what in told.items() if (catalog, oid) not in members)
    unmodelled = {
        *(f"comment or grant on {what}" for what in passed_over),
        *(what for (what,) in rows.get("unmodelled", ())),
    }
    return Snapshot(items, tuple(unread), tuple(sorted(unmodelled)), major, frozenset(roles))


_NOTHING: Mapping[str, Any] = {}
Key = tuple[str, int, int]
"""The catalog, the oid, and the number of the column or 0."""


def _common_values(rows: Rows) -> tuple[Mapping[Key, Mapping[str, Any]], dict[Key, str]]:
    """Comments and grants; and of each the name in words, where it can be of something that no query gives."""
    values: dict[Key, dict[str, Any]] = {}
    told: dict[Key, str] = {}
    for catalog, oid, number, attribute, comment, what in rows.get("comments", ()):
        key = (catalog, oid, number)
        values.setdefault(key, {})[attribute] = comment
        if what:
            told[key] = what
    for catalog, oid, number, grant, what in rows.get("grants", ()):
        key = (catalog, oid, number)
        of_object = values.setdefault(key, {})
        of_object["grants"] = tuple(sorted((*of_object.get("grants", ()), grant)))
        if what:
            told[key] = what
    return values, told


def _listed(values: Iterable[str] | None) -> tuple[str, ...]:
    return tuple(values or ())


def _sorted(values: Iterable[str] | None) -> tuple[str, ...]:
    return tuple(sorted(values)) if values else ()


def _schema(name: Name, _number: int, **common: Any) -> Item:
    return made.Schema(name, **common)


def _extension(name: Name, _number: int, version: str, schema: str, **common: Any) -> Item:
    return made.Extension(name, version, schema, **common)


def _enum(name: Name, _number: int, labels: list[str] | None, **common: Any) -> Item:
    return made.Enum(name, _listed(labels), **common)


def _domain(
    name: Name, _number: int, kind: str, nullable: bool, default: str | None, collation: str | None, **common: Any
) -> Item:
    return made.Domain(name, kind, nullable, default, collation or "", **common)


def _composite(
    name: Name, _number: int, attributes: list[str] | None, comments: list[str] | None, **common: Any
) -> Item:
    return made.Composite(name, _listed(attributes), _listed(comments), **common)


def _range(name: Name, _number: int, options: list[str] | None, **common: Any) -> Item:
    return made.Range(name, _listed(options), **common)


def _sequence(
    name: Name,
    _number: int,
    kind: str,
    start: int,
    increment: int,
    minimum: int,
    maximum: int,
    cache: int,
    is_cycling: bool,
    persistence: str,
    owner_schema: str | None,
    owner_table: str | None,
    owner_column: str | None,
    is_identity: bool,
    **common: Any,
) -> Item:
    column = Name(Kind.COLUMN, owner_schema or "", owner_table or "", owner_column) if owner_column else None
    return made.Sequence(
        name,
        kind,
        start,
        increment,
        minimum,
        maximum,
        cache,
        is_cycling,
        persistence,
        column,
        is_identity,
        **common,
    )


def _table(
    name: Name,
    _number: int,
    partition_key: str | None,
    part_of: str | None,
    is_detaching: bool,
    persistence: str,
    row_security: bool,
    forces_row_security: bool,
    replica_identity: str,
    access_method: str | None,
    options: list[str] | None,
    toast_options: list[str] | None,
    of_type: str | None,
    clustered_on: str | None,
    server: str | None,
    tablespace: str | None,
    **common: Any,
) -> Item:
    return made.Table(
        name,
        partition_key,
        part_of,
        is_detaching,
        persistence,
        row_security,
        forces_row_security,
        replica_identity,
        access_method or "",
        _sorted(options),
        _sorted(toast_options),
        of_type or "",
        clustered_on or "",
        server or "",
        tablespace or "",
        **common,
    )


def _view(
    name: Name,
    _number: int,
    query: str,
    options: list[str] | None,
    access_method: str | None,
    clustered_on: str | None,
    tablespace: str | None,
    **common: Any,
) -> Item:
    # Only the name of the server's default method is left out, and only a materialized view has one.
    return made.View(name, query, _sorted(options), access_method or "", clustered_on or "", tablespace or "", **common)


def _column(
    name: Name,
    number: int,
    kind: str,
    nullable: bool,
    default: str | None,
    filled_by: str,
    collation: str | None,
    storage: str | None,
    compression: str | None,
    statistics_target: int | None,
    options: list[str] | None,
    not_null_is_validated: bool,
    not_null_is_inherited: bool,
    is_inherited: bool,
    **common: Any,
) -> Item:
    return made.Column(
        name,
        kind,
        nullable,
        default,
        filled_by,
        collation or "",
        storage or "",
        compression or "",
        statistics_target,
        _sorted(options),
        not_null_is_validated,
        not_null_is_inherited,
        is_inherited,
        position=number,
        **common,
    )


def _constraint(
    name: Name,
    _number: int,
    definition: str,
    is_validated: bool,
    is_enforced: bool,
    is_deferrable: bool,
    is_deferred: bool,
    is_inherited_below: bool,
    index_is_valid: bool,
    options: list[str] | None,
    **common: Any,
) -> Item:
    return made.Constraint(
        name,
        _FLAGS.sub("", definition),
        # What is not enforced was never validated: told once.
        is_validated or not is_enforced,
        is_enforced,
        is_deferrable,
        is_deferred,
        is_inherited_below,
        index_is_valid,
        _sorted(options),
        **common,
    )


def _index(
    name: Name,
    _number: int,
    definition: str,
    is_unique: bool,
    is_valid: bool,
    method: str,
    is_partial: bool,
    nulls_are_distinct: bool,
    tablespace: str | None,
    **common: Any,
) -> Item:
    return made.Index(
        name,
        definition,
        is_unique,
        is_valid,
        method,
        _PREDICATE.sub("", definition, count=1) if is_partial else "",
        nulls_are_distinct,
        tablespace or "",
        **common,
    )


def _routine(
    name: Name,
    _number: int,
    definition: str,
    result: str | None,
    volatility: str,
    is_security_definer: bool,
    settings: list[str] | None,
    **common: Any,
) -> Item:
    return made.Routine(name, definition, result or "", volatility, is_security_definer, _sorted(settings), **common)


def _trigger(name: Name, _number: int, definition: str, enabled: str, **common: Any) -> Item:
    return made.Trigger(name, definition, enabled, **common)


def _policy(
    name: Name,
    _number: int,
    command: str,
    is_permissive: bool,
    roles: list[str] | None,
    using: str | None,
    check: str | None,
    **common: Any,
) -> Item:
    return made.Policy(name, command, is_permissive, _sorted(roles), using, check, **common)


def _definition(name: Name, _number: int, definition: str, enabled: str, **common: Any) -> Item:
    return made.Definition(name, definition, enabled, **common)


MAKERS: Mapping[str, Callable[..., Item]] = {
    "schemas": _schema,
    "extensions": _extension,
    "enums": _enum,
    "domains": _domain,
    "composites": _composite,
    "ranges": _range,
    "base_types": _definition,
    "sequences": _sequence,
    "tables": _table,
    "views": _view,
    "columns": _column,
    "constraints": _constraint,
    "indexes": _index,
    "triggers": _trigger,
    "rules": _trigger,
    "policies": _policy,
    "routines": _routine,
    "aggregates": _routine,
    "statistics": _definition,
    "operators": _definition,
    "text_search": _definition,
    "foreign": _definition,
    "event_triggers": _definition,
    "publications": _definition,
    "subscriptions": _definition,
    "default_privileges": _definition,
}
"""The queries that give objects, and the function that makes one of a row. What belongs to something comes after it."""
