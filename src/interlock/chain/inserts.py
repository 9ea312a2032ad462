"""Whether a database takes the rows that mapped classes insert."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from psycopg.rows import class_row

from interlock.chain.mapped import IS_THE_TABLE, MappedColumn, Misfit
from interlock.postgres.session import Connection
from interlock.verdict.finding import Signal


@dataclass(frozen=True, slots=True)
class LiveColumn:
    """A column of a table that a class is mapped to, as it is in a database.

    `number` is that of the mapped column, counted from one; None where no class maps it. `fills_itself` says that a
    row which leaves it out gets a value, and `has_trigger` that one may be put in before the row is written.
    """

    number: int | None
    table: str
    column: str
    is_not_null: bool
    fills_itself: bool
    is_generated: bool
    has_trigger: bool


# A view has no such columns: what it takes is for its rules to say.
_LIVE_COLUMNS = f"""
with wanted as (
       select * from unnest(%(schemas)s::text[], %(tables)s::text[], %(columns)s::text[]) with ordinality
              as wanted (schema_name, table_name, column_name, number)
     ), mapped as (
       select distinct wanted.schema_name, wanted.table_name, c.oid
         from wanted
         join pg_catalog.pg_class c
           on {IS_THE_TABLE} and c.relkind in ('r', 'p')
     )
select wanted.number::int                                                  as number,
       mapped.table_name                                                   as "table",
       a.attname::text                                                     as "column",
       a.attnotnull                                                        as is_not_null,
       a.atthasdef or a.attidentity <> '' or t.typdefault is not null      as fills_itself,
       a.attgenerated <> '' or a.attidentity = 'a'                         as is_generated,
       -- FOR EACH ROW, BEFORE, INSERT: bits of tgtype (pg_trigger.h).
       exists (select from pg_catalog.pg_trigger
                where tgrelid = mapped.oid and not tgisinternal and tgenabled <> 'D' and tgtype & 7 = 7)
                                                                           as has_trigger
  from mapped
  join pg_catalog.pg_attribute a on a.attrelid = mapped.oid and a.attnum > 0 and not a.attisdropped
  join pg_catalog.pg_type t on t.oid = a.atttypid
  left join wanted
    on wanted.table_name = mapped.table_name and wanted.schema_name is not distinct from mapped.schema_name
   and wanted.column_name = a.attname
 order by mapped.table_name, a.attnum
"""  # noqa: S608 - what is put in is a constant


def find_refusals(connection: Connection, columns: Sequence[MappedColumn]) -> Iterator[Misfit]:
    """Find the columns because of which an INSERT of the ORM is refused, or may be."""
    inserted = [column for column in columns if column.insert is not None]
    wanted = {
        "schemas": [column.schema for column in inserted],
        "tables": [column.table for column in inserted],
        "columns": [column.column for column in inserted],
    }
    with connection.cursor(row_factory=class_row(LiveColumn)) as cursor:
        for live in cursor.execute(_LIVE_COLUMNS, wanted):
            misfit = refusal(live, inserted[live.number - 1] if live.number else None)
            if misfit:
                yield misfit


def refusal(live: LiveColumn, mapped: MappedColumn | None) -> Misfit | None:
    """Say why a row that the ORM inserts is refused because of one column; None where it is not."""
    name = f"{live.table}.{live.column}"
    if mapped is None:
        if not live.is_not_null or live.fills_itself:
            return None
        return Misfit(
            f"{name} is NOT NULL without a default, and no class maps it: {_may(live)} an INSERT of the ORM",
            "map the column, or add the revision that gives it a default or drops it",
            Signal.CAUTION if live.has_trigger else Signal.STOP,
        )
    if live.is_generated and mapped.insert != "nothing":
        return Misfit(
            f"{name} is generated always, and the class writes it: it refuses an INSERT of the ORM",
            "map it with Computed() or Identity(), or with server_default=FetchedValue()",
        )
    if live.is_not_null and mapped.is_nullable and mapped.insert == "null" and not live.has_trigger:
        return Misfit(
            f"{name} is NOT NULL, and the class lets it be None: it refuses an INSERT of the ORM that does not set it",
            "let the class and the chain agree on whether it can be null",
            Signal.CAUTION,
        )
    return None


def _may(live: LiveColumn) -> str:
    return "unless a trigger fills it, it refuses" if live.has_trigger else "it refuses"
