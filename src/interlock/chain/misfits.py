"""Whether a database gives mapped classes what they expect of its schema."""

import re
from collections.abc import Iterator, Sequence

import psycopg

from interlock.chain.inserts import find_refusals
from interlock.chain.mapped import MappedEnum, MappedSelect, Misfit, Models
from interlock.postgres.session import Connection
from interlock.verdict.finding import Signal


def find_misfits(connection: Connection, models: Models) -> Iterator[Misfit]:
    """Select every mapped class without rows, compare every enum, the kind of every column, and what is inserted.

    The session is read-only afterwards.
    """
    connection.execute("set default_transaction_read_only = on")
    yield from _unselectable(connection, models)
    yield from _mislabelled(connection, models)
    yield from _mistyped(connection, models)
    yield from find_refusals(connection, models.columns)


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
_LIVE_LABELS = """
with recursive layer (number, oid) as (
       select wanted.number, a.atttypid
         from unnest(%(schemas)s::text[], %(tables)s::text[], %(columns)s::text[]) with ordinality
              as wanted (schema_name, table_name, column_name, number)
         join pg_catalog.pg_class c
           on c.relname = wanted.table_name
          and case when wanted.schema_name is null then pg_catalog.pg_table_is_visible(c.oid)
                   else c.relnamespace = (select oid from pg_catalog.pg_namespace
                                           where nspname = wanted.schema_name) end
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
"""


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


# Whether a value can be read and written at all depends on the category of its type: number, string, boolean, date
# and time. Within one of them drivers and server convert; all others have too many lawful mappings to judge.
_OTHER_CATEGORY = """
select wanted.table_name || '.' || wanted.column_name,
       wanted.type_name,
       pg_catalog.format_type(a.atttypid, a.atttypmod)
  from unnest(%(schemas)s::text[], %(tables)s::text[], %(columns)s::text[], %(types)s::text[])
       as wanted (schema_name, table_name, column_name, type_name)
  join pg_catalog.pg_class c
    on c.relname = wanted.table_name
   and case when wanted.schema_name is null then pg_catalog.pg_table_is_visible(c.oid)
            else c.relnamespace = (select oid from pg_catalog.pg_namespace where nspname = wanted.schema_name) end
  join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attname = wanted.column_name and not a.attisdropped
  join pg_catalog.pg_type live on live.oid = a.atttypid
  join pg_catalog.pg_type mapped on mapped.oid = pg_catalog.to_regtype(wanted.type_name)
 where live.typcategory <> mapped.typcategory
   and live.typcategory in ('N', 'S', 'B', 'D') and mapped.typcategory in ('N', 'S', 'B', 'D')
"""
# Without its length or precision. What is no plain name (a collation, say) to_regtype would take for a syntax error.
_PLAIN_TYPE = re.compile(r"(?P<name>[A-Za-z][A-Za-z0-9_ ]*?)\s*(\([\d, ]*\))?(?P<zone> WITH(OUT)? TIME ZONE)?\Z")


def _mistyped(connection: Connection, models: Models) -> Iterator[Misfit]:
    matches = [(column, _PLAIN_TYPE.match(column.type)) for column in models.columns]
    plain = [(column, match["name"] + (match["zone"] or "")) for column, match in matches if match]
    differing = connection.execute(
        _OTHER_CATEGORY,
        {
            "schemas": [column.schema for column, _ in plain],
            "tables": [column.table for column, _ in plain],
            "columns": [column.column for column, _ in plain],
            "types": [name for _, name in plain],
        },
    )
    for column, mapped, live in differing:
        yield Misfit(
            f"{column} is {live}, mapped as {mapped}", "add the revision that changes the type, or correct the class"
        )


def _enum_problem(mapped: MappedEnum, live: str, labels: Sequence[str] | None) -> str | None:
    if labels is None:
        return f"mapped to the enum {mapped.python}, but its type is {live}"
    lacking = {
        f"enum {live} lacks {{}} of {mapped.python}": [each for each in mapped.labels if each not in labels],
        f"{mapped.python} lacks {{}} of enum {live}": [each for each in labels if each not in mapped.labels],
    }
    told = [text.format(", ".join(map(repr, labels))) for text, labels in lacking.items() if labels]
    return "; ".join(told) or None
