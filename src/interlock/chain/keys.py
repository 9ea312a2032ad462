"""Whether the sequences that fill primary keys are ahead of the rows."""

from collections.abc import Sequence
from dataclasses import dataclass

import psycopg
from psycopg import sql
from psycopg.rows import class_row

from interlock.chain.mapped import IS_THE_TABLE, Models
from interlock.postgres.session import Connection

WITHIN_SECONDS = 1.0
"""How long all of them together may take. Each is one look into an index, but a table may be locked."""


@dataclass(frozen=True, slots=True)
class Key:
    """A primary key of one column that a sequence fills. `least` and `greatest` are those of the sequence."""

    schema: str
    table: str
    column: str
    sequence_schema: str
    sequence: str
    increment: int
    least: int
    greatest: int
    is_partitioned: bool
    is_readable: bool
    is_partly_seen: bool

    @property
    def name(self) -> str:
        """The table, with its schema."""
        return f"{self.schema}.{self.table}"

    @property
    def mending(self) -> str:
        """The statement that sets the sequence behind the last row."""
        furthest = "max" if self.increment > 0 else "min"
        column, table = _quoted(self.column), _quoted(self.schema, self.table)
        sequence = _quoted(self.sequence_schema, self.sequence).replace("'", "''")
        return f"select setval('{sequence}', (select {furthest}({column}) from {table}))"  # noqa: S608 - it is shown


@dataclass(frozen=True, slots=True)
class TakenKey:
    """A key whose next value, or one after it, a row has already."""

    key: Key
    next_value: int


@dataclass(frozen=True, slots=True)
class LookedAtKeys:
    """What was found out of all keys. The other tables were not looked at: in time, not all of them, or at all."""

    taken: tuple[TakenKey, ...] = ()
    unfinished: tuple[str, ...] = ()
    partly_seen: tuple[str, ...] = ()
    failed: tuple[tuple[str, str], ...] = ()


# The sequence of an identity belongs to its column; that of another default is what the default depends on. Nothing
# is refused where the column alone is not unique, and a sequence that cycles is meant to meet its rows again.
_KEYS = f"""
select distinct on (n.nspname, c.relname, a.attnum)
       n.nspname::text                                          as schema,
       c.relname::text                                          as "table",
       a.attname::text                                          as "column",
       sn.nspname::text                                         as sequence_schema,
       sc.relname::text                                         as sequence,
       s.seqincrement                                           as increment,
       s.seqmin                                                 as least,
       s.seqmax                                                 as greatest,
       c.relkind = 'p'                                          as is_partitioned,
       pg_catalog.has_sequence_privilege(sc.oid, 'select')
         and pg_catalog.has_schema_privilege(sn.oid, 'usage')
         and pg_catalog.has_column_privilege(c.oid, a.attnum, 'select')
         and pg_catalog.has_schema_privilege(n.oid, 'usage')    as is_readable,
       pg_catalog.row_security_active(c.oid)                    as is_partly_seen
  from unnest(%(schemas)s::text[], %(tables)s::text[], %(columns)s::text[])
       as wanted (schema_name, table_name, column_name)
  join pg_catalog.pg_class c on {IS_THE_TABLE} and c.relkind in ('r', 'p')
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attname = wanted.column_name and not a.attisdropped
  left join pg_catalog.pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
  join pg_catalog.pg_depend on_sequence
    on case when a.attidentity <> ''
            then on_sequence.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
                 and on_sequence.refobjid = c.oid and on_sequence.refobjsubid = a.attnum
                 and on_sequence.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and on_sequence.deptype = 'i'
            else on_sequence.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass and on_sequence.objid = d.oid
                 and on_sequence.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
                 and d.adbin::text ~ %(calls_nextval)s end
  join pg_catalog.pg_sequence s
    on s.seqrelid = case when a.attidentity <> '' then on_sequence.objid else on_sequence.refobjid end
  join pg_catalog.pg_class sc on sc.oid = s.seqrelid
  join pg_catalog.pg_namespace sn on sn.oid = sc.relnamespace
 where a.atttypid in ('pg_catalog.int2'::pg_catalog.regtype, 'pg_catalog.int4'::pg_catalog.regtype,
                      'pg_catalog.int8'::pg_catalog.regtype)
   and not s.seqcycle
   and exists (select from pg_catalog.pg_index
                where indrelid = c.oid and indisunique and indisvalid and indpred is null and indnkeyatts = 1
                  and indkey[0] = a.attnum)
 order by n.nspname, c.relname, a.attnum
"""  # noqa: S608 - what is put in is a constant


# pg_get_expr would wait for whoever has locked the table, so the expression is read as it is stored: nextval, or what
# makes its bigint an integer or a smallint, of nextval. These functions have the same numbers in every version.
_CALLS_NEXTVAL = r"^\{FUNCEXPR :funcid ((480|714) .*?:args \(\{FUNCEXPR :funcid )?1574 "


def look_at_keys(connection: Connection, models: Models, within_seconds: float) -> LookedAtKeys:
    """Compare the next value of every sequence with the rows, in one query for all tables."""
    wanted = [column for column in models.columns if column.is_filled_key]
    names = {
        "schemas": [column.schema for column in wanted],
        "tables": [column.table for column in wanted],
        "columns": [column.column for column in wanted],
        "calls_nextval": _CALLS_NEXTVAL,
    }
    with connection.cursor(row_factory=class_row(Key)) as cursor:
        keys = cursor.execute(_KEYS, names).fetchall()
    readable = [key for key in keys if key.is_readable]
    partly_seen = tuple(key.name for key in readable if key.is_partly_seen)
    failed = tuple((key.name, f"its sequence {key.sequence}: permission denied") for key in keys if not key.is_readable)
    if not readable:
        return LookedAtKeys(failed=failed)
    milliseconds = int(min(within_seconds, WITHIN_SECONDS) * 1000)
    everything = tuple(key.name for key in readable)
    if milliseconds <= 0:
        return LookedAtKeys((), everything, partly_seen, failed)
    try:
        connection.execute("select pg_catalog.set_config('statement_timeout', %s, false)", [str(milliseconds)])
        rows = connection.execute(_query(readable)).fetchall()
    except (psycopg.errors.QueryCanceled, psycopg.errors.LockNotAvailable):
        return LookedAtKeys((), everything, partly_seen, failed)
    return LookedAtKeys(
        tuple(TakenKey(readable[number], next_value) for number, next_value in rows), (), partly_seen, failed
    )


def _query(keys: Sequence[Key]) -> sql.Composed:
    return sql.SQL(" union all ").join(_taken(number, key) for number, key in enumerate(keys))


def _taken(number: int, key: Key) -> sql.Composed:
    """Give the next value of a sequence, where a row is in its way.

    Several servers may share a table, each with an increment of its own: only what the sequence can come to counts.
    """
    return sql.SQL(
        "select {number}, coming.next_value from (select case when not is_called then last_value "
        "when last_value::numeric + {increment} between {least} and {greatest} then last_value + {increment} end "
        "as next_value from {sequence}) coming where exists (select from {only} {table} "
        "where {column} {reaches} coming.next_value and ({column} - coming.next_value) % {increment} = 0)"
    ).format(
        number=sql.Literal(number),
        increment=sql.SQL("({}::bigint)").format(sql.Literal(key.increment)),
        least=sql.Literal(key.least),
        greatest=sql.Literal(key.greatest),
        sequence=sql.Identifier(key.sequence_schema, key.sequence),
        # A table that inherits has a primary key of its own, a partition has not.
        only=sql.SQL("" if key.is_partitioned else "only"),
        table=sql.Identifier(key.schema, key.table),
        column=sql.Identifier(key.column),
        reaches=sql.SQL(">=" if key.increment > 0 else "<="),
    )


def _quoted(*parts: str) -> str:
    return sql.Identifier(*parts).as_string()
