"""The catalogue: kinds of single mutation, each generated from the live catalog of whatever database it is tried on.

A kind is a query that finds, in one database, every place where this damage can be done: the object that has to be
named afterwards (`schema`, `table`, `item`), and the statements that do the damage (`damage`). The seed chooses.
"""

import random
from dataclasses import dataclass
from typing import Literal

import psycopg
from psycopg.rows import dict_row

from bench.drift.statements import FRAGMENTS

Change = Literal["Missing", "Unexpected", "Altered"]

# What is refused everywhere says nothing about a tool; some statements are refused in some places only.
TRIES = 25


@dataclass(frozen=True)
class Kind:
    """One kind of damage, and what a tool has to tell of it: how it departs, what kind of object, which attribute."""

    name: str
    change: Change
    object_kind: str
    query: str
    attributes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Damage:
    """One kind of damage in one place of one database."""

    kind: Kind
    statements: str
    schema: str | None
    table: str | None
    item: str | None
    new_name: str | None = None

    @property
    def named(self) -> str:
        """The own name of what was damaged."""
        return self.item or self.table or self.schema or ""

    @property
    def place(self) -> str:
        """The whole name of what was damaged."""
        return ".".join(part for part in (self.schema, self.table, self.item) if part)


CATALOGUE: list[Kind] = []


def kind(name: str, change: Change, object_kind: str, query: str, *attributes: str) -> None:
    """Add a kind to the catalogue."""
    CATALOGUE.append(Kind(name, change, object_kind, query, attributes))


def find_damage(connection: psycopg.Connection, wanted: Kind, seed: str) -> list[Damage]:
    """List where one kind of damage can be done, in the order that the seed gives."""
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(FRAGMENTS + wanted.query).fetchall()
    found = sorted(
        (
            Damage(
                wanted, row["damage"], row.get("schema"), row.get("table"), row.get("item"), row.get("new_name")
            )
            for row in rows
        ),
        key=lambda damage: (damage.place, damage.statements),
    )
    random.Random(f"{seed} {wanted.name}").shuffle(found)  # noqa: S311
    return found[:TRIES]


# Columns ------------------------------------------------------------------------------------------------------------

COLUMN = 'select schema, "table", item, format({damage}) as damage from columns where {where}'


def column(name: str, damage: str, where: str, *attributes: str, change: Change = "Altered") -> None:
    """Add a kind of damage to a column: the arguments of format(), and which columns."""
    kind(f"column: {name}", change, "column", COLUMN.format(damage=damage, where=where), *attributes)


column("dropped", "'alter table %s drop column %s cascade', sql, col", "true", change="Missing")
kind(
    "column: extra",
    "Unexpected",
    "column",
    """select schema, name as "table", 'drift_extra' as item,
              format('alter table %s add column drift_extra integer', sql) as damage from plain""",
)
kind(
    "column: renamed",
    "Missing",
    "column",
    """select schema, "table", item, left(item, 50) || '_x' as new_name,
              format('alter table %s rename column %s to %I', sql, col, left(item, 50) || '_x') as damage from columns""",
)
column("longer varchar", "'alter table %s alter column %s type varchar(%s)', sql, col, length + 1",
       "base_type = 'varchar' and length is not null", "type")  # fmt: skip
column("varchar without its length", "'alter table %s alter column %s type varchar', sql, col",
       "base_type = 'varchar' and length is not null", "type")  # fmt: skip
column("varchar made text", "'alter table %s alter column %s type text', sql, col", "base_type = 'varchar'", "type")
column("text made varchar", "'alter table %s alter column %s type varchar(99)', sql, col", "base_type = 'text'", "type")
column("integer made bigint", "'alter table %s alter column %s type bigint', sql, col", "base_type = 'int4'", "type")
column("integer made numeric", "'alter table %s alter column %s type numeric using %2$s::numeric', sql, col",
       "base_type in ('int4', 'int8', 'float8') and attidentity = ''", "type")  # fmt: skip
column("numeric of another scale", "'alter table %s alter column %s type numeric(30, 7)', sql, col",
       "base_type = 'numeric' and attgenerated = ''", "type")  # fmt: skip
column("timestamp of the other kind",
       "'alter table %s alter column %s type %s', sql, col, case base_type when 'timestamp' then 'timestamptz' else 'timestamp' end",
       "base_type in ('timestamp', 'timestamptz')", "type")  # fmt: skip
column("timestamp of another precision", "'alter table %s alter column %s type %I(1)', sql, col, base_type",
       "base_type in ('timestamp', 'timestamptz')", "type")  # fmt: skip
column("json made jsonb", "'alter table %s alter column %s type jsonb using %2$s::jsonb', sql, col",
       "base_type = 'json'", "type")  # fmt: skip
column("enum made text", "'alter table %s alter column %s drop default, alter column %2$s type text', sql, col",
       "typtype = 'e'", "type")  # fmt: skip
column("NOT NULL lost", "'alter table %s alter column %s drop not null', sql, col",
       "attnotnull and not is_key and attidentity = ''", "nullable")  # fmt: skip
column("NOT NULL added", "'alter table %s alter column %s set not null', sql, col", "not attnotnull", "nullable")
column("NOT NULL left NOT VALID",
       "'alter table %s alter column %s drop not null, add constraint drift_not_null not null %2$s not valid', sql, col",
       "attnotnull and not is_key and attidentity = ''", "not_null_is_validated")  # fmt: skip
column("default lost", "'alter table %s alter column %s drop default', sql, col", "default_text is not null", "default")
column("default changed", "'alter table %s alter column %s set default %s', sql, col, other_default",
       "default_text is not null and other_default is not null", "default")  # fmt: skip
column("default added", "'alter table %s alter column %s set default %s', sql, col, other_default",
       "default_text is null and attidentity = '' and attgenerated = '' and other_default is not null", "default")  # fmt: skip
column("identity lost", "'alter table %s alter column %s drop identity', sql, col", "attidentity <> ''", "filled_by")
column("identity ALWAYS or BY DEFAULT",
       "'alter table %s alter column %s set generated %s', sql, col, case attidentity when 'a' then 'by default' else 'always' end",
       "attidentity <> ''", "filled_by")  # fmt: skip
column("identity added", "'alter table %s alter column %s add generated by default as identity', sql, col",
       "attidentity = '' and attnotnull and base_type in ('int4', 'int8') and default_text is null", "filled_by")  # fmt: skip
column("generated made plain", "'alter table %s alter column %s drop expression', sql, col",
       "attgenerated = 's'", "filled_by")  # fmt: skip
column("generated by another expression", "'alter table %s alter column %s set expression as (%s)', sql, col, generated || ' + 1'",
       "attgenerated <> '' and base_type in ('numeric', 'int4')", "default")  # fmt: skip
column("another collation",
       "'alter table %s alter column %s type %s collate %s', sql, col, type, case when attcollation = 100 then '\"C\"' else '\"default\"' end",
       "base_type in ('text', 'varchar') and attgenerated = ''", "collation")  # fmt: skip
column("another storage", "'alter table %s alter column %s set storage %s', sql, col, case attstorage when 'e' then 'main' else 'external' end",
       "attstorage <> 'p'", "storage")  # fmt: skip
column("another compression", "'alter table %s alter column %s set compression pglz', sql, col",
       "attstorage in ('x', 'm') and attcompression <> 'p'", "compression")  # fmt: skip
column("statistics target", "'alter table %s alter column %s set statistics 77', sql, col", "true",
       "statistics_target")  # fmt: skip
column("n_distinct", "'alter table %s alter column %s set (n_distinct = -0.25)', sql, col", "true", "options")
column("comment added or changed", "'comment on column %s.%s is ''drift''', sql, col", "true", "comment")
column("comment lost", "'comment on column %s.%s is null', sql, col", "col_description(attrelid, attnum) is not null",
       "comment")  # fmt: skip
column("granted to a role", "'grant select (%2$s) on %1$s to every_owner', sql, col", "true", "grants")

# Constraints --------------------------------------------------------------------------------------------------------

CONSTRAINT_KINDS = {
    "p": "primary key",
    "u": "unique constraint",
    "f": "foreign key",
    "c": "check constraint",
    "x": "exclusion constraint",
}
CONSTRAINT = """select schema, "table", item, format({damage}) as damage from constraints
                 where contype = '{contype}' and {where}"""
AGAIN = "'alter table %s drop constraint %s cascade, add constraint %2$s %s', sql, con, "


def constraint(
    contype: str, name: str, damage: str, where: str, *attributes: str, change: Change = "Altered"
) -> None:
    """Add a kind of damage to one kind of constraint."""
    object_kind = CONSTRAINT_KINDS[contype]
    query = CONSTRAINT.format(damage=damage, contype=contype, where=where)
    kind(f"{object_kind}: {name}", change, object_kind, query, *attributes)


def extra_constraint(contype: str, definition: str, where: str) -> None:
    """Add the kind that a constraint is there which nothing declares."""
    kind(
        f"{CONSTRAINT_KINDS[contype]}: extra",
        "Unexpected",
        CONSTRAINT_KINDS[contype],
        f"""select schema, "table", 'drift_extra' as item,
                   format('alter table %s add constraint drift_extra {definition}', sql, col) as damage
              from columns where {where}""",
    )


DEFINITION = ("definition",)
for each, there in {"p": "true", "u": "true", "f": "true", "c": "true", "x": "true"}.items():
    constraint(each, "dropped", "'alter table %s drop constraint %s cascade', sql, con", there, change="Missing")
constraint("p", "over other columns", AGAIN + "'primary key (' || other_columns || ')'", "other_columns is not null",
           *DEFINITION)  # fmt: skip
constraint("u", "DEFERRABLE", AGAIN + "definition || ' deferrable'", "not condeferrable", "is_deferrable")
constraint("u", "NULLS NOT DISTINCT",
           AGAIN + "regexp_replace(definition, '^UNIQUE \\(', 'UNIQUE NULLS NOT DISTINCT (')",
           "definition ~ '^UNIQUE \\('", *DEFINITION)  # fmt: skip
constraint("u", "over fewer columns", AGAIN + "'unique (' || first_column || ')'", "cardinality(conkey) > 1",
           *DEFINITION)  # fmt: skip
extra_constraint("u", "unique (%s)", "base_type in ('int4', 'int8', 'text', 'varchar') and not is_key")
constraint("f", "another ON DELETE",
           AGAIN + "regexp_replace(regexp_replace(definition, ' ON DELETE (SET NULL|SET DEFAULT|CASCADE|RESTRICT)', ''),"
           " '(REFERENCES [^(]+\\([^)]+\\)( MATCH FULL)?)', '\\1 ON DELETE ' || case confdeltype when 'r' then 'CASCADE' else 'RESTRICT' end)",
           "true", *DEFINITION)  # fmt: skip
constraint("f", "another ON UPDATE",
           AGAIN + "regexp_replace(regexp_replace(definition, ' ON UPDATE (SET NULL|SET DEFAULT|CASCADE|RESTRICT)', ''),"
           " '(REFERENCES [^(]+\\([^)]+\\)( MATCH FULL)?)', '\\1 ON UPDATE ' || case confupdtype when 'c' then 'RESTRICT' else 'CASCADE' end)",
           "true", *DEFINITION)  # fmt: skip
constraint("f", "DEFERRABLE", "'alter table %s alter constraint %s deferrable initially deferred', sql, con",
           "not condeferrable", "is_deferrable")  # fmt: skip
constraint("f", "left NOT VALID", AGAIN + "definition || ' not valid'", "convalidated", "is_validated")
constraint("f", "NOT ENFORCED", "'alter table %s alter constraint %s not enforced', sql, con",
           "definition !~ 'NOT ENFORCED'", "is_enforced")  # fmt: skip
extra_constraint("f", "foreign key (%2$s) references %1$s (%2$s)",
                 "is_whole_key and base_type in ('int4', 'int8', 'varchar', 'uuid')")  # fmt: skip
constraint("c", "another condition", AGAIN + "'check ((' || substr(definition, 7) || ') or 1 = 2)'",
           "definition !~ 'NO INHERIT|NOT VALID|NOT ENFORCED'", *DEFINITION)  # fmt: skip
constraint("c", "left NOT VALID", AGAIN + "definition || ' not valid'", "convalidated", "is_validated")
constraint("c", "NOT ENFORCED", AGAIN + "definition || ' not enforced'",
           "convalidated and definition !~ 'NOT ENFORCED'", "is_enforced")  # fmt: skip
constraint("c", "NO INHERIT", AGAIN + "definition || ' no inherit'", "not connoinherit and convalidated",
           "is_inherited_below")  # fmt: skip
extra_constraint("c", "check (%2$s is not null or 1 = 1)", "true")
constraint("x", "without its condition", AGAIN + "regexp_replace(definition, ' WHERE .*$', '')",
           "definition ~ ' WHERE '", *DEFINITION)  # fmt: skip
constraint("x", "another operator", AGAIN + "replace(definition, ' WITH <>', ' WITH =')", "definition ~ ' WITH <>'",
           *DEFINITION)  # fmt: skip
kind(
    "constraint: renamed",
    "Missing",
    "check constraint or foreign key or unique constraint",
    """select schema, "table", item, 'drift_renamed' as new_name,
              format('alter table %s rename constraint %s to drift_renamed', sql, con) as damage
         from constraints where contype in ('c', 'f', 'u')""",
)
kind(
    "constraint: comment",
    "Altered",
    "check constraint or foreign key or unique constraint or primary key or exclusion constraint",
    """select schema, "table", item, format('comment on constraint %s on %s is ''drift''', con, sql) as damage
         from constraints where contype <> 'n'""",
    "comment",
)

# Indexes ------------------------------------------------------------------------------------------------------------

INDEX = 'select schema, "table", item, format({damage}) as damage from {source} where {where}'
REBUILT = "'drop index %s; %s', index, "


def index(name: str, damage: str, where: str, *attributes: str, source: str = "indexes", change: Change = "Altered") -> None:
    """Add a kind of damage to an index that no constraint owns."""
    query = INDEX.format(damage=damage, source=source, where=where)
    kind(f"index: {name}", change, "index", query, *attributes)


index("dropped", "'drop index %s cascade', index", "true", change="Missing")
kind(
    "index: extra",
    "Unexpected",
    "index",
    """select schema, "table", 'drift_extra' as item,
              format('create index drift_extra on %s (%s)', sql, col) as damage
         from columns where base_type in ('int4', 'int8', 'text', 'varchar', 'timestamp', 'timestamptz')""",
)
kind(
    "index: renamed",
    "Missing",
    "index",
    """select schema, "table", item, 'drift_renamed' as new_name,
              format('alter index %s rename to drift_renamed', index) as damage from indexes""",
)
index("left INVALID", "'update pg_index set indisvalid = false where indexrelid = %s', indexrelid", "true", 
      "is_valid")  # fmt: skip
index("left not ready",
      "'update pg_index set indisvalid = false, indisready = false where indexrelid = %s', indexrelid", "true", 
      "is_valid")  # fmt: skip
index("columns in another order", REBUILT + "create_as || ' (' || reversed || ')'", "cardinality(keys) > 1", *DEFINITION,
      source="simple_indexes")  # fmt: skip
index("one column fewer", REBUILT + "create_as || ' (' || keys[1] || ')'", "cardinality(keys) > 1", *DEFINITION,
      source="simple_indexes")  # fmt: skip
index("descending", REBUILT + "create_as || ' (' || keys[1] || ' desc)'", "cardinality(keys) = 1", *DEFINITION,
      source="simple_indexes")  # fmt: skip
index("without its predicate", REBUILT + "regexp_replace(definition, ' WHERE .*$', '')", "definition ~ ' WHERE '",
      "predicate")  # fmt: skip
index("another predicate", REBUILT + "definition || ' and 1 = 1'", "definition ~ ' WHERE '", "predicate")
index("a predicate that nothing declares", REBUILT + "definition || ' where ' || keys[1] || ' is not null'", "true",
      "predicate", source="simple_indexes")  # fmt: skip
index("made unique", REBUILT + "replace(definition, 'CREATE INDEX', 'CREATE UNIQUE INDEX')",
      "not indisunique and method = 'btree'", "is_unique")  # fmt: skip
index("uniqueness lost", REBUILT + "replace(definition, 'CREATE UNIQUE INDEX', 'CREATE INDEX')",
      "indisunique and not indisreplident", "is_unique")  # fmt: skip
index("NULLS NOT DISTINCT", REBUILT + "definition || ' nulls not distinct'",
      "indisunique and definition ~ '\\)$' and definition !~ ' WHERE | WITH | INCLUDE ' and not indisreplident",
      "nulls_are_distinct")  # fmt: skip
index("an included column", REBUILT + "definition || ' include (' || other_column || ')'", "other_column is not null",
      *DEFINITION, source="simple_indexes")  # fmt: skip
index("another operator class", REBUILT + "create_as || ' (' || keys[1] || ' text_pattern_ops)'",
      "cardinality(keys) = 1 and first_type in ('text', 'varchar')", *DEFINITION,
      source="simple_indexes")  # fmt: skip
index("another method", REBUILT + "replace(create_as, 'UNIQUE ', '') || ' using brin (' || keys[1] || ')'",
      "first_type in ('int4', 'int8', 'text', 'varchar', 'timestamp', 'timestamptz')", "method",
      source="simple_indexes")  # fmt: skip
index("an expression instead of its column", REBUILT + "create_as || ' (lower(' || keys[1] || '))'",
      "first_type in ('text', 'varchar')", *DEFINITION, source="simple_indexes")  # fmt: skip
index("another expression", REBUILT + "replace(definition, 'lower(', 'upper(')", "definition ~ 'lower\\('", *DEFINITION)
index("another collation", REBUILT + "create_as || ' (' || keys[1] || ' collate \"POSIX\")'",
      "cardinality(keys) = 1 and first_type in ('text', 'varchar')", *DEFINITION, source="simple_indexes")  # fmt: skip
index("storage parameter", "'alter index %s set (fillfactor = 55)', index", "method in ('btree', 'gist', 'hash')",
      *DEFINITION)  # fmt: skip
kind(
    "table: CLUSTER ON",
    "Altered",
    "table",
    """select schema, "table", format('alter table %s cluster on %I', sql, item) as damage from indexes
        where method = 'btree' and not indisclustered and not is_partial and not is_partitioned""",
    "clustered_on",
)
index("comment", "'comment on index %s is ''drift''', index", "true", "comment")

# Tables -------------------------------------------------------------------------------------------------------------

RELATION = 'select schema, name as "table", format({damage}) as damage from {source} where {where}'


def table(name: str, damage: str, where: str, *attributes: str, source: str = "tables", change: Change = "Altered",
          object_kind: str = "table") -> None:  # fmt: skip
    """Add a kind of damage to something that belongs to no table."""
    query = RELATION.format(damage=damage, source=source, where=where)
    kind(f"{object_kind}: {name}", change, object_kind, query, *attributes)


def extra(object_kind: str, statements: str, name: str = "drift_extra") -> None:
    """Add the kind that an object is there which nothing declares, in one of the schemas."""
    kind(
        f"{object_kind}: extra",
        "Unexpected",
        object_kind,
        f"""select name as schema, '{name}' as "table", format('{statements}', name) as damage from schemas""",
    )


table("dropped", "'drop table %s cascade', sql", "not relispartition", change="Missing")
extra("table", "create table %I.drift_extra (id integer)")
kind(
    "table: renamed",
    "Missing",
    "table",
    """select schema, name as "table", 'drift_renamed' as new_name,
              format('alter table %s rename to drift_renamed', sql) as damage from plain""",
)
kind(
    "table: in another schema",
    "Missing",
    "table",
    """select schema, name as "table",
              format('create schema drift_away; alter table %s set schema drift_away', sql) as damage from plain""",
)
table("UNLOGGED", "'alter table %s set unlogged', sql", "relpersistence = 'p'", "persistence", source="plain")
table("UNLOGGED made logged", "'alter table %s set logged', sql", "relpersistence = 'u'", "persistence", source="plain")
table("storage parameter", "'alter table %s set (fillfactor = 55)', sql", "true", "options", source="plain")  # fmt: skip
table("storage parameter lost", "'alter table %s reset (fillfactor)', sql", "reloptions::text ~ 'fillfactor'",
      "options", source="plain")  # fmt: skip
table("storage parameter of its TOAST table", "'alter table %s set (toast.autovacuum_enabled = false)', sql",
      "reltoastrelid <> 0 and not exists (select from pg_class t where t.oid = reltoastrelid and t.reloptions is not null)",
      "toast_options", source="plain")  # fmt: skip
table("row-level security on", "'alter table %s enable row level security', sql", "not relrowsecurity",
      "row_security", source="plain")  # fmt: skip
table("row-level security off", "'alter table %s disable row level security', sql", "relrowsecurity",
      "row_security", source="plain")  # fmt: skip
table("row-level security forced", "'alter table %s force row level security', sql", "not relforcerowsecurity",
      "forces_row_security", source="plain")  # fmt: skip
table("replica identity", "'alter table %s replica identity full', sql", "relreplident <> 'f'", "replica_identity")  # fmt: skip
table("replica identity by an index lost", "'alter table %s replica identity default', sql", "relreplident = 'i'",
      "replica_identity")  # fmt: skip
table("owner", "'alter table %s owner to every_owner', sql", "owner <> 'every_owner'", "owner", source="plain")
table("granted to a role", "'grant select, insert on %s to every_owner', sql", "owner <> 'every_owner'", "grants")
table("granted to everybody", "'grant select on %s to public', sql", "relacl is null", "grants")
table("grant revoked", "'revoke all on %s from \"every reader\"', sql", "relacl::text ~ 'every reader'", "grants")
table("grant option added", "'grant select on %s to \"every reader\" with grant option', sql",
      "relacl::text ~ 'every reader'", "grants")  # fmt: skip
table("comment", "'comment on table %s is ''drift''', sql", "true", "comment")
table("comment lost", "'comment on table %s is null', sql", "obj_description(tables.oid, 'pg_class') is not null", "comment")
table("access method", "'create access method drift_heap type table handler heap_tableam_handler; alter table %s set access method drift_heap', sql",
      "true", "access_method", source="plain")  # fmt: skip
table("no longer of its type", "'alter table %s not of', sql", "reloftype <> 0", "of_type")
table("inheritance lost", "'alter table %s no inherit %s', sql, parent", "not relispartition", "part_of", source="children")  # fmt: skip
table("partition detached", "'alter table %s detach partition %s', parent, sql", "relispartition", "part_of", source="children")  # fmt: skip
table("partition of other bounds",
      "'alter table %s detach partition %s; alter table %1$s attach partition %2$s %s', parent, sql, replace(bounds, '2024-01-01', '2024-02-01')",
      "relispartition and bounds ~ '^FOR VALUES FROM .*2024-01-01'", "part_of",
      source="children")  # fmt: skip
table("partition missing", "'drop table %s', sql", "relispartition", source="children", change="Missing")

# Enums, domains, composite types, ranges ----------------------------------------------------------------------------

LABELS = ("labels",)
table("label added", "'alter type %s add value ''drift''', sql", "true", *LABELS, source="enums", object_kind="enum")
table("label added before the first", "'alter type %s add value ''drift'' before %L', sql, labels[1]",
      "cardinality(labels) > 0", *LABELS, source="enums", object_kind="enum")  # fmt: skip
table("label renamed", "'alter type %s rename value %L to ''drift''', sql, labels[1]", "cardinality(labels) > 0",
      *LABELS, source="enums", object_kind="enum")  # fmt: skip
table("label missing",
      "'delete from pg_enum where enumtypid = %s and enumlabel = %L', oid, labels[cardinality(labels)]",
      "cardinality(labels) > 1", *LABELS, source="enums", object_kind="enum")  # fmt: skip
table("labels in another order", "'update pg_enum set enumsortorder = 100 - enumsortorder where enumtypid = %s', oid",
      "cardinality(labels) > 1", *LABELS, source="enums", object_kind="enum")  # fmt: skip
table("dropped", "'drop type %s cascade', sql", "true", source="enums", change="Missing", object_kind="enum")
extra("enum", "create type %I.drift_extra as enum (''a'', ''b'')")
kind(
    "enum: renamed",
    "Missing",
    "enum",
    """select schema, name as "table", 'drift_renamed' as new_name,
              format('alter type %s rename to drift_renamed', sql) as damage from enums""",
)
table("dropped", "'drop domain %s cascade', sql", "true", source="domains", change="Missing", object_kind="domain")
extra("domain", "create domain %I.drift_extra as integer check (value > 0)")
OF_DOMAIN = """select schema, name as "table", {item} as item, format({damage}) as damage from domains where {item} is not null"""
for name, change, item, damage, attributes in (
    ("check lost", "Missing", "check_name", "'alter domain %s drop constraint %I', sql, check_name", ()),
    ("check added", "Unexpected", "'drift_extra'",
     "'alter domain %s add constraint drift_extra check (value is not null or 1 = 1)', sql", ()),
    ("check validated", "Altered", "unchecked", "'alter domain %s validate constraint %I', sql, unchecked",
     ("is_validated",)),
):  # fmt: skip
    kind(f"domain: {name}", change, "domain constraint", OF_DOMAIN.format(item=item, damage=damage), *attributes)
table("default", "'alter domain %s set default null::%s', sql, type", "true", "default", source="domains",
      object_kind="domain")  # fmt: skip
table("NOT NULL", "'alter domain %s %s not null', sql, case when typnotnull then 'drop' else 'set' end", "true",
      "nullable", source="domains", object_kind="domain")  # fmt: skip
table("dropped", "'drop type %s cascade', sql", "true", source="composites", change="Missing",
      object_kind="composite type")  # fmt: skip
extra("composite type", "create type %I.drift_extra as (a integer, b text)")
FIELDS = ("attributes",)
table("attribute added", "'alter type %s add attribute drift_extra integer cascade', sql", "true", *FIELDS,
      source="composites", object_kind="composite type")  # fmt: skip
table("attribute lost", "'alter type %s drop attribute %I cascade', sql, attributes[1]", "cardinality(attributes) > 0",
      *FIELDS, source="composites", object_kind="composite type")  # fmt: skip
table("attribute of another type", "'alter type %s alter attribute %I type varchar(77) cascade', sql, attributes[1]",
      "cardinality(attributes) > 0", *FIELDS, source="free_composites", object_kind="composite type")  # fmt: skip
table("attribute renamed", "'alter type %s rename attribute %I to drift_renamed cascade', sql, attributes[1]",
      "cardinality(attributes) > 0", *FIELDS, source="composites", object_kind="composite type")  # fmt: skip
table("dropped", "'drop type %s cascade', sql", "true", source="ranges", change="Missing", object_kind="range type")
extra("range type", "create type %I.drift_extra as range (subtype = integer)")
table("without its difference function", "'update pg_range set rngsubdiff = 0 where rngtypid = %s', oid",
      "rngsubdiff <> 0", "options", source="ranges", object_kind="range type")  # fmt: skip
for each, source in {"enum": "enums", "domain": "domains", "composite type": "composites", "range type": "ranges"}.items():
    table("owner", "'alter type %s owner to every_owner', sql", "owner <> 'every_owner'", "owner", source=source,
          object_kind=each)  # fmt: skip
    table("comment", "'comment on type %s is ''drift''', sql", "true", "comment", source=source, object_kind=each)
table("usage revoked", "'revoke usage on type %s from public', sql", "typacl is null", "grants", source="enums",
      object_kind="enum")  # fmt: skip

# Sequences ----------------------------------------------------------------------------------------------------------

for name, clause, where, attribute in (
    ("another increment", "increment by 17", "seqincrement <> 17", "increment"),
    ("another start", "start with 11", "seqstart <> 11 and seqmin <= 11", "start"),
    ("another minimum", "minvalue -77", "seqmin <> -77", "minimum"),
    ("another maximum", "maxvalue 30000", "seqmax <> 30000", "maximum"),
    ("another cache", "cache 33", "seqcache <> 33", "cache"),
    ("CYCLE", "cycle", "not seqcycle", "is_cycling"),
    ("of another type", "as smallint", "typname <> 'int2' and not is_identity", "type"),
):
    table(name, f"'alter sequence %s {clause}', sql", where, attribute, source="sequences",
          object_kind="sequence")  # fmt: skip
table("owned by no column any more", "'alter sequence %s owned by none', sql", "is_owned and not is_identity",
      "owned_by", source="sequences", object_kind="sequence")  # fmt: skip
table("dropped", "'drop sequence %s cascade', sql", "not is_identity", source="sequences", change="Missing",
      object_kind="sequence")  # fmt: skip
extra("sequence", "create sequence %I.drift_extra")
table("granted", "'grant usage on sequence %s to every_owner', sql", "owner <> 'every_owner'", "grants",
      source="sequences", object_kind="sequence")  # fmt: skip
table("comment", "'comment on sequence %s is ''drift''', sql", "true", "comment", source="sequences",
      object_kind="sequence")  # fmt: skip
table("unlogged", "'alter sequence %s set unlogged', sql", "relpersistence = 'p' and not is_owned", "persistence",
      source="sequences", object_kind="sequence")  # fmt: skip

# Views --------------------------------------------------------------------------------------------------------------

table("dropped", "'drop view %s cascade', sql", "true", source="views", change="Missing", object_kind="view")
extra("view", "create view %I.drift_extra as select 1 as one")
table("another query", "'create or replace view %s as select * from (%s) as changed offset 0', sql, body", "not is_updated", "query",
      source="views", object_kind="view")  # fmt: skip
table("security_barrier", "'alter view %s set (security_barrier = %s)', sql, reloptions::text !~ 'barrier=true'",
      "reloptions is not null", "options", source="views", object_kind="view")  # fmt: skip
table("security_invoker", "'alter view %s set (security_invoker = true)', sql",
      "coalesce(reloptions::text, '') !~ 'invoker'", "options", source="views", object_kind="view")  # fmt: skip
table("check option lost", "'alter view %s reset (check_option)', sql", "reloptions::text ~ 'check_option'", "options",
      source="views", object_kind="view")  # fmt: skip
table("owner", "'alter view %s owner to every_owner', sql", "true", "owner", source="views", object_kind="view")
table("granted", "'grant insert on %s to every_owner', sql", "true", "grants", source="views", object_kind="view")
table("comment", "'comment on view %s is ''drift''', sql", "true", "comment", source="views", object_kind="view")
kind(
    "view: default of a column lost",
    "Altered",
    "column",
    """select v.schema, v.name as "table", a.attname as item,
              format('alter view %s alter column %I drop default', v.sql, a.attname) as damage
         from views v join pg_attribute a on a.attrelid = v.oid and a.atthasdef""",
    "default",
)
MATERIALIZED = "materialized view"
table("dropped", "'drop materialized view %s cascade', sql", "true", source="materialized", change="Missing",
      object_kind=MATERIALIZED)  # fmt: skip
extra(MATERIALIZED, "create materialized view %I.drift_extra as select 1 as one")
table("another query", "'drop materialized view %s; create materialized view %1$s as select * from (%s) as changed offset 0', sql, body",
      "true", "query", source="materialized", object_kind=MATERIALIZED)  # fmt: skip
table("storage parameter", "'alter materialized view %s set (fillfactor = 55)', sql", "true", "options",
      source="materialized", object_kind=MATERIALIZED)  # fmt: skip

# Functions, procedures, aggregates ----------------------------------------------------------------------------------


def routine(name: str, damage: str, where: str, *attributes: str, change: Change = "Altered", of: str = "function") -> None:
    """Add a kind of damage to a function, a procedure or an aggregate."""
    prokind = {"function": "f", "procedure": "p", "aggregate": "a"}[of]
    query = RELATION.format(damage=damage, source="routines", where=f"prokind = '{prokind}' and {where}")
    kind(f"{of}: {name}", change, of, query, *attributes)


routine("dropped", "'drop function %s cascade', sql", "true", change="Missing")
routine("another body", "'%s', replace(definition, '$function$', '$function$ ')", "definition ~ 'function' and language in ('sql', 'plpgsql')", *DEFINITION)  # fmt: skip
routine("another volatility", "'alter function %s %s', sql, case provolatile when 'v' then 'stable' else 'volatile' end",
        "true", "volatility")  # fmt: skip
routine("SECURITY DEFINER", "'alter function %s security %s', sql, case when prosecdef then 'invoker' else 'definer' end",
        "true", "is_security_definer")  # fmt: skip
routine("another setting", "'alter function %s set work_mem = ''12MB''', sql", "true", "settings")  # fmt: skip
routine("settings lost", "'alter function %s reset all', sql", "proconfig is not null", "settings")  # fmt: skip
routine("STRICT", "'alter function %s %s', sql, case when proisstrict then 'called on null input' else 'strict' end",
        "language in ('sql', 'plpgsql')", *DEFINITION)  # fmt: skip
routine("PARALLEL", "'alter function %s parallel %s', sql, case proparallel when 'u' then 'safe' else 'unsafe' end",
        "true", *DEFINITION)  # fmt: skip
routine("LEAKPROOF", "'alter function %s %s leakproof', sql, case when proleakproof then 'not' else '' end", "true",
        *DEFINITION)  # fmt: skip
routine("another cost", "'alter function %s cost 77', sql", "true", *DEFINITION)
routine("another default of an argument", "'%s', replace(definition, 'DEFAULT 2', 'DEFAULT 3')",
        "definition ~ 'DEFAULT 2'", *DEFINITION)  # fmt: skip
routine("owner", "'alter function %s owner to every_owner', sql", "true", "owner")
routine("execute revoked", "'revoke execute on function %s from public', sql", "proacl is null", "grants")
routine("comment", "'comment on function %s is ''drift''', sql", "true", "comment")
kind(
    "function: extra overload",
    "Unexpected",
    "function",
    """select schema, name as "table",
              format('create function %I.%I(inet, cidr, macaddr) returns integer language sql as ''select 1''', schema, name) as damage
         from routines where prokind = 'f'""",
)
extra("function", "create function %I.drift_extra() returns integer language sql as ''select 1''")
routine("dropped", "'drop procedure %s', sql", "true", change="Missing", of="procedure")
routine("another body", "'%s', replace(definition, '$procedure$', '$procedure$ ')", "true", *DEFINITION,
        of="procedure")  # fmt: skip
extra("procedure", "create procedure %I.drift_extra() language sql as ''select 1''")
routine("dropped", "'drop aggregate %s', sql", "true", change="Missing", of="aggregate")
routine("another initial value", "'update pg_aggregate set agginitval = ''7'' where aggfnoid = %s', oid",
        "has_initial_value", *DEFINITION,
        of="aggregate")  # fmt: skip
extra("aggregate", "create aggregate %I.drift_extra (integer) (sfunc = int4pl, stype = integer)")

# Triggers, rules, policies ------------------------------------------------------------------------------------------

OF_TABLE = 'select schema, "table", item, format({damage}) as damage from {source} where {where}'


def of_table(object_kind: str, name: str, damage: str, where: str, *attributes: str, change: Change = "Altered") -> None:
    """Add a kind of damage to a trigger, a rule or a policy."""
    source = {"trigger": "triggers", "rule": "rules", "policy": "policies"}[object_kind]
    kind(
        f"{object_kind}: {name}",
        change,
        object_kind,
        OF_TABLE.format(damage=damage, source=source, where=where),
        *attributes,
    )


def extra_of_table(object_kind: str, statements: str) -> None:
    """Add the kind that a trigger, a rule or a policy is there which nothing declares."""
    kind(
        f"{object_kind}: extra",
        "Unexpected",
        object_kind,
        f"""select schema, name as "table", 'drift_extra' as item, format('{statements}', sql) as damage from plain""",
    )


of_table("trigger", "dropped", "'drop trigger %s on %s', trigger, sql", "true", change="Missing")
of_table("trigger", "disabled", "'alter table %s disable trigger %s', sql, trigger", "tgenabled = 'O' and is_on_table",
         "enabled")  # fmt: skip
of_table("trigger", "enabled ALWAYS", "'alter table %s enable always trigger %s', sql, trigger",
         "tgenabled <> 'A' and is_on_table", "enabled")  # fmt: skip
of_table("trigger", "another event",
         "'drop trigger %s on %s; %s', trigger, sql, regexp_replace(definition, ' (BEFORE|AFTER) (INSERT|UPDATE)(?! OR)', ' \\1 DELETE')",
         "definition ~ ' (BEFORE|AFTER) (INSERT|UPDATE) ON' and definition !~ 'REFERENCING|WHEN'", *DEFINITION)  # fmt: skip
of_table("trigger", "without its condition",
         "'drop trigger %s on %s; %s', trigger, sql, regexp_replace(definition, ' WHEN \\(.*\\) EXECUTE', ' EXECUTE')",
         "definition ~ ' WHEN '", *DEFINITION)  # fmt: skip
of_table("trigger", "comment", "'comment on trigger %s on %s is ''drift''', trigger, sql", "true", "comment")
extra_of_table("trigger", "create function drift_trigger() returns trigger language plpgsql as ''begin return new; end'';"
               " create trigger drift_extra before insert on %s for each row execute function drift_trigger()")  # fmt: skip
of_table("rule", "dropped", "'drop rule %s on %s', rule, sql", "true", change="Missing")
of_table("rule", "disabled", "'alter table %s disable rule %s', sql, rule", "ev_enabled = 'O'", "enabled")
of_table("rule", "another action", "'create or replace rule %s as on %s to %s do instead select 1', rule, event, sql",
         "true", *DEFINITION)  # fmt: skip
extra_of_table("rule", "create rule drift_extra as on delete to %s do instead nothing")
of_table("policy", "dropped", "'drop policy %s on %s', policy, sql", "true", change="Missing")
of_table("policy", "another condition", "'alter policy %s on %s using (1 = 1)', policy, sql", "using_text is not null",
         "using")  # fmt: skip
of_table("policy", "another check", "'alter policy %s on %s with check (1 = 1)', policy, sql", "check_text is not null",
         "check")  # fmt: skip
of_table("policy", "for another role", "'alter policy %s on %s to interlock', policy, sql", "true", "roles")
of_table("policy", "permissive or restrictive", "'update pg_policy set polpermissive = not polpermissive where oid = %s', oid",
         "true", "is_permissive")  # fmt: skip
extra_of_table("policy", "create policy drift_extra on %s using (true)")

# What belongs to the whole database ---------------------------------------------------------------------------------

GLOBAL = 'select null as schema, name as "table", format({damage}) as damage from {source} where {where}'


def of_database(object_kind: str, name: str, damage: str, source: str, where: str, *attributes: str,
                change: Change = "Altered") -> None:  # fmt: skip
    """Add a kind of damage to something that is in no schema."""
    query = GLOBAL.format(damage=damage, source=source, where=where)
    kind(f"{object_kind}: {name}", change, object_kind, query, *attributes)


def extra_of_database(object_kind: str, statements: str, name: str = "drift_extra") -> None:
    """Add the kind that something is there, in no schema, which nothing declares."""
    kind(
        f"{object_kind}: extra",
        "Unexpected",
        object_kind,
        f"""select null as schema, '{name}' as "table", '{statements}' as damage""",
    )


SCHEMA = """select null as schema, name as "table", format({damage}) as damage from schemas where {where}"""
for name, damage, where, attributes in (
    ("owner", "'alter schema %I owner to every_owner', name", "owner <> 'every_owner'", ("owner",)),
    ("comment", "'comment on schema %I is ''drift''', name", "true", ("comment",)),
    ("granted", "'grant create on schema %I to every_owner', name", "owner <> 'every_owner'", ("grants",)),
):
    kind(f"schema: {name}", "Altered", "schema", SCHEMA.format(damage=damage, where=where), *attributes)
kind("schema: dropped", "Missing", "schema", SCHEMA.format(damage="'drop schema %I cascade', name", where="name <> 'public'"))
extra_of_database("schema", "create schema drift_extra")
of_database("extension", "dropped", "'drop extension %I cascade', name", "extensions", "true", change="Missing")
extra_of_database("extension", "create extension tablefunc", "tablefunc")
of_database("extension", "in another schema", "'create schema drift_away; alter extension %I set schema drift_away', name", "extensions",
            "extrelocatable", "schema")  # fmt: skip
of_database("extension", "another version", "'update pg_extension set extversion = ''0.0'' where extname = %L', name",
            "extensions", "true", "version")  # fmt: skip
of_database("event trigger", "dropped", "'drop event trigger %I', name", "event_triggers", "true", change="Missing")
of_database("event trigger", "disabled", "'alter event trigger %I disable', name", "event_triggers",
            "evtenabled = 'O'", "enabled")  # fmt: skip
of_database("event trigger", "for other tags", "'update pg_event_trigger set evttags = ''{DROP TABLE}'' where evtname = %L', name",
            "event_triggers", "evttags is not null", *DEFINITION)  # fmt: skip
extra_of_database("event trigger", "create function drift_ddl() returns event_trigger language plpgsql as ''begin end'';"
                  " create event trigger drift_extra on ddl_command_end execute function drift_ddl()")  # fmt: skip
of_database("publication", "dropped", "'drop publication %I', name", "publications", "true", change="Missing")
of_database("publication", "without one of its tables", "'alter publication %I drop table %s', name, member",
            "publications", "member is not null", *DEFINITION)  # fmt: skip
of_database("publication", "publishes other changes", "'alter publication %I set (publish = ''truncate'')', name",
            "publications", "true", *DEFINITION)  # fmt: skip
of_database("publication", "without its row filter", "'alter publication %I set table %s', name, member", "publications",
            "has_filter", *DEFINITION)  # fmt: skip
extra_of_database("publication", "create publication drift_extra")
of_database("subscription", "dropped", "'drop subscription %I', name", "subscriptions", "true", change="Missing")
of_database("subscription", "another publication",
            "'alter subscription %I set publication drift_other with (refresh = false)', name", "subscriptions", "true",
            *DEFINITION)  # fmt: skip
of_database("foreign server", "dropped", "'drop server %I cascade', name", "servers", "true", change="Missing")
of_database("foreign server", "another option", "'alter server %I options (add application_name ''drift'')', name",
            "servers", "true", *DEFINITION)  # fmt: skip
of_database("foreign server", "version", "'alter server %I version ''9.9''', name", "servers", "true", *DEFINITION)
of_database("foreign-data wrapper", "another option", "'alter foreign data wrapper %I options (add drift ''1'')', name",
            "wrappers", "true", *DEFINITION)  # fmt: skip
extra_of_database("foreign-data wrapper", "create foreign data wrapper drift_extra")
of_database("user mapping", "dropped", "'drop user mapping for public server %I', name", "mapped_servers", "true",
            change="Missing")  # fmt: skip
of_database("language", "dropped", "'drop language %I cascade', name", "languages", "true", change="Missing")
of_database("access method", "dropped", "'drop access method %I cascade', name", "access_methods", "true",
            change="Missing")  # fmt: skip
kind(
    "cast: dropped",
    "Missing",
    "cast",
    """select null as schema, null as "table", format('drop cast (%s as %s)', source, target) as damage from casts""",
)
kind(
    "cast: another context",
    "Altered",
    "cast",
    """select null as schema, null as "table",
              format('update pg_cast set castcontext = %L where oid = %s', case castcontext when 'i' then 'e' else 'i' end, oid) as damage
         from casts""",
    *DEFINITION,
)
kind(
    "cast: extra",
    "Unexpected",
    "cast",
    """select null as schema, null as "table", 'create cast (bigint as bytea) with inout' as damage
        where current_setting('server_version_num')::int < 180000
       union all
       select null, null, 'create cast (uuid as inet) with inout'""",
)
kind(
    "transform: dropped",
    "Missing",
    "transform",
    """select null as schema, null as "table", format('drop transform for %s language %I', type, language) as damage
         from transforms""",
)
kind(
    "default privileges: extra",
    "Unexpected",
    "default privileges",
    """select name as schema, null as "table",
              format('alter default privileges in schema %I grant select on tables to every_owner', name) as damage
         from schemas""",
)
kind(
    "default privileges: lost",
    "Missing",
    "default privileges",
    """select schema, null as "table",
              format('alter default privileges in schema %I revoke select on tables from "every reader"', schema) as damage
         from default_privileges where objtype = 'r'""",
)

# The rest of what a schema can hold ---------------------------------------------------------------------------------

for object_kind, source, word in (
    ("collation", "collations", "collation"),
    ("conversion", "conversions", "conversion"),
    ("operator", "operators", "operator"),
    ("text search configuration", "configurations", "text search configuration"),
    ("text search dictionary", "dictionaries", "text search dictionary"),
    ("text search parser", "parsers", "text search parser"),
    ("text search template", "templates", "text search template"),
    ("statistics", "statistics", "statistics"),
    ("foreign table", "foreign_tables", "foreign table"),
    ("operator class", "operator_classes", "operator class"),
    ("operator family", "operator_families", "operator family"),
    ("base type", "base_types", "type"),
):
    table("dropped", f"'drop {word} %s cascade', sql", "true", source=source, change="Missing", object_kind=object_kind)
table("comment", "'comment on operator %s is ''drift''', sql", "true", "comment", source="operators", object_kind="operator")
table("without its estimator", "'alter operator %s set (restrict = none)', sql", "oprrest <> 0", *DEFINITION,
      source="operators", object_kind="operator")  # fmt: skip
extra("operator", "create operator %I.@@#@@ (rightarg = integer, function = int4um)", name="@@#@@")
extra("collation", "create collation %I.drift_extra (provider = libc, locale = ''C'')")
SEARCH = "text search configuration"
table("mapping lost", "'alter text search configuration %s drop mapping for word', sql", "true", *DEFINITION,
      source="configurations", object_kind=SEARCH)  # fmt: skip
table("another dictionary", "'alter text search configuration %s alter mapping for int with english_stem', sql", "true",
      *DEFINITION, source="configurations", object_kind=SEARCH)  # fmt: skip
extra(SEARCH, "create text search configuration %I.drift_extra (parser = pg_catalog.default)")
table("another option", "'alter text search dictionary %s (accept = true)', sql", "true", *DEFINITION,
      source="dictionaries", object_kind="text search dictionary")  # fmt: skip
table("another target", "'alter statistics %s set statistics 33', sql", "true", *DEFINITION, source="statistics", object_kind="statistics")  # fmt: skip
table("another kind", "'drop statistics %s; create statistics %1$s (mcv) on %s from %s', sql, columns, of_table", "columns is not null",
      *DEFINITION, source="statistics", object_kind="statistics")  # fmt: skip
kind(
    "statistics: extra",
    "Unexpected",
    "statistics",
    """select schema, 'drift_extra' as "table",
              format('create statistics %I.drift_extra on %s from %s', schema, string_agg(col, ', '), sql) as damage
         from (select * from columns where base_type in ('int4', 'int8', 'text', 'varchar') and attnum < 8) as columns_to_choose
        group by schema, sql, attrelid having count(*) > 1""",
)
table("another option", "'alter foreign table %s options (add updatable ''false'')', sql", "true", "options",
      source="foreign_tables", object_kind="foreign table")  # fmt: skip
kind(
    "foreign table: another option of a column",
    "Altered",
    "column",
    """select f.schema, f.name as "table", a.attname as item,
              format('alter foreign table %s alter column %I options (set column_name ''drift'')', f.sql, a.attname) as damage
         from foreign_tables f join pg_attribute a on a.attrelid = f.oid and a.attfdwoptions is not null""",
    "options",
)
