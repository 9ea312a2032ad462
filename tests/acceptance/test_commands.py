"""Each command of the guard, as people run it."""

import importlib.resources
import json
from pathlib import Path

import jsonschema
import pytest

from interlock.errors import ExitCode
from interlock.postgres.embedded import EmbeddedServer
from interlock.postgres.url import parse_url
from tests.acceptance.conftest import Interlock, ask, execute
from tests.alembic_project import MODELS_WITHOUT_NOTE, SHOP, AlembicProject, make_project

TABLES = "select table_name from information_schema.tables where table_schema = 'public' order by 1"
FORMATS = {"report.html", "report.md", "report.json", "report.junit.xml"}


@pytest.fixture
def shop(tmp_path: Path) -> AlembicProject:
    return make_project(tmp_path)


@pytest.fixture(scope="module")
def template(server: EmbeddedServer, run_interlock: Interlock, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The name of a database that the shop was released to."""
    folder = tmp_path_factory.mktemp("shop")
    make_project(folder)
    database = server.create_database("released_shop").as_text()
    assert run_interlock("release", "--schema-only", folder=folder, database=database).code == ExitCode.CLEAR
    return "released_shop"


@pytest.fixture
def released(shop: AlembicProject, template: str, server: EmbeddedServer, database: str) -> str:
    """A database that the shop of this test was released to."""
    assert shop.folder.exists()
    name = parse_url(database).database
    execute(server.url().as_text(), f"drop database {name}")
    execute(server.url().as_text(), f"create database {name} template {template}")
    return database


def test_another_database_than_the_settings_name_is_left_alone(tmp_path: Path, interlock: Interlock, released: str):
    (identifier,) = ask(released, "select system_identifier::text from pg_control_system()")[0]
    settings, name = tmp_path / "interlock.toml", parse_url(released).database
    execute(released, "delete from alembic_version")

    settings.write_text(f'[project]\ndatabases = ["{identifier}/shop"]')
    refused = [interlock(*each.split(), database=released) for each in ("release", "restamp --yes", "repair --apply")]
    settings.write_text(f'[project]\ndatabases = ["{identifier}/shop", "{identifier}/{name}"]')
    let_in = interlock("restamp", "--yes", database=released)

    for said in refused:
        assert said.code == ExitCode.STOP
        assert f"this is the database {identifier}/{name}" in " ".join((said.out + said.err).split())
    assert let_in.code == 0, let_in


@pytest.mark.usefixtures("shop")
def test_plan_says_what_would_run_and_touches_nothing(interlock: Interlock, database: str):
    said = interlock("plan", database=database)

    assert said.code == ExitCode.CLEAR, said
    assert [said.out.index(f"pending  {each}") for each in ("r1", "r2", "r3")] == sorted(
        said.out.index(f"pending  {each}") for each in ("r1", "r2", "r3")
    )
    assert ask(database, TABLES) == []


def test_what_a_release_drops_is_kept_where_the_settings_say_so(tmp_path: Path, interlock: Interlock, released: str):
    make_project(tmp_path, SHOP | {"r4": 'op.drop_column("orders", "note")'}, models=MODELS_WITHOUT_NOTE)
    (tmp_path / "interlock.toml").write_text('[backup]\nfolder = "backups"')
    execute(
        released,
        "insert into customers (email) values ('a@example.com');"
        "insert into orders (customer_id, state, note) values (1, 'open', 'x')",
    )
    password = parse_url(released).password

    planned = interlock("plan", "--allow-drop", "public.orders.note", database=released)
    assert f"public.orderswillbedumpedinto{tmp_path}/backups" in "".join(planned.out.split())
    done = interlock("release", "--schema-only", "--allow-drop", "public.orders.note", database=released)

    assert done.code == ExitCode.CLEAR, done
    [file] = (tmp_path / "backups").iterdir()
    reports = tmp_path / "interlock-report"
    assert json.loads((reports / "report.json").read_text())["backup"]["file"] == str(file)
    for said in (done.out, (reports / "report.html").read_text(), (reports / "report.md").read_text()):
        assert file.name in "".join(said.split())
        assert "public.orders 1" in said
        assert password not in said


def test_verify_of_a_released_database_is_clear(interlock: Interlock, released: str):
    said = interlock("verify", database=released)

    assert said.code == ExitCode.CLEAR, said


def test_verify_is_stop_while_revisions_are_waiting(shop: AlembicProject, interlock: Interlock, released: str):
    shop.add_revision("r4", "r3", 'op.add_column("orders", sa.Column("paid_at", sa.DateTime))')

    said = interlock("verify", database=released)

    assert said.code == ExitCode.STOP
    assert "not run yet: r4" in said.out


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        ("alter table orders drop column note", "column public.orders.note, by r3"),
        ("alter table orders alter note type varchar(10)", "column public.orders.note, by r3"),
        ("alter table orders alter customer_id drop not null", "column public.orders.customer_id, by r2"),
        ("alter table orders alter note set default 'x'", "column public.orders.note, by r3"),
        ("alter table orders drop constraint orders_pkey", "primary key public.orders.orders_pkey, by r2"),
        ("alter table orders drop constraint orders_customer_id_fkey", "foreign key"),
        ("alter table customers drop constraint customers_email_key", "unique constraint"),
        ("drop index orders_by_customer", "index public.orders.orders_by_customer, by r2"),
        ("alter type order_state rename value 'paid' to 'PAID'", "enum public.order_state, by r1"),
        ("alter type order_state add value 'lost' before 'open'", "enum public.order_state, by r1"),
        ("drop table orders", "table public.orders, by r2"),
        ("alter table orders rename note to notes", "column public.orders.note, by r3"),
        ("update pg_index set indisvalid = false where indexrelid = 'orders_by_customer'::regclass", "by_customer"),
    ],
)
def test_every_kind_of_damage_is_stop(interlock: Interlock, released: str, damage: str, told: str):
    execute(released, damage)

    said = interlock("release", "--schema-only", database=released)

    assert said.code == ExitCode.STOP, said
    # Where another revision has exactly this schema, that is told in one line, and the makers stand in brackets.
    text = " ".join((said.out + said.err).split())
    assert told in text or told.replace(", by r3", " (r3)").replace(", by r2", " (r2)") in text


def test_a_table_made_by_hand_is_caution(interlock: Interlock, released: str):
    execute(released, "create table scratchpad (id int)")

    said = interlock("verify", database=released)

    assert said.code == ExitCode.CAUTION
    assert "table public.scratchpad" in said.out


def test_a_table_made_by_hand_that_a_waiting_revision_makes_too_is_stop(
    shop: AlembicProject, interlock: Interlock, released: str
):
    shop.add_revision("r4", "r3", 'op.create_table("refunds", sa.Column("id", sa.Integer))')
    execute(released, "create table refunds (id int)")

    said = interlock("release", "--schema-only", database=released)

    assert said.code == ExitCode.STOP
    assert "table public.refunds" in said.err
    assert ask(released, "select version_num from alembic_version") == [("r3",)]


def test_a_class_that_maps_what_no_revision_makes_is_stop(shop: AlembicProject, interlock: Interlock, released: str):
    env = shop.folder / "migrations" / "env.py"
    env.write_text(env.read_text().replace("note: Mapped[str | None]", "note: Mapped[str | None]; tax: Mapped[int]"))

    said = interlock("verify", database=released)

    assert said.code == ExitCode.STOP
    assert "orders.tax does not exist" in " ".join(said.out.split())


def test_a_class_that_no_waiting_revision_satisfies_is_stop_before_anything_is_touched(
    shop: AlembicProject, interlock: Interlock, database: str
):
    env = shop.folder / "migrations" / "env.py"
    env.write_text(env.read_text().replace("note: Mapped[str | None]", "note: Mapped[str | None]; tax: Mapped[int]"))

    said = interlock("release", "--schema-only", database=database)

    assert said.code == ExitCode.STOP
    assert "models against chain at r3: class Order" in " ".join(said.out.split())
    assert ask(database, TABLES) == []


def test_a_python_enum_that_has_other_labels_than_the_database_is_stop(
    shop: AlembicProject, interlock: Interlock, released: str
):
    env = shop.folder / "migrations" / "env.py"
    env.write_text(env.read_text().replace('    paid = "paid"', '    PAID = "paid"'))

    said = interlock("verify", database=released)

    assert said.code == ExitCode.STOP
    assert "lacks 'PAID'" in said.out


def test_a_class_of_other_metadata_is_caution_unless_the_settings_leave_it_out(
    shop: AlembicProject, interlock: Interlock, released: str
):
    shop.write(
        "refunds.py",
        "from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column\n"
        "class Base(DeclarativeBase): pass\n"
        "class Refund(Base):\n    __tablename__ = 'refunds'\n    id: Mapped[int] = mapped_column(primary_key=True)\n",
    )
    shop.write("alembic.ini", "[alembic]\nscript_location = %(here)s/migrations\nprepend_sys_path = .\n")
    env = shop.folder / "migrations" / "env.py"
    env.write_text(f"import refunds\n{env.read_text()}")

    said = interlock("verify", database=released)
    shop.write("interlock.toml", '[project]\nexclude_modules = ["refunds"]\n')
    left_out = interlock("verify", database=released)

    assert said.code == ExitCode.CAUTION, said
    assert "class refunds.Refund is mapped by other metadata" in " ".join(said.out.split())
    assert left_out.code == ExitCode.CLEAR, left_out
    assert "mapped by other metadata than target_metadata: refunds.Refund" in " ".join(left_out.out.split())


def test_a_project_without_metadata_is_caution(tmp_path: Path, interlock: Interlock, database: str):
    make_project(tmp_path, models="")

    said = interlock("release", "--schema-only", database=database)

    assert said.code == ExitCode.CAUTION
    assert "target_metadata of env.py is not given" in " ".join(said.out.split())


def test_metadata_that_nobody_put_a_class_into_is_caution(tmp_path: Path, interlock: Interlock, database: str):
    make_project(tmp_path, models="import sqlalchemy as sa\ntarget_metadata = sa.MetaData()")

    assert interlock("release", "--schema-only", database=database).code == ExitCode.CAUTION


@pytest.mark.usefixtures("shop")
def test_a_release_without_any_endpoint_is_caution(interlock: Interlock, database: str):
    said = interlock("release", database=database)

    assert said.code == ExitCode.CAUTION
    assert "no endpoint was asked" in said.out


def test_restamp_writes_the_revision_that_the_schema_is(interlock: Interlock, released: str):
    execute(released, "alter table orders drop column note")

    said = interlock("restamp", "--yes", database=released)

    assert said.code == 0, said
    assert ask(released, "select version_num from alembic_version") == [("r2",)]
    assert interlock("release", "--schema-only", database=released).code == ExitCode.CLEAR


def test_restamp_writes_nothing_where_the_schema_is_that_of_no_revision(interlock: Interlock, released: str):
    execute(released, "alter table orders drop column state")

    said = interlock("restamp", "--yes", database=released)

    assert said.code == ExitCode.STOP
    assert "column public.orders.state" in said.err
    assert ask(released, "select version_num from alembic_version") == [("r3",)]


def test_restamp_asks_which_one_where_revisions_change_rows_only(tmp_path: Path, interlock: Interlock, database: str):
    make_project(tmp_path, {**SHOP, "r4": "op.execute(\"insert into customers (email) values ('a')\")"})
    interlock("release", "--schema-only", database=database)
    execute(database, "update alembic_version set version_num = 'r1'")

    asked = interlock("restamp", "--yes", database=database)
    named = interlock("restamp", "r4", "--yes", database=database)

    assert asked.code == ExitCode.USAGE
    assert "r3, r4" in asked.err
    assert named.code == 0
    assert ask(database, "select version_num from alembic_version") == [("r4",)]


def test_restamp_does_not_write_when_nobody_is_there_to_confirm(interlock: Interlock, released: str):
    execute(released, "alter table orders drop column note")

    said = interlock("restamp", database=released)

    assert said.code == ExitCode.USAGE
    assert "--yes" in said.err
    assert ask(released, "select version_num from alembic_version") == [("r3",)]


@pytest.mark.usefixtures("shop")
def test_restamp_takes_the_row_of_an_empty_database_away(interlock: Interlock, database: str):
    execute(
        database, "create table alembic_version (version_num varchar(32)); insert into alembic_version values ('r3')"
    )

    said = interlock("restamp", "--yes", database=database)

    assert said.code == 0, said
    assert ask(database, "select * from alembic_version") == []
    assert interlock("release", "--schema-only", database=database).code == ExitCode.CLEAR


def test_json_is_the_only_thing_on_standard_output_and_fits_its_schema(interlock: Interlock, released: str):
    said = interlock("verify", "--json", database=released)

    schema = json.loads(importlib.resources.files("interlock.report").joinpath("schema.json").read_text())
    jsonschema.validate(json.loads(said.out), schema)


def test_every_report_names_the_target(tmp_path: Path, interlock: Interlock, released: str):
    (system_identifier,) = ask(released, "select system_identifier::text from pg_control_system()")[0]
    (version,) = ask(released, "show server_version")[0]
    (name,) = ask(released, "select current_database()")[0]

    said = interlock("verify", database=released)

    reports = {file.name: file.read_text() for file in (tmp_path / "interlock-report").iterdir()}
    assert reports.keys() == FORMATS
    for text in (said.out, *reports.values()):
        plain = text.replace("\\_", "_")  # Markdown escapes it
        assert [
            fact for fact in ("127.0.0.1", name, version, system_identifier, "interlock") if fact not in plain
        ] == []
