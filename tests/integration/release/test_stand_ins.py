"""Extensions that the embedded server is built without, and that a chain may ask for all the same."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from interlock.errors import ExitCode
from interlock.postgres.scratch import ScratchServer, open_scratch_server
from interlock.release import pipeline
from interlock.release.record import ReleaseRecord
from interlock.release.request import Request
from interlock.verdict.judge import Verdict
from tests.alembic_project import make_project
from tests.integration.release.conftest import Watcher, told
from tests.majors import FAST, ServerOf, why_there_is_none

OLDER = FAST[0]
"""A server that has the real ones."""
FUNCTIONS = """
select p.proname, pg_get_function_arguments(p.oid), pg_get_function_result(p.oid), p.provolatile, p.proisstrict,
       p.proparallel
  from pg_proc p
  join pg_depend d on d.objid = p.oid and d.classid = 'pg_proc'::regclass and d.deptype = 'e'
  join pg_extension e on e.oid = d.refobjid
 where e.extname = %s
 order by 1, 2
"""
CHAIN = """
    op.execute('create extension if not exists "uuid-ossp"')
    op.execute("create extension pgcrypto")
    op.execute("create table people (id uuid primary key default uuid_generate_v4(), email text, "
               "mail_hash bytea generated always as (digest(email, 'sha256')) stored, password text)")
    op.execute("create index on people (encode(digest(lower(email), 'sha1'), 'hex'))")
    op.execute("insert into people (email, password) values ('a@b.c', crypt('secret', gen_salt('bf', 8)))")
"""

pytestmark = pytest.mark.skipif(why_there_is_none(OLDER) is not None, reason="no server that has the real ones is here")


@pytest.fixture(scope="module")
def scratch() -> Iterator[ScratchServer]:
    with open_scratch_server(None) as scratch:
        yield scratch


@pytest.mark.parametrize("extension", ["pgcrypto", "uuid-ossp"])
def test_a_stand_in_has_the_functions_of_the_real_one(extension: str, server_of: ServerOf, scratch: ScratchServer):
    real = functions_of(extension, server_of(OLDER).create_database("real").as_text())

    assert functions_of(extension, scratch.url.as_text()) == real


def functions_of(extension: str, database: str) -> list[tuple]:
    with psycopg.connect(database) as connection:
        connection.execute(f'create extension "{extension}"')
        found = connection.execute(FUNCTIONS, [extension]).fetchall()
        connection.rollback()
    return found


def test_a_chain_that_asks_for_them_is_released_and_who_stood_in_is_told(
    request_for: Callable[..., Request], tmp_path: Path, server_of: ServerOf
):
    make_project(tmp_path, {"r1": CHAIN})
    database = server_of(OLDER).create_database("with_extensions").as_text()

    request = replace(request_for(database, models=False), scratch_server=None)
    blank = ReleaseRecord("1", "release", "shop", "0", datetime.now(UTC), 0.0, Verdict(), ())

    outcome = pipeline.release(request, blank, Watcher({}, []))

    assert outcome.exit_code == ExitCode.CLEAR, told(outcome)
    stood_in = "what the functions of pgcrypto and uuid-ossp give: on the scratch database others stand in for them"
    assert stood_in in outcome.record.unproved
