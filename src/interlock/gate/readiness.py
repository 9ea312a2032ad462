"""Ask a live database whether this build can work on it."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain
from typing import Any

import psycopg
from sqlalchemy import MetaData
from sqlalchemy.orm import Mapper

from interlock.chain.mapped import Models
from interlock.chain.misfits import find_misfits
from interlock.chain.models import describe
from interlock.errors import InterlockError
from interlock.postgres.session import Connection, ServerRefused, open_session
from interlock.postgres.url import DatabaseUrl
from interlock.postgres.version_table import find_version_table, read_revisions
from interlock.verdict.finding import Signal

VERSION_TABLE = "alembic_version"


@dataclass(frozen=True, slots=True)
class Needs:
    """What a build needs of its database: the revision that it was written for, and all that its classes map."""

    head: str
    models: Models


def needs_of(head: str, metadata: MetaData, mappers: Iterable[Mapper[Any]]) -> Needs:
    """Work out, once, what a build with these mapped classes needs."""
    return Needs(head, Models.from_description(describe([metadata], mappers)))


def find_reason_against(url: DatabaseUrl, needs: Needs) -> str | None:
    """Say why a build cannot work on a database; None where it can. Asks anew each time, on a new connection."""
    try:
        with open_session(url, "interlock gate") as session:
            misfits = (each.problem for each in find_misfits(session, needs.models) if each.signal is Signal.STOP)
            reasons = chain(_wrong_revision(session, needs), misfits)
            return "; ".join(reasons) or None
    except InterlockError as error:
        return error.problem
    except psycopg.Error as error:
        return ServerRefused(error).problem


def _wrong_revision(session: Connection, needs: Needs) -> Iterable[str]:
    at = read_revisions(session, find_version_table(session, VERSION_TABLE, None))
    if at != (needs.head,):
        yield f"the database is at {', '.join(at) or 'no revision'}, and this build needs {needs.head}"
