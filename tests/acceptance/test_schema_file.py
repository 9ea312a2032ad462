"""The schema file as people use it: written, checked, and verified by."""

import json
from pathlib import Path

import pytest

from interlock.errors import ExitCode
from interlock.postgres.embedded import EmbeddedServer
from interlock.postgres.url import parse_url
from tests.acceptance.conftest import Interlock, Said, ask, execute
from tests.alembic_project import MODELS_WITHOUT_NOTE, SHOP, SHOP_MODELS, AlembicProject, make_project

NOWHERE = "postgresql://nobody@127.0.0.1:1/nowhere"
"""A scratch server that nobody can use."""


@pytest.fixture
def shop(tmp_path: Path) -> AlembicProject:
    return make_project(tmp_path)


TEMPLATE = "shop_with_its_file"


@pytest.fixture(scope="module")
def schema_file(server: EmbeddedServer, run_interlock: Interlock, tmp_path_factory: pytest.TempPathFactory) -> str:
    """What is written for the shop; it was released to the template."""
    folder = tmp_path_factory.mktemp("shop")
    make_project(folder)
    assert run_interlock("schema", "write", folder=folder).code == ExitCode.CLEAR
    template = server.create_database(TEMPLATE).as_text()
    assert run_interlock("release", "--schema-only", folder=folder, database=template).code == ExitCode.CLEAR
    return (folder / "schema.json").read_text()


@pytest.fixture
def written(shop: AlembicProject, schema_file: str) -> AlembicProject:
    """The shop with its schema file."""
    shop.write("schema.json", schema_file)
    return shop


@pytest.fixture
def released(written: AlembicProject, server: EmbeddedServer, database: str) -> str:
    """A database that the shop with its schema file was released to."""
    assert written.folder.exists()
    name = parse_url(database).database
    execute(server.url().as_text(), f"drop database {name}")
    execute(server.url().as_text(), f"create database {name} template {TEMPLATE}")
    return database


def flat(said: Said) -> str:
    """What was said, however it was broken into lines."""
    return " ".join((said.out + said.err).split())


def edit(file: Path, was: str, becomes: str) -> None:
    text = file.read_text()
    assert was in text
    file.write_text(text.replace(was, becomes))


@pytest.mark.usefixtures("shop")
def test_a_file_that_was_just_written_agrees_with_chain_and_models_and_needs_no_target(interlock: Interlock):
    wrote = interlock("schema", "write")
    checked = interlock("schema", "check")

    assert wrote.out == "schema.json is written: 16 objects at r3; commit it.\n"
    assert checked.code == ExitCode.CLEAR, checked
    assert "the chain builds, the schema file is what it makes and every mapped class fits it" in flat(checked)


@pytest.mark.usefixtures("shop")
def test_a_project_without_the_file_is_stop(interlock: Interlock):
    said = interlock("schema", "check")

    assert said.code == ExitCode.STOP
    assert "there is no schema.json" in said.out
    assert "interlock schema write" in said.out


def test_writing_twice_writes_the_same(written: AlembicProject, interlock: Interlock):
    first = (written.folder / "schema.json").read_text()
    interlock("schema", "write")

    assert (written.folder / "schema.json").read_text() == first


def test_a_new_revision_that_the_file_does_not_know_is_stop_and_named(written: AlembicProject, interlock: Interlock):
    written.add_revision("r4", "r3", "op.add_column('orders', sa.Column('paid_at', sa.DateTime))")

    said = interlock("schema", "check")

    assert said.code == ExitCode.STOP
    assert "Missing column public.orders.paid_at (revision r4 makes it)" in flat(said)
    assert "it is that of r3, and the head of the chain is r4" in flat(said)


def test_a_script_that_was_changed_is_stop_although_its_schema_is_the_same(
    written: AlembicProject, interlock: Interlock
):
    edit(written.folder / "migrations/versions/r3.py", '"""make r3"""', '"""make it, with other words"""')

    said = interlock("schema", "check")

    assert said.code == ExitCode.STOP
    assert "schema.json is stale: the scripts of the chain were changed after it was written" in flat(said)


def test_how_the_lines_of_a_script_end_does_not_matter(written: AlembicProject, interlock: Interlock):
    script = written.folder / "migrations/versions/r3.py"
    script.write_bytes(script.read_bytes().replace(b"\n", b"\r\n"))

    assert interlock("schema", "check").code == ExitCode.CLEAR


def test_a_file_that_was_edited_by_hand_is_stop(written: AlembicProject, interlock: Interlock):
    edit(written.folder / "schema.json", '"type": "text"', '"type": "uuid"')

    said = interlock("schema", "check")

    assert said.code == ExitCode.STOP
    assert "Altered column public.orders.note: type is uuid, declared text" in flat(said)


def test_models_that_map_what_no_revision_makes_are_stop(tmp_path: Path, interlock: Interlock):
    make_project(tmp_path, models=SHOP_MODELS.replace("note:", "remark:"))
    interlock("schema", "write")

    said = interlock("schema", "check")

    assert said.code == ExitCode.STOP
    assert "models against chain at r3: class Order cannot be selected" in flat(said)


def test_models_that_nobody_gives_are_caution(tmp_path: Path, interlock: Interlock):
    make_project(tmp_path, models="")
    interlock("schema", "write")

    assert interlock("schema", "check").code == ExitCode.CAUTION


def test_a_chain_that_does_not_build_from_empty_is_stop(written: AlembicProject, interlock: Interlock):
    written.add_revision("r4", "r3", "op.drop_table('made_by_hand')")

    said = interlock("schema", "check")

    assert said.code == ExitCode.STOP
    assert "revision r4 failed" in said.err


def test_several_heads_are_stop(written: AlembicProject, interlock: Interlock):
    written.add_revision("other", "r2", "pass")

    said = interlock("schema", "check")

    assert said.code == ExitCode.STOP
    assert "the chain has 2 heads: other, r3" in flat(said)


def test_several_bases_are_stop(written: AlembicProject, interlock: Interlock):
    written.add_revision("x1", None, "pass")
    written.add_revision("m", ("r3", "x1"), "pass")

    said = interlock("schema", "check")

    assert said.code == ExitCode.STOP
    assert "the chain has 2 bases: r1, x1" in flat(said)


@pytest.mark.parametrize("place", [0, 3])
def test_a_revision_id_that_is_longer_than_its_column_is_named(tmp_path: Path, interlock: Interlock, place: int):
    long = "r" * 33
    revisions = list(SHOP.items())
    make_project(tmp_path, dict([*revisions[:place], (long, "pass"), *revisions[place:]]))

    said = interlock("schema", "check")

    assert said.code == ExitCode.STOP
    assert f"the revision id {long} has 33 characters, and its column has room for 32" in flat(said)


def test_a_long_revision_id_is_no_finding_where_its_column_was_widened(tmp_path: Path, interlock: Interlock):
    widen = "op.execute('alter table alembic_version alter version_num type varchar(64)')"
    make_project(tmp_path, {**SHOP, "r4": widen, "r" * 40: "pass"})
    interlock("schema", "write")

    said = interlock("schema", "check")

    assert said.code == ExitCode.CLEAR, said


@pytest.mark.parametrize("command", [("schema", "check"), ("verify",)])
def test_a_file_with_a_merge_conflict_in_it_is_one_error_with_file_and_place(
    written: AlembicProject, interlock: Interlock, database: str, command: tuple[str, ...]
):
    edit(written.folder / "schema.json", '  "head"', '<<<<<<< HEAD\n  "head"')

    said = interlock(*command, database=database)

    assert said.code == ExitCode.STOP
    assert "schema.json is no schema file that can be read: line 7, column 1" in flat(said)
    assert "Traceback" not in flat(said)


def test_a_file_of_a_newer_format_is_one_error(written: AlembicProject, interlock: Interlock, released: str):
    edit(written.folder / "schema.json", "interlock-schema/1", "interlock-schema/2")

    said = interlock("verify", database=released)

    assert said.code == ExitCode.STOP
    assert "schema.json has format 2, and this Interlock reads up to 1" in flat(said)


def test_the_schema_json_of_somebody_else_is_not_ours_to_use_or_to_overwrite(
    shop: AlembicProject, interlock: Interlock, database: str
):
    theirs = shop.folder / "schema.json"
    theirs.write_text('{"openapi": "3.1.0"}')
    interlock("release", "--schema-only", database=database)

    assert interlock("schema", "write").code == ExitCode.STOP
    assert theirs.read_text() == '{"openapi": "3.1.0"}'
    assert "as the chain defines it" in flat(interlock("verify", "--json", database=database))


def test_the_settings_may_name_another_file(shop: AlembicProject, interlock: Interlock):
    shop.write("interlock.toml", '[project]\nschema_file = "db/shop.json"\n')
    (shop.folder / "db").mkdir()

    assert interlock("schema", "write").code == ExitCode.CLEAR
    assert (shop.folder / "db/shop.json").exists()
    assert interlock("schema", "check").code == ExitCode.CLEAR


def test_a_file_that_the_settings_name_must_be_there_for_verify(
    shop: AlembicProject, interlock: Interlock, database: str
):
    shop.write("interlock.toml", '[project]\nschema_file = "shop.json"\n')

    said = interlock("verify", database=database)

    assert said.code == ExitCode.USAGE
    assert "the file that [project] schema_file names is not there" in said.err


def test_verify_by_the_file_needs_no_scratch_server_and_says_where_it_knows_the_schema_from(
    interlock: Interlock, released: str
):
    said = interlock("verify", "--json", database=released, INTERLOCK_SCRATCH_URL=NOWHERE)

    assert said.code == ExitCode.CLEAR, said
    summaries = {stage["check"]: stage["summary"] for stage in json.loads(said.out)["timeline"]}
    assert summaries["verify after"] == "as schema.json has it at r3: 17 objects"


def test_verify_by_the_file_names_what_is_missing_and_who_makes_it(interlock: Interlock, released: str):
    execute(released, "alter table orders drop column note; drop index orders_by_customer")

    said = interlock("verify", database=released)

    assert said.code == ExitCode.STOP
    assert "column public.orders.note, by r3" in flat(said)
    assert "index public.orders.orders_by_customer, by r2" in flat(said)
    assert "the database claims r3, and its schema is not what schema.json has at it" in flat(said)


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("update alembic_version set version_num = 'r2'", "the database is at r2; not run yet: r3"),
        ("delete from alembic_version", "the database is at no revision; not run yet: r1, r2, r3"),
        ("update alembic_version set version_num = 'r9'", "at revision r9, which this chain does not have"),
        ("insert into alembic_version values ('r2')", "rows that contradict each other"),
    ],
)
def test_verify_by_the_file_reads_the_rows_of_the_version_table(
    interlock: Interlock, released: str, statement: str, told: str
):
    execute(released, statement)

    said = interlock("verify", database=released)

    assert said.code == ExitCode.STOP
    assert told in flat(said)


def test_a_database_that_only_claims_the_head_is_stop(written: AlembicProject, interlock: Interlock, database: str):
    assert written.folder.exists()
    execute(database, "create table alembic_version (version_num varchar(32) primary key)")
    execute(database, "insert into alembic_version values ('r3')")

    said = interlock("verify", database=database)

    assert said.code == ExitCode.STOP
    assert "table public.orders, by r2" in flat(said)


def test_what_operators_do_beside_the_chain_is_no_drift(interlock: Interlock, released: str):
    execute(released, "create extension pg_trgm; alter table orders set (fillfactor = 90); create schema other")

    assert interlock("verify", database=released).code == ExitCode.CLEAR


def test_a_database_that_another_role_owns_is_no_drift(interlock: Interlock, released: str):
    execute(released, "create role shop_owner")
    for thing in ("table customers", "table orders", "type order_state"):
        execute(released, f"alter {thing} owner to shop_owner")

    said = interlock("verify", database=released)
    execute(released, "drop owned by shop_owner cascade; drop role shop_owner")

    assert said.code == ExitCode.CLEAR, said


@pytest.mark.parametrize("damage", ["a new revision", "another script"])
def test_verify_by_a_stale_file_is_stop_and_says_how_to_write_it(
    written: AlembicProject, interlock: Interlock, released: str, damage: str
):
    if damage == "a new revision":
        written.add_revision("r4", "r3", "pass")
    else:
        edit(written.folder / "migrations/versions/r3.py", "make r3", "make more")

    said = interlock("verify", database=released)

    assert said.code == ExitCode.STOP
    assert "schema.json is stale" in flat(said)
    assert "interlock schema write" in flat(said)


def test_verify_by_the_file_looks_at_the_models_too(interlock: Interlock, released: str, written: AlembicProject):
    edit(written.folder / "migrations/env.py", "note:", "remark:")

    said = interlock("verify", database=released)

    assert said.code == ExitCode.STOP
    assert "class Order cannot be selected" in flat(said)


def test_env_py_writes_nothing_while_it_is_asked_for_the_models(tmp_path: Path, interlock: Interlock, database: str):
    make_project(tmp_path, before_configure="connection.exec_driver_sql('create table if not exists mine (id int)')")
    interlock("schema", "write")

    said = interlock("verify", database=database)

    assert said.code == ExitCode.STOP
    assert ask(database, "select relname from pg_class where relname = 'mine'") == []


def test_verify_by_the_chain_is_one_setting_away(interlock: Interlock, released: str):
    said = interlock("verify", "--json", database=released, INTERLOCK_PROJECT__SCHEMA_FILE="false")

    assert said.code == ExitCode.CLEAR, said
    assert "as the chain defines it at r3" in said.out


def test_a_target_with_another_search_path_is_told_why_nothing_is_where_the_file_has_it(
    interlock: Interlock, released: str
):
    execute(
        released, "create schema tenant; alter database " + released.rpartition("/")[2] + " set search_path = tenant"
    )
    execute(
        released, "alter table public.orders set schema tenant; alter table public.alembic_version set schema tenant"
    )

    said = interlock("verify", database=released)

    assert said.code == ExitCode.STOP
    assert "it resolves names in tenant first" in flat(said)


@pytest.mark.usefixtures("shop")
def test_the_scratch_database_resolves_names_by_default_whatever_the_role_has(
    interlock: Interlock, server: EmbeddedServer, tmp_path: Path
):
    execute(server.url().as_text(), "drop role if exists elsewhere")
    execute(server.url().as_text(), "create role elsewhere superuser login password 'x'")
    execute(server.url().as_text(), "alter role elsewhere set search_path = pg_temp")
    scratch = server.url().as_text().replace(f"{server.url().user}:{server.url().password}@", "elsewhere:x@")

    said = interlock("schema", "write", INTERLOCK_SCRATCH_URL=scratch)
    execute(server.url().as_text(), "drop role elsewhere")

    assert said.code == ExitCode.CLEAR, said
    assert list(json.loads((tmp_path / "schema.json").read_text())["objects"]) == ["public"]


def test_models_behind_the_chain_are_no_stop(tmp_path: Path, interlock: Interlock):
    make_project(tmp_path, models=MODELS_WITHOUT_NOTE)
    interlock("schema", "write")

    assert interlock("schema", "check").code == ExitCode.CLEAR


VARCHARS = """op.execute("create table parcels (id int primary key, state varchar(9) "
           "constraint known check (state in ('new', 'sent')))")"""


def restore_known(database: str) -> None:
    """Do to a constraint what a dump and restore does to it: let the server parse what it printed."""
    ((definition,),) = ask(database, "select pg_get_constraintdef(oid) from pg_constraint where conname = 'known'")
    execute(database, f"alter table parcels drop constraint known, add constraint known {definition}")


def test_a_restored_database_is_no_drift_from_the_file(tmp_path: Path, interlock: Interlock, database: str):
    make_project(tmp_path, {**SHOP, "r4": VARCHARS})
    interlock("schema", "write")
    interlock("release", "--schema-only", database=database)
    restore_known(database)

    said = interlock("verify", database=database, INTERLOCK_SCRATCH_URL=NOWHERE)

    assert said.code == ExitCode.CLEAR, said
    assert interlock("schema", "check").code == ExitCode.CLEAR


def test_a_file_with_a_print_too_many_is_stop(tmp_path: Path, interlock: Interlock):
    make_project(tmp_path, {**SHOP, "r4": VARCHARS})
    interlock("schema", "write")
    head, _, forms = (tmp_path / "schema.json").read_text().partition('"forms"')
    (tmp_path / "schema.json").write_text(f'{head}"forms"{forms.replace("new", "none")}')

    said = interlock("schema", "check")

    assert said.code == ExitCode.STOP
    assert "schema.json has other prints of objects than the server makes" in flat(said)
