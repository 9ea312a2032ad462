"""The chain and the models define the same database, and the chain can be walked both ways."""

from enum import StrEnum

import psycopg
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Enum, create_engine, pool

from interlock.control.persistence.database import as_psycopg_url
from interlock.control.persistence.models import METADATA, MODELS
from interlock.control.persistence.revisions import CONFIG_PATH, expected_revision
from interlock.errors import InvalidSetting
from tests.integration.control.conftest import chain

CATALOG = (
    "select conrelid::regclass::text, conname, pg_get_constraintdef(oid) from pg_constraint"
    " where connamespace = 'public'::regnamespace and conrelid::regclass::text <> 'alembic_version'"
    " union all select tablename, indexname, indexdef from pg_indexes"
    " where schemaname = 'public' and tablename <> 'alembic_version'"
    " union all select c.relname, a.attname, concat_ws(' ', format_type(atttypid, atttypmod), attnotnull,"
    " pg_get_expr(d.adbin, d.adrelid)) from pg_attribute a join pg_class c on c.oid = a.attrelid"
    " left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum"
    " where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and a.attnum > 0"
    " and not a.attisdropped and c.relname <> 'alembic_version' order by 1, 2, 3"
)


def rows(database: str, query: str) -> list[tuple[str, ...]]:
    with psycopg.connect(database) as connection:
        return connection.execute(query).fetchall()


def test_alembic_finds_no_difference_between_head_and_models(database: str):
    command.upgrade(chain(database), "head")

    engine = create_engine(as_psycopg_url(database), poolclass=pool.NullPool)
    with engine.connect() as connection:
        options = {"compare_server_default": True, "compare_type": True}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, METADATA) == []


def test_the_catalog_is_the_same_whether_the_chain_or_the_models_made_it(database: str):
    command.upgrade(chain(database), "head")
    by_chain = rows(database, CATALOG)
    command.downgrade(chain(database), "base")

    engine = create_engine(as_psycopg_url(database), poolclass=pool.NullPool)
    METADATA.create_all(engine)

    assert rows(database, CATALOG) == by_chain


def test_all_models_are_listed():
    assert {model.__tablename__ for model in MODELS} == set(METADATA.tables)


@pytest.mark.each_major
def test_each_revision_can_be_undone_and_done_again(database: str):
    script = ScriptDirectory.from_config(chain(database))
    for revision in reversed(list(script.walk_revisions())):
        command.upgrade(chain(database), revision.revision)
        before = rows(database, CATALOG)
        command.downgrade(chain(database), "-1")
        command.upgrade(chain(database), revision.revision)
        assert rows(database, CATALOG) == before, revision.revision


def test_going_down_to_base_leaves_nothing_but_the_version_table(database: str):
    command.upgrade(chain(database), "head")
    command.downgrade(chain(database), "base")

    assert rows(database, "select relname from pg_class where relnamespace = 'public'::regnamespace") == [
        ("alembic_version",),
        ("alembic_version_pkc",),
    ]
    assert (
        rows(database, "select typname from pg_type where typnamespace = 'public'::regnamespace and typtype = 'e'")
        == []
    )


def test_the_chain_tells_its_story_in_ids_that_fit_the_version_table():
    script = ScriptDirectory.from_config(chain("postgresql://nowhere"))
    story = list(script.walk_revisions())

    assert [len(script.get_heads()), len(script.get_bases())] == [1, 1]
    assert all(len(revision.revision) <= 32 and len(revision.doc) > 10 for revision in story)


def test_modules_in_use_enter_the_catalogue(database: str):
    command.upgrade(chain(database), "0005_organisation_modules")
    with psycopg.connect(database) as connection:
        connection.execute(
            "with o as (insert into organisations (key, name, plan, is_active)"
            " values ('acme', 'Acme', 'basic', true), ('globex', 'Globex', 'basic', true) returning id)"
            " insert into organisation_modules (organisation_id, module_key, is_enabled)"
            " select id, 'pricing', true from o"
        )

    command.upgrade(chain(database), "head")

    assert rows(database, "select key, type, status from analytics_modules") == [("pricing", "analytics", "active")]


def enums() -> dict[str, type[StrEnum]]:
    types = (column.type for table in METADATA.tables.values() for column in table.columns)
    return {kind.name: kind.enum_class for kind in types if isinstance(kind, Enum)}


def test_the_labels_of_every_enum_are_the_values_of_its_members_in_order(database: str):
    command.upgrade(chain(database), "head")

    labels = rows(
        database,
        "select typname, array_agg(enumlabel::text order by enumsortorder) from pg_enum"
        " join pg_type on pg_type.oid = enumtypid group by typname order by typname",
    )

    assert dict(labels) == {name: [member.value for member in members] for name, members in enums().items()}
    assert len(labels) == 8


def test_the_chain_takes_its_database_from_the_environment(database: str, monkeypatch: pytest.MonkeyPatch):
    from alembic.config import Config

    monkeypatch.setenv("DATABASE_URL", database.replace("postgresql://", "postgres://"))
    command.upgrade(Config(CONFIG_PATH), "head")

    assert rows(database, "select version_num from alembic_version") == [(expected_revision(),)]


def test_the_chain_without_a_database_says_so(monkeypatch: pytest.MonkeyPatch):
    from alembic.config import Config

    monkeypatch.delenv("DATABASE_URL", raising=False)

    with pytest.raises(InvalidSetting, match="no database is named"):
        command.upgrade(Config(CONFIG_PATH), "head")


def test_the_chain_can_be_printed_instead_of_run(capsys: pytest.CaptureFixture[str]):
    command.upgrade(chain("postgresql://nowhere"), "head", sql=True)

    assert "CREATE TABLE analytics_modules" in capsys.readouterr().out


def test_the_revision_that_the_build_expects_is_the_one_head_of_its_chain():
    script = ScriptDirectory.from_config(chain("postgresql://nowhere"))

    assert script.get_heads() == [expected_revision()]
