"""Find the text of a database error in a body.

An application that answers 400, or even 200, with what PostgreSQL said has failed all the same.
"""

import re
from itertools import islice

# Each is the wording of PostgreSQL, of its drivers or of SQLAlchemy, so specific that no page says it by
# chance. PostgreSQL translates its messages (lc_messages); the names of the drivers' classes stay English.
MARKERS: tuple[bytes, ...] = (
    b"psycopg.errors.",
    b"psycopg2.errors.",
    b"psycopg.OperationalError",
    b"psycopg2.OperationalError",
    b"psycopg.ProgrammingError",
    b"psycopg2.ProgrammingError",
    b"asyncpg.exceptions.",
    b"sqlalchemy.exc.",
    b"sqlalche.me/e/",
    b"django.db.utils.",
    b"UndefinedTable",
    b"UndefinedColumn",
    b"UndefinedObject",
    b"UndefinedFunction",
    b"InFailedSqlTransaction",
    b"InFailedSQLTransaction",
    b"InvalidTextRepresentation",
    b"SQLSTATE",
    b"invalid input value for enum",
    b"current transaction is aborted",
    b"operator does not exist:",
    b"permission denied for table",
    b"permission denied for schema",
    b"permission denied for sequence",
    b"violates row-level security policy",
    b"duplicate key value violates",
    b"violates foreign key constraint",
    b"violates not-null constraint",
    b"violates check constraint",
    b"canceling statement due to",
    b"server closed the connection unexpectedly",
    b"remaining connection slots are reserved",
    b"QueuePool limit of size",
)

# A quotation mark as plain text, inside a JSON string, and in HTML.
_QUOTE = rb"""(?:\\?"|&quot;|&#34;|&#x22;)"""
_QUOTED = _QUOTE + rb"""([^"\\&<>]{1,130})""" + _QUOTE
_ABSENT = re.compile(
    rb"(relation|column|type) " + _QUOTED + rb"(?: of relation " + _QUOTED + rb")? does not exist\Z"
    rb"|(column) ([\w.$]{1,130}) does not exist\Z"
    rb"|(function) ([\w.$]{1,130})\([^()]{0,200}\) does not exist\Z"
)
_LONGEST = 500
MOST_HITS = 1000
"""A body that says it more often is a list of such things, and would take seconds to look through."""


def find_database_error(body: bytes) -> str | None:
    """Say which database error a body quotes, in words that hold no value of a row."""
    for hit in islice(re.finditer(b"does not exist", body), MOST_HITS):
        # Only the words just before are matched: a pattern over megabytes would hold up every other answer.
        if found := _ABSENT.search(body, max(0, hit.start() - _LONGEST), hit.end()):
            words = b" ".join(group for group in found.groups() if group)
            return words.decode(errors="replace") + " does not exist"
    return next((marker.decode() for marker in MARKERS if marker in body), None)
