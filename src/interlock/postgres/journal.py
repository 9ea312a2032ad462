"""Which statements a revision that commits before its end has committed: kept on the target, in the same transactions.

A run that is cut short leaves what it has committed. Of the schema the catalog says what that is; which rows were
written nobody could say. So each such statement leaves a line here, which is committed with it or not at all, and the
lines of a revision go in the transaction that notes it as run. The schema is none that a role's name could put on its
search path, as "$user" does with one called interlock.
"""

from collections.abc import Iterable

from psycopg import errors

from interlock.postgres.session import Connection

JOURNAL_SCHEMA = "interlock_journal"

_CREATE = """
create schema if not exists interlock_journal;
create table if not exists interlock_journal.statements (
    version_table text not null,
    revision      text not null,
    number        bigint generated always as identity primary key,
    key           text not null,
    row_count     bigint not null,
    statement     text not null,
    at            timestamptz not null default pg_catalog.clock_timestamp()
)
"""
_IS_THERE = "select pg_catalog.to_regclass('interlock_journal.statements') is not null"
_BEGINS = ""
"""The key of the line that says that a journal was kept for a revision."""

Line = tuple[str, int, str]
"""What a statement is known by, how many rows it wrote, and what it says."""


def open_journal(connection: Connection, version_table: str, revisions: Iterable[str]) -> bool:
    """Keep a journal for these revisions; False where the role may not make its table."""
    try:
        if not _is_there(connection):
            connection.execute(_CREATE)
        connection.execute(
            """
            insert into interlock_journal.statements (version_table, revision, key, row_count, statement)
            select %(table)s, revision, %(begins)s, 0, '' from unnest(%(revisions)s::text[]) as revision
             where not exists (select from interlock_journal.statements as known
                                where known.version_table = %(table)s and known.revision = revision.revision)
            """,
            {"table": version_table, "revisions": list(revisions), "begins": _BEGINS},
        )
    except errors.InsufficientPrivilege:
        return False
    return True


def read_journal(connection: Connection, version_table: str, revision: str) -> tuple[tuple[str, int], ...] | None:
    """What a revision has committed and how many rows that wrote, in order; None where no journal was kept."""
    if not _is_there(connection):
        return None
    lines = connection.execute(
        "select key, row_count from interlock_journal.statements"
        " where version_table = %s and revision = %s order by number",
        [version_table, revision],
    ).fetchall()
    return tuple((key, count) for key, count in lines if key != _BEGINS) if lines else None


def keep_only(connection: Connection, version_table: str, revisions: Iterable[str]) -> None:
    """Forget what is known of other revisions than these: somebody else has run them since."""
    if _is_there(connection):
        connection.execute(
            "delete from interlock_journal.statements where version_table = %s and revision <> all(%s)",
            [version_table, list(revisions)],
        )


def lines_as_sql(version_table: str, revision: str, lines: Iterable[Line]) -> str:
    """The statement that writes lines, for a driver whose placeholders nobody knows."""
    place = f"{_literal(version_table)}, {_literal(revision)}"
    rows = ", ".join(f"({place}, {_literal(key)}, {count}, {_literal(text)})" for key, count, text in lines)
    return (
        f"insert into interlock_journal.statements (version_table, revision, key, row_count, statement) values {rows}"  # noqa: S608
    )


def forget_as_sql(version_table: str, revision: str) -> str:
    """The statement that forgets a revision, which has run."""
    place = f"version_table = {_literal(version_table)} and revision = {_literal(revision)}"
    return f"delete from interlock_journal.statements where {place}"  # noqa: S608 - of literals


def _is_there(connection: Connection) -> bool:
    return bool(connection.execute(_IS_THERE).fetchall()[0][0])


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
