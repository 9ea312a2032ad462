"""`interlock drift` and `interlock locate`, as people run them."""

import json
from collections.abc import Iterator

import psycopg
import pytest

from interlock.errors import ExitCode
from interlock.postgres.embedded import EmbeddedServer
from tests.acceptance.conftest import Interlock, Said, execute
from tests.alembic_project import SHOP, AlembicProject, make_project

MAKE = """
create table customers (id serial primary key, email varchar(200) not null, code text);
create table alembic_version (version_num varchar(32) primary key);
insert into alembic_version values ('r1');
"""


@pytest.fixture
def live(server: EmbeddedServer, database: str) -> Iterator[str]:
    """A copy of the database of this test, which is a small schema."""
    execute(database, MAKE)
    name = f"{database.rpartition('/')[2]}_live"
    with psycopg.connect(server.url().as_text(), autocommit=True) as connection:
        connection.execute(f"create database {name} template {database.rpartition('/')[2]}")
        yield server.url(name).as_text()
        connection.execute(f"drop database {name} with (force)")


@pytest.fixture
def drift(interlock: Interlock, database: str, live: str):
    """Compare the two."""

    def run(*options: str) -> Said:
        return interlock("drift", "--reference", database, "--live", live, *options)

    return run


def test_a_copy_is_in_step(drift):
    said = drift()

    assert (said.code, said.err) == (0, "")
    assert "in step" in said.out


def test_a_renamed_column_is_one_difference(drift, live: str):
    execute(live, "alter table customers rename email to emal")

    said = drift()

    assert said.code == 1
    assert "Missing column public.customers.email, and public.customers.emal looks like it" in said.out
    assert "Unexpected" not in said.out


def test_json_is_the_only_thing_on_standard_output(drift, live: str):
    execute(live, "alter table customers alter email type text; comment on table customers is 'ours'")

    said = drift("--format", "json")

    told = json.loads(said.out)
    assert said.code == 1
    assert told["in_step"] is False
    assert [(each["kind"], each["item"] or each["table"], each["differs_in"], each["class"])
            for each in told["differences"]] == [("column", "email", ["type"], "breaking"),
                                                 ("table", "customers", ["comment"], "cosmetic")]  # fmt: skip


def test_the_order_of_columns_is_told_and_does_not_count(drift, live: str):
    execute(
        live, "alter table customers drop column email; alter table customers add column email varchar(200) not null"
    )

    said = drift()

    assert said.code == 0
    assert "column order: (id, code, email)" in said.out


def test_another_revision_is_drift(drift, live: str):
    execute(live, "update alembic_version set version_num = 'r2'")

    said = drift()

    assert said.code == 1
    assert "revisions: (r2)" in said.out


def test_a_version_table_that_a_restore_left_empty_is_told_and_does_not_count(drift, live: str):
    execute(live, "delete from alembic_version")

    said = drift()

    assert said.code == 0
    assert "the reference says r1, the live one nothing" in said.out


def test_what_is_of_no_kind_that_is_compared_is_named_and_nothing_is_said_to_be_in_step(drift, live: str):
    execute(
        live,
        "set allow_system_table_mods = on;create function pg_catalog.hidden() returns int language sql as 'select 1'",
    )

    said = drift()

    assert said.code == 2
    assert "function pg_catalog.hidden()" in said.out


def test_a_database_that_does_not_answer_is_nothing_that_can_be_told(interlock: Interlock, database: str):
    nowhere = "postgresql://somebody:secret-word@127.0.0.1:1/nowhere"

    said = interlock("drift", "--reference", database, "--live", nowhere)

    assert said.code == 2
    assert said.err.startswith("error: cannot open somebody@127.0.0.1:1/nowhere")
    assert "secret-word" not in said.out + said.err


def test_only_the_schemas_that_are_named_are_compared(drift, live: str):
    execute(live, "create schema other; create table other.things (id int)")

    assert drift().code == 1
    assert drift("--schema", "public").code == 0


@pytest.fixture
def shop(tmp_path, interlock: Interlock, database: str) -> AlembicProject:
    project = make_project(tmp_path, {**SHOP, "r4": 'op.create_table("refunds", sa.Column("id", sa.Integer))'})
    assert interlock("release", "--schema-only", database=database).code == ExitCode.CLEAR
    return project


@pytest.mark.usefixtures("shop")
def test_locate_tells_the_revision_and_what_was_made_by_hand(interlock: Interlock, database: str):
    exact = interlock("locate", database=database)
    execute(database, "drop table refunds; alter table orders drop column note; create table by_hand (id int)")
    damaged = interlock("locate", database=database)
    as_json = json.loads(interlock("locate", "--json", database=database).out)

    assert (exact.code, "the schema is that of r4" in exact.out) == (0, True)
    assert damaged.code == ExitCode.STOP
    assert "nearest is r2, with 1 difference" in damaged.out
    assert "Unexpected table public.by_hand" in damaged.out
    assert (as_json["claimed"], as_json["located"], len(as_json["drift"])) == (["r4"], ["r2"], 1)


@pytest.mark.usefixtures("shop")
def test_locate_believes_no_claim_not_even_one_that_nobody_knows(interlock: Interlock, database: str):
    execute(database, "update alembic_version set version_num = 'gone'")

    said = interlock("locate", database=database)

    assert said.code == ExitCode.STOP
    assert "the schema is that of r4" in said.out
    assert "the database claims gone" in said.out


def test_differences_are_treated_as_the_settings_say(shop: AlembicProject, interlock: Interlock, database: str):
    execute(database, "create table tmp_1 (id int); drop index orders_by_customer; create table by_hand (id int)")
    plain = interlock("verify", database=database)
    shop.write(
        "interlock.toml",
        """
        [[comparison.objects]]
        pattern = "table public.tmp_*"
        treat_as = "ignored"
        reason = "the importer makes them"
        [[comparison.objects]]
        pattern = "index public.orders.*"
        treat_as = "caution"
        reason = "rebuilt tonight"
        """,
    )
    told = interlock("verify", database=database)

    assert plain.code == ExitCode.STOP
    assert told.code == ExitCode.CAUTION
    assert "table public.tmp_1" not in told.out
    assert "ignored by the settings: table public.tmp_* (2 on the target): the importer makes them" in " ".join(
        told.out.split()
    )
