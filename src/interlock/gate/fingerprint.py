"""A fingerprint of a catalog: one query that tells whether anything was changed since the last one."""

from collections.abc import Iterator

from psycopg import sql

from interlock.postgres.session import Connection
from interlock.postgres.version_table import VersionTable

# Of every catalog that says what an object is: the column with the oid, and which rows are of users. A temporary table
# comes and goes, and is none of ours. Who may not be somebody special may not read pg_subscription and
# pg_user_mapping; pg_description says nothing that a build needs.
_NOT_TEMPORARY = "{oid} >= 16384 and {oid} not in (select oid from temporary)"
_OF_RELATIONS = {
    "pg_attribute": ("attrelid", _NOT_TEMPORARY + " and attnum > 0"),
    "pg_attrdef": ("adrelid", _NOT_TEMPORARY),
    "pg_class": ("oid", _NOT_TEMPORARY + " and relkind <> 't'"),
    "pg_constraint": ("conrelid", "oid >= 16384 and conrelid not in (select oid from temporary)"),
    "pg_foreign_table": ("ftrelid", _NOT_TEMPORARY),
    "pg_index": ("indrelid", _NOT_TEMPORARY),
    "pg_inherits": ("inhrelid", _NOT_TEMPORARY),
    "pg_partitioned_table": ("partrelid", _NOT_TEMPORARY),
    "pg_policy": ("polrelid", _NOT_TEMPORARY),
    "pg_rewrite": ("ev_class", _NOT_TEMPORARY),
    "pg_sequence": ("seqrelid", _NOT_TEMPORARY),
    # Those of foreign keys are made and dropped with them.
    "pg_trigger": ("tgrelid", _NOT_TEMPORARY + " and not tgisinternal"),
}
_OTHERS = {
    **dict.fromkeys(("pg_aggregate",), "aggfnoid"),
    **dict.fromkeys(("pg_range",), "rngtypid"),
    **dict.fromkeys(
        (
            *("pg_am", "pg_amop", "pg_amproc", "pg_cast", "pg_collation", "pg_conversion", "pg_default_acl"),
            *("pg_enum", "pg_event_trigger", "pg_extension", "pg_foreign_data_wrapper", "pg_foreign_server"),
            *("pg_language", "pg_opclass", "pg_operator", "pg_opfamily", "pg_proc", "pg_publication"),
            *("pg_publication_rel", "pg_statistic_ext", "pg_transform", "pg_ts_config", "pg_ts_dict"),
            *("pg_ts_parser", "pg_ts_template"),
        ),
        "oid",
    ),
}
# The one type that each table has tells nothing that the table does not.
_TYPES = "oid >= 16384 and typnamespace not in (select relnamespace from temporary) and typrelid = 0"


# The schema "public" is older than any user, and they change it. What is older than any transaction has no age.
_SCHEMAS = """
select case when xmin in ('1', '2') then '3'::xid else xmin end, ctid from pg_catalog.pg_namespace
 where nspname !~ '^pg_(toast_)?temp_'
"""


def _rows() -> Iterator[str]:
    conditions = {
        **{catalog: condition.format(oid=oid) for catalog, (oid, condition) in _OF_RELATIONS.items()},
        **{catalog: f"{oid} >= 16384" for catalog, oid in _OTHERS.items()},
        "pg_type": _TYPES,
    }
    for catalog, condition in conditions.items():
        yield f"select xmin, ctid from pg_catalog.{catalog} where {condition}"  # noqa: S608 - words of our own
    yield _SCHEMAS


# A row that is changed is written anew: at another place (ctid), by another transaction (xmin). Of the transactions
# the sum is taken, relative to one that never changes, for ages grow; modulo 2^32, in which they count.
_FINGERPRINT = """
with temporary as materialized (select oid, relnamespace from pg_catalog.pg_class where relpersistence = 't')
select count(*) || ' ' || mod(mod(sum(age(made)) - count(*) * age('3'::xid), modulus) + modulus, modulus) || ' '
       || bit_xor(hashtidextended(place, 0)),
       {revisions}
  from ({rows}) as written (made, place)
 cross join (values (4294967296)) as transactions (modulus)
 group by modulus
"""


def read_fingerprint(connection: Connection, table: VersionTable) -> tuple[str, tuple[str, ...]]:
    """Read, in one query, a fingerprint of the catalog and the rows of the version table."""
    rows_of_table = sql.SQL("array(select version_num::text from {} order by 1)").format(table.identifier)
    query = sql.SQL(_FINGERPRINT).format(
        rows=sql.SQL(" union all ").join(sql.SQL(each) for each in _rows()),
        revisions=rows_of_table if table.is_there else sql.SQL("array[]::text[]"),
    )
    # Planning it takes as long as running it.
    ((fingerprint, rows),) = connection.execute(query, prepare=True).fetchall()
    return fingerprint, tuple(rows)
