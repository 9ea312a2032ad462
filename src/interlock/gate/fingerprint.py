"""A fingerprint of a catalog: one query that tells whether anything was changed since the last one."""

from collections.abc import Iterator
from typing import NamedTuple

from psycopg import sql

from interlock.postgres.session import Connection
from interlock.postgres.version_table import VersionTable

# Of every catalog that says what an object is: which rows are of users. Who may not be somebody special may not read
# pg_subscription and pg_user_mapping; pg_description says nothing that a build needs.
_OF_RELATIONS = {
    # A default that is set or taken away is written down here too.
    "pg_attribute": ("attrelid", "attnum > 0 and attrelid >= 16384"),
    "pg_class": ("oid", "oid >= 16384"),
    # That a column is NOT NULL is said of the column too, on every major.
    "pg_constraint": ("conrelid", "contype <> 'n' and oid >= 16384"),
    "pg_foreign_table": ("ftrelid", "ftrelid >= 16384"),
    "pg_index": ("indrelid", "indrelid >= 16384"),
    "pg_inherits": ("inhrelid", "inhrelid >= 16384"),
    "pg_partitioned_table": ("partrelid", "partrelid >= 16384"),
    "pg_policy": ("polrelid", "polrelid >= 16384"),
    "pg_rewrite": ("ev_class", "ev_class >= 16384"),
    "pg_sequence": ("seqrelid", "seqrelid >= 16384"),
    # Those of foreign keys are made and dropped with them.
    "pg_trigger": ("tgrelid", "not tgisinternal and tgrelid >= 16384"),
    # The one type that each relation has tells nothing that the relation does not; its array type goes with it.
    "pg_type": ("typelem", "typrelid = 0 and oid >= 16384"),
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
# The schema "public" is older than any user, and they change it. What is older than any transaction has no age.
_SCHEMAS = """
select count(*), sum(age(case when xmin in ('1', '2') then '3'::xid else xmin end)) from pg_catalog.pg_namespace
 where nspname !~ '^pg_(toast_)?temp_'
"""


def _sums(*, but_temporary: bool) -> Iterator[str]:
    """A query for each catalog. Adding up each for itself is the quickest: nothing is handed on but the sums."""
    exclusion = " and {} not in (table temporary)" if but_temporary else ""
    conditions = {
        **{catalog: condition + exclusion.format(oid) for catalog, (oid, condition) in _OF_RELATIONS.items()},
        **{catalog: f"{oid} >= 16384" for catalog, oid in _OTHERS.items()},
    }
    for catalog, condition in conditions.items():
        yield f"select count(*), sum(age(xmin)) from pg_catalog.{catalog} where {condition}"  # noqa: S608 - our own words
    yield _SCHEMAS


# A row that is changed is written anew, by a transaction (xmin) that is younger than those that were seen before. So
# with as many rows as before their sum is another one. Ages grow, so it is taken relative to one transaction that
# never changes; modulo 2^32, in which transactions count.
_SUM = """
select sum(rows) || ' ' || mod(mod(sum(ages) - sum(rows) * age('3'::xid), 4294967296) + 4294967296, 4294967296)
  from ({sums}) as catalogs (rows, ages)
"""


def _sum(*, but_temporary: bool) -> str:
    return _SUM.format(sums=" union all ".join(_sums(but_temporary=but_temporary)))


# With the same snapshot nobody has written anything since, be it to a catalog or to a table. Temporary tables come and
# go and are none of ours; mostly there are none, and then no row is looked at for that.
_FINGERPRINT = f"""
with temporary (oid) as materialized (
       select oid from pg_catalog.pg_class where relpersistence = 't' union all
       select reltype from pg_catalog.pg_class where relpersistence = 't' and reltype <> 0
)
select pg_current_snapshot()::text,
       case when pg_current_snapshot()::text = %s then null
            -- What lies in a schema depends on it: an index finds that.
            when not exists (select from pg_catalog.pg_depend
                              where refclassid = 'pg_catalog.pg_namespace'::regclass
                                and refobjid in (select oid from pg_catalog.pg_namespace where nspname ~ '^pg_temp_'))
            then ({_sum(but_temporary=False)})
            else ({_sum(but_temporary=True)}) end,
       {{revisions}}
"""  # noqa: S608 - words of our own


class Fingerprint(NamedTuple):
    """What tells one state of a catalog from every other, and the moment that it was read at."""

    moment: str
    value: str


NEVER_READ = Fingerprint("", "")


def read_fingerprint(
    connection: Connection, table: VersionTable, last: Fingerprint = NEVER_READ
) -> tuple[Fingerprint, tuple[str, ...]]:
    """Read, in one query, a fingerprint of the catalog and the rows of the version table; `last` spares work."""
    rows_of_table = sql.SQL("array(select version_num::text from {} order by 1)").format(table.identifier)
    query = sql.SQL(_FINGERPRINT).format(
        revisions=rows_of_table if table.is_there else sql.SQL("array[]::text[]"),
    )
    # Planning it takes as long as running it.
    ((moment, value, rows),) = connection.execute(query, [last.moment], prepare=True).fetchall()
    return Fingerprint(moment, last.value if value is None else value), tuple(rows)
