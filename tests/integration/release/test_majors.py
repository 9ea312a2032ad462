"""Targets of every major of PostgreSQL, and scratch servers that are of another one."""

from pathlib import Path

import psycopg
import pytest

from interlock.control.persistence.revisions import expected_revision
from interlock.errors import ExitCode
from interlock.postgres.embedded import EmbeddedServer
from tests.acceptance.conftest import ask, execute
from tests.alembic_project import EVERY_KIND, make_project
from tests.integration.release.conftest import Guard, told

pytestmark = pytest.mark.each_major

DAMAGE = {
    "alter table orders drop column note": "Missing column public.orders.note",
    "alter table customers alter email drop not null": "Altered column public.customers.email",
    "alter table customers alter id set default 7": "Altered column public.customers.id",
    "alter table orders drop constraint orders_pkey": "Missing primary key public.orders.orders_pkey",
    "alter table orders drop constraint orders_customer_id_fkey": "Missing foreign key",
    "alter table customers drop constraint customers_email_key": "Missing unique constraint",
    "update pg_index set indisvalid = false where indexrelid = 'orders_by_customer'::regclass": "Altered index",
    "alter type order_state add value 'lost' before 'open'": "Altered enum public.order_state",
    "create table by_hand (id int)": "Unexpected table public.by_hand",
}


def test_the_server_is_of_the_major_that_it_is_taken_for(database: str, major: int):
    with psycopg.connect(database) as connection:
        assert connection.info.server_version // 10000 == major


def test_no_kind_of_object_looks_damaged_to_a_scratch_server_of_another_major(
    guard: Guard, tmp_path: Path, server: EmbeddedServer, server_of_major: EmbeddedServer, major: int
):
    make_project(tmp_path, EVERY_KIND, models="")
    # A database with a subscription cannot be dropped, so these stay until their servers end.
    older = server_of_major.create_database("released_every_kind").as_text()
    newer = server.create_database(f"every_kind_against_{major}").as_text()

    to_older = guard("release", older, scratch=server.url().as_text(), models=False)
    to_newer = guard("release", newer, scratch=server_of_major.url().as_text(), models=False)

    # The chain leaves one view for a job to fill.
    unfilled = "CAUTION verify after: materialized view public.user_counts holds nothing, and refuses every query"
    assert told(to_older) == told(to_newer) == unfilled
    assert to_older.record.after.compared_objects == to_newer.record.after.compared_objects > 100


def test_damage_is_found_by_a_scratch_server_of_another_major(guard: Guard, tmp_path: Path, database: str):
    make_project(tmp_path)
    released = guard("release", database)
    for statement in DAMAGE:
        execute(database, statement)

    found = told(guard("verify", database))

    assert released.exit_code == ExitCode.CLEAR
    assert [each for each in DAMAGE.values() if each not in found] == [], found


def test_the_control_plane_is_released_to_it(guard: Guard, database: str):
    config = "interlock:control/persistence/alembic.ini"

    released = guard("release", database, config=config)

    assert released.exit_code == ExitCode.CLEAR, told(released)
    assert ask(database, "select version_num from alembic_version") == [(expected_revision(),)]
