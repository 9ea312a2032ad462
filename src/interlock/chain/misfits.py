"""Whether a database gives mapped classes what they expect of its schema."""

from collections.abc import Iterator, Sequence

import psycopg

from interlock.chain.inserts import find_refusals
from interlock.chain.kinds import Kind, clash, type_name
from interlock.chain.mapped import IS_THE_TABLE, MappedEnum, MappedSelect, Misfit, Models
from interlock.chain.room import find_tight_integers
from interlock.chain.uniques import find_not_kept
from interlock.postgres.session import Connection
from interlock.verdict.finding import Signal


def find_misfits(connection: Connection, models: Models) -> Iterator[Misfit]:
    """Select every mapped class without rows; compare enums, kinds and sizes, what is inserted, what is unique.

    The session is read-only afterwards.
    """
    connection.execute("set default_transaction_read_only = on")
    yield from _unselectable(connection, models)
    yield from _mislabelled(connection, models)
    yield from _mistyped(connection, models)
    yield from find_tight_integers(connection, models)
    yield from find_refusals(connection, models.columns)
    yield from find_not_kept(connection, models)


def find_lost_strays(connection: Connection, models: Models) -> Iterator[Misfit]:
    """Select every stray without rows. Whether its table should be there at all, only a person can say."""
    for stray in models.strays:
        error = _error_of(connection, stray)
        if error is None:
            continue
        is_absent = isinstance(error, psycopg.errors.UndefinedTable | psycopg.errors.InvalidSchemaName)
        yield Misfit(
            f"{stray.name} is mapped by other metadata than target_metadata, and cannot be selected: {_told(error)}",
            "give its metadata to env.py too; if it is meant for another database, name its module in exclude_modules",
            Signal.CAUTION if is_absent else Signal.STOP,
        )


def _unselectable(connection: Connection, models: Models) -> Iterator[Misfit]:
    for mapped in models.selects:
        error = _error_of(connection, mapped)
        if error is not None:
            yield Misfit(
                f"{mapped.name} cannot be selected: {_told(error)}",
                "add the revision that makes what the class maps, or correct the class",
            )


def _error_of(connection: Connection, mapped: MappedSelect) -> psycopg.Error | None:
    try:
        connection.execute(mapped.sql.encode())
    except psycopg.Error as error:
        return error
    return None


def _told(error: psycopg.Error) -> str:
    return error.diag.message_primary or str(error)


# The enum behind the type of a column, through arrays of it and domains over it; its labels are null for no enum.
_LIVE_LABELS = f"""
with recursive layer (number, oid) as (
       select wanted.number, a.atttypid
         from unnest(%(schemas)s::text[], %(tables)s::text[], %(columns)s::text[]) with ordinality
              as wanted (schema_name, table_name, column_name, number)
         join pg_catalog.pg_class c
           on {IS_THE_TABLE}
         join pg_catalog.pg_attribute a
           on a.attrelid = c.oid and a.attname = wanted.column_name and not a.attisdropped
     union all
       select layer.number, case t.typtype when 'd' then t.typbasetype else t.typelem end
         from layer
         join pg_catalog.pg_type t on t.oid = layer.oid and (t.typtype = 'd' or t.typcategory = 'A')
)
select layer.number,
       pg_catalog.format_type(layer.oid, null),
       (select array_agg(e.enumlabel::text order by e.enumsortorder)
          from pg_catalog.pg_enum e where e.enumtypid = layer.oid)
  from layer
  join pg_catalog.pg_type t on t.oid = layer.oid and not (t.typtype = 'd' or t.typcategory = 'A')
"""  # noqa: S608 - what is put in is a constant


def _mislabelled(connection: Connection, models: Models) -> Iterator[Misfit]:
    wanted = {
        "schemas": [mapped.schema for mapped in models.enums],
        "tables": [mapped.table for mapped in models.enums],
        "columns": [mapped.column for mapped in models.enums],
    }
    live = {number: (kind, labels) for number, kind, labels in connection.execute(_LIVE_LABELS, wanted)}
    for number, mapped in enumerate(models.enums, start=1):
        problem = _enum_problem(mapped, *live[number]) if number in live else "the column is not there"
        if problem:
            yield Misfit(
                f"{mapped.table}.{mapped.column}: {problem}",
                f"make the labels of {mapped.python} and of the type agree, by a revision or in the class",
            )


# The types of columns through arrays and domains over them, beside those that they are mapped as. A domain that is
# mapped as such is sent and loaded in ways of its own: it counts by its category alone.
_KINDS = f"""
with recursive named as (
       select wanted.number, a.atttypid as live, pg_catalog.format_type(a.atttypid, a.atttypmod) as live_type,
              pg_catalog.to_regtype(wanted.type_name)::oid as mapped
         from unnest(%(schemas)s::text[], %(tables)s::text[], %(columns)s::text[], %(types)s::text[]) with ordinality
              as wanted (schema_name, table_name, column_name, type_name, number)
         join pg_catalog.pg_class c
           on {IS_THE_TABLE}
         join pg_catalog.pg_attribute a
           on a.attrelid = c.oid and a.attname = wanted.column_name and not a.attisdropped
     ), layer (number, is_live, oid, is_array) as (
       select number, true, live, false from named
     union all
       select number, false, mapped, false from named
     union all
       select layer.number, layer.is_live, case t.typtype when 'd' then t.typbasetype else t.typelem end,
              layer.is_array or t.typcategory = 'A'
         from layer
         join pg_catalog.pg_type t
           on t.oid = layer.oid and (t.typtype = 'd' and layer.is_live or t.typtype <> 'd' and t.typcategory = 'A')
     ), kind (number, is_live, category, name, is_range, is_array) as (
       select layer.number, layer.is_live, t.typcategory::text,
              case when t.typnamespace = 'pg_catalog'::pg_catalog.regnamespace then t.typname::text else '' end,
              t.typtype in ('r', 'm'), layer.is_array
         from layer
         join pg_catalog.pg_type t
           on t.oid = layer.oid and not (t.typtype = 'd' and layer.is_live or t.typtype <> 'd' and t.typcategory = 'A')
     )
select number::int, named.live_type,
       mapped.category, mapped.name, mapped.is_range, mapped.is_array,
       live.category, live.name, live.is_range, live.is_array
  from named
  join kind mapped using (number)
  join kind live using (number)
 where live.is_live and not mapped.is_live
 order by number
"""  # noqa: S608 - what is put in is a constant


def _mistyped(connection: Connection, models: Models) -> Iterator[Misfit]:
    named = [(column, name) for column in models.columns if (name := type_name(column))]
    wanted = {
        "schemas": [column.schema for column, _ in named],
        "tables": [column.table for column, _ in named],
        "columns": [column.column for column, _ in named],
        "types": [name for _, name in named],
    }
    for number, live_type, *kinds in connection.execute(_KINDS, wanted):
        misfit = clash(named[number - 1][0], Kind(*kinds[:4]), Kind(*kinds[4:]), live_type)
        if misfit:
            yield misfit


def _enum_problem(mapped: MappedEnum, live: str, labels: Sequence[str] | None) -> str | None:
    if labels is None:
        return f"mapped to the enum {mapped.python}, but its type is {live}"
    lacking = {
        f"enum {live} lacks {{}} of {mapped.python}": [each for each in mapped.labels if each not in labels],
        f"{mapped.python} lacks {{}} of enum {live}": [each for each in labels if each not in mapped.labels],
    }
    told = [text.format(", ".join(map(repr, labels))) for text, labels in lacking.items() if labels]
    return "; ".join(told) or None
