"""Readiness of an application: does the live schema hold what this build needs?"""

from pathlib import Path

from interlock.gate.asgi import ReadinessMiddleware
from interlock.gate.check import Gate, Readiness
from interlock.gate.needs import read_needs
from interlock.gate.waiting import wait_until_ready
from interlock.postgres.url import parse_url

__all__ = ["Gate", "Readiness", "ReadinessMiddleware", "open_gate", "wait_until_ready"]


def open_gate(database_url: str, schema_file: str | Path = "schema.json") -> Gate:
    """The gate of a build: for the database that it works on, and what it declares in its schema file.

    Raises InvalidDatabaseUrl, NoSchemaFile, BrokenSchemaFile, NewerSchemaFile. The database need not be there yet.
    """
    return Gate(parse_url(database_url), read_needs(Path(schema_file)))
