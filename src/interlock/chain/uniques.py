"""Whether a database keeps unique what mapped classes say is so."""

from collections.abc import Iterator

from interlock.chain.mapped import IS_THE_TABLE, Misfit, Models
from interlock.postgres.session import Connection
from interlock.verdict.finding import Signal

# Nulls are never equal, so one that leaves out rows with a null among its columns keeps the same rule. Whether the
# condition speaks of these alone is known by the columns that it depends on.
_LEAVES_OUT_NULLS = r"""
pg_catalog.pg_get_expr(i.indpred, i.indrelid) ~ '^(\(|\)| AND |("([^"]|"")+"|\w+) IS NOT NULL)+$'
and not exists (select from pg_catalog.pg_depend d
                 where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.objid = i.indexrelid
                   and d.refobjid = i.indrelid and d.refobjsubid <> 0 and d.refobjsubid <> all(i.indkey::int2[]))"""
# One over the same columns in another order keeps the same rule; one over a part of the rows, or over an expression,
# another one. Columns that are not there are told elsewhere, and a view keeps nothing.
_NOT_KEPT = f"""
with wanted as (
       select number::int, c.oid,
              (select array_agg(a.attnum order by a.attnum) from pg_catalog.pg_attribute a
                where a.attrelid = c.oid and not a.attisdropped
                  and a.attname = any(pg_catalog.string_to_array(wanted.column_names, chr(31)))) as numbers,
              pg_catalog.cardinality(pg_catalog.string_to_array(wanted.column_names, chr(31)))     as many
         from unnest(%(schemas)s::text[], %(tables)s::text[], %(columns)s::text[]) with ordinality
              as wanted (schema_name, table_name, column_names, number)
         join pg_catalog.pg_class c
           on {IS_THE_TABLE} and c.relkind in ('r', 'p')
     )
select number
  from wanted
 where pg_catalog.cardinality(numbers) = many
   and not exists (
         select from pg_catalog.pg_index i
          where i.indrelid = wanted.oid and i.indisunique and i.indisvalid and i.indexprs is null
            and (i.indpred is null or {_LEAVES_OUT_NULLS})
            and numbers = (select array_agg(key.attnum order by key.attnum)
                             from unnest(i.indkey::int2[]) with ordinality as key (attnum, place)
                            where key.place <= i.indnkeyatts))
 order by number
"""  # noqa: S608 - what is put in is a constant
_SEPARATOR = "\x1f"


def find_not_kept(connection: Connection, models: Models) -> Iterator[Misfit]:
    """Find what a class says is unique, and no constraint or index over the same columns keeps so."""
    wanted = {
        "schemas": [each.schema for each in models.uniques],
        "tables": [each.table for each in models.uniques],
        "columns": [_SEPARATOR.join(each.columns) for each in models.uniques],
    }
    for (number,) in connection.execute(_NOT_KEPT, wanted):
        unique = models.uniques[number - 1]
        yield Misfit(
            f"{unique.table} ({', '.join(unique.columns)}) is unique says the class, and nothing keeps it so: "
            "duplicates get in, and ON CONFLICT on it fails",
            "add the revision that makes the unique constraint, or take it from the class",
            Signal.CAUTION,
        )
