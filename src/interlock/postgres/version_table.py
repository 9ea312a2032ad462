"""Alembic's version table, read and written by ourselves."""

from collections.abc import Sequence
from dataclasses import dataclass

from psycopg import sql

from interlock.postgres.session import Connection


@dataclass(frozen=True, slots=True)
class VersionTable:
    """Where a project keeps its revision. `is_there` is False before the first release."""

    schema: str
    name: str
    is_there: bool

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}"

    @property
    def identifier(self) -> sql.Identifier:
        return sql.Identifier(self.schema, self.name)


def find_version_table(connection: Connection, name: str, schema: str | None) -> VersionTable:
    """Find the version table where env.py's session would: in its schema, or along the search path."""
    row = connection.execute(
        """
        select n.nspname
          from pg_catalog.pg_class c
          join pg_catalog.pg_namespace n on n.oid = c.relnamespace
         where c.relname = %(name)s and c.relkind in ('r', 'p')
           and case when %(schema)s::text is null then pg_catalog.pg_table_is_visible(c.oid)
                    else n.nspname = %(schema)s end
        """,
        {"name": name, "schema": schema},
    ).fetchone()
    if row:
        return VersionTable(row[0], name, is_there=True)
    default = connection.execute("select coalesce(current_schema(), 'public')").fetchall()[0][0]
    return VersionTable(schema or default, name, is_there=False)


def schema_made_in(connection: Connection, search_path: str) -> str | None:
    """The schema that a table without one is made in, for sessions with this search path; None where there is none."""
    with connection.transaction(force_rollback=True):
        connection.execute("select pg_catalog.set_config('search_path', %s, true)", [search_path])
        schema: str | None = connection.execute("select pg_catalog.current_schema()").fetchall()[0][0]
        return schema


def read_revisions(connection: Connection, table: VersionTable) -> tuple[str, ...]:
    """Read the rows of the version table, doubled ones doubled."""
    if not table.is_there:
        return ()
    rows = connection.execute(sql.SQL("select version_num from {} order by 1").format(table.identifier))
    return tuple(row[0] for row in rows)


def room_for_revisions(connection: Connection, table: VersionTable) -> int | None:
    """How many characters the column of the version table takes; None where it takes any number."""
    row = connection.execute(
        """
        select nullif(a.atttypmod, -1) - 4  -- four bytes are the length's own
          from pg_catalog.pg_attribute a
         where a.attrelid = pg_catalog.to_regclass(%s) and a.attname = 'version_num' and not a.attisdropped
        """,
        [table.identifier.as_string()],
    ).fetchone()
    return row[0] if row else None


def write_revision(connection: Connection, table: VersionTable, revision: str | None) -> None:
    """Let the version table say this one revision, or none at all."""
    write_revisions(connection, table, [revision] if revision is not None else [])


def write_revisions(connection: Connection, table: VersionTable, revisions: Sequence[str]) -> None:
    """Let the version table say these revisions and no other, in one transaction."""
    # As Alembic makes it (alembic.runtime.migration.MigrationContext).
    make = sql.SQL("create table if not exists {} (version_num varchar(32) not null primary key)")
    with connection.transaction():
        connection.execute(make.format(table.identifier))
        connection.execute(sql.SQL("delete from {}").format(table.identifier))
        for revision in revisions:
            connection.execute(sql.SQL("insert into {} values (%s)").format(table.identifier), [revision])
