"""Finding the text of a database error."""

import pytest

from interlock.probes.database_error import find_database_error


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b'relation "analytics_modules" does not exist', "relation analytics_modules does not exist"),
        (rb'{"detail": "relation \"public.flags\" does not exist"}', "relation public.flags does not exist"),
        (b"<pre>relation &quot;flags&quot; does not exist</pre>", "relation flags does not exist"),
        (b"column modules.is_active does not exist\nLINE 1", "column modules.is_active does not exist"),
        (b'column "owner" of relation "flags" does not exist', "column owner flags does not exist"),
        (b'type "module_status" does not exist', "type module_status does not exist"),
        (b"function gen_random_uuid() does not exist", "function gen_random_uuid does not exist"),
        (b'{"error": "UndefinedTable"}', "UndefinedTable"),
        (b"(psycopg2.errors.InvalidTextRepresentation) x", "psycopg2.errors."),
        (b"asyncpg.exceptions.UndefinedColumnError", "asyncpg.exceptions."),
        (b"sqlalchemy.exc.ProgrammingError: x", "sqlalchemy.exc."),
        (b'invalid input value for enum module_status: "Active"', "invalid input value for enum"),
        (b"InFailedSqlTransaction", "InFailedSqlTransaction"),
        (b"SQLSTATE 42P01", "SQLSTATE"),
    ],
)
def test_what_postgresql_and_its_drivers_say_is_found(body: bytes, error: str):
    assert find_database_error(body) == error


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b'{"detail": "this module does not exist"}',
        b'{"detail": "The relation between them does not exist"}',
        b'{"title": "How we use psycopg and SQLAlchemy"}',
        b'{"name": "table of columns"}',
    ],
)
def test_what_people_say_is_not_taken_for_a_database_error(body: bytes):
    assert find_database_error(body) is None


def test_a_large_body_is_searched_quickly():
    body = b'column "a' * 500_000

    assert find_database_error(body) is None
