"""What a project's env.py may do, and what it must not get away with."""

from pathlib import Path

import pytest

from interlock.errors import ExitCode
from interlock.postgres.url import parse_url
from tests.acceptance.conftest import Interlock, ask, execute
from tests.alembic_project import ASYNC_ENV, SHOP, SYNC_ENV, make_project

TABLES = "select table_name from information_schema.tables where table_schema = 'public'"


def test_a_chain_is_released_from_empty(interlock: Interlock, tmp_path: Path, database: str):
    make_project(tmp_path)

    said = interlock("release", "--schema-only", database=database)

    assert said.code == ExitCode.CLEAR, said
    assert "CLEAR" in said.out
    assert ask(database, "select version_num from alembic_version") == [("r3",)]


def test_a_second_release_finds_nothing_to_do(interlock: Interlock, tmp_path: Path, database: str):
    make_project(tmp_path)
    interlock("release", "--schema-only", database=database)

    said = interlock("release", "--schema-only", database=database)

    assert said.code == ExitCode.CLEAR
    assert "nothing to do" in said.out


@pytest.mark.parametrize("driver", ["asyncpg", "psycopg"])
def test_an_asynchronous_env_py(interlock: Interlock, tmp_path: Path, database: str, driver: str):
    # On the scratch database too: an env.py may do with no other driver.
    make_project(tmp_path, env=ASYNC_ENV, before_configure=f'assert connection.dialect.driver.startswith("{driver}")')

    url = database.replace("postgresql:", f"postgresql+{driver}:") + "?sslmode=prefer"

    said = interlock("release", "--schema-only", database=url)

    assert said.code == ExitCode.CLEAR, said
    assert interlock("schema", "write", database=url).code == ExitCode.CLEAR


def test_an_asynchronous_project_whose_chain_takes_tables_for_granted(
    interlock: Interlock, tmp_path: Path, database: str
):
    project = make_project(
        tmp_path, {"r1": 'op.add_column("old", sa.Column("note", sa.Text))'}, env=ASYNC_ENV, models=""
    )
    project.write(
        "before.py", "import sqlalchemy as sa\nM = sa.MetaData()\nsa.Table('old', M, sa.Column('id', sa.Integer))"
    )
    project.write("alembic.ini", "[alembic]\nscript_location = %(here)s/migrations\nprepend_sys_path = .\n")
    project.write("interlock.toml", '[project]\nfoundation = "before:M"\nmodels = false\n')

    said = interlock("release", "--schema-only", database=database.replace("postgresql:", "postgresql+asyncpg:"))

    assert said.code == ExitCode.CLEAR, said


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg", "postgresql+psycopg2"])
def test_every_spelling_of_the_url(interlock: Interlock, tmp_path: Path, database: str, scheme: str):
    make_project(tmp_path)

    said = interlock("release", "--schema-only", database=database.replace("postgresql", scheme, 1))

    assert said.code == ExitCode.CLEAR, said


def test_pyproject_instead_of_alembic_ini(interlock: Interlock, tmp_path: Path, database: str):
    project = make_project(tmp_path)
    (tmp_path / "alembic.ini").unlink()
    project.write("pyproject.toml", '[tool.alembic]\nscript_location = "%(here)s/migrations"\n')

    assert interlock("release", "--schema-only", database=database).code == ExitCode.CLEAR


def test_settings_in_pyproject(interlock: Interlock, tmp_path: Path, database: str):
    project = make_project(tmp_path / "backend")
    project.write("../pyproject.toml", '[tool.interlock.project]\nconfig = "backend/alembic.ini"\n')

    assert interlock("release", "--schema-only", database=database).code == ExitCode.CLEAR


def test_a_version_table_of_another_name_in_another_schema(interlock: Interlock, tmp_path: Path, database: str):
    make_project(
        tmp_path,
        before_configure='connection.exec_driver_sql("create schema if not exists meta"); connection.commit()',
        options=', version_table="shop_version", version_table_schema="meta"',
    )

    said = interlock("release", "--schema-only", database=database)

    assert said.code == ExitCode.CLEAR, said
    assert ask(database, "select version_num from meta.shop_version") == [("r3",)]
    assert interlock("verify", database=database).code == ExitCode.CLEAR


FOR_A_TENANT = """tenant = context.get_x_argument(as_dictionary=True)["tenant"]
        connection.exec_driver_sql(f"set search_path to {tenant}")
        connection.commit()
        connection.dialect.default_schema_name = tenant"""


def test_an_env_py_that_sets_a_tenants_search_path_is_told_how_every_session_gets_it(
    interlock: Interlock, tmp_path: Path, database: str
):
    make_project(tmp_path, before_configure=FOR_A_TENANT)
    execute(database, "create schema acme")

    said = interlock("release", "--schema-only", "-x", "tenant=acme", database=database)

    assert said.code == ExitCode.STOP
    assert "env.py sets the search path to acme" in said.err
    remedy = "?options=-csearch_path%3Dacme"
    assert f"DATABASE_URL=postgresql://...{remedy}" in said.err
    released = interlock("release", "--schema-only", "-x", "tenant=acme", database=database + remedy)
    assert released.code == ExitCode.CLEAR, released
    assert ask(database, "select version_num from acme.alembic_version") == [("r3",)]
    assert ask(database, TABLES) == []


def test_a_tenant_without_a_schema_is_told_to_make_it(interlock: Interlock, tmp_path: Path, database: str):
    make_project(tmp_path, before_configure=FOR_A_TENANT)

    said = interlock("release", "--schema-only", "-x", "tenant=acme", database=database)

    assert said.code == ExitCode.STOP
    assert "make the schema, which is not there" in said.err


def test_an_env_py_that_looks_into_the_same_schemas_in_another_order(
    interlock: Interlock, tmp_path: Path, database: str
):
    make_project(tmp_path, before_configure='connection.exec_driver_sql("set search_path to app"); connection.commit()')
    execute(database, "create schema app")

    said = interlock("release", "--schema-only", database=database + "?options=-csearch_path%3Dpublic,app")

    assert said.code == ExitCode.CLEAR, said
    assert ask(database, "select version_num from app.alembic_version") == [("r3",)]


def test_x_arguments_reach_env_py(interlock: Interlock, tmp_path: Path, database: str):
    make_project(tmp_path, before_configure='assert context.get_x_argument(as_dictionary=True)["tenant"] == "acme"')

    assert interlock("release", "--schema-only", "-x", "tenant=acme", database=database).code == ExitCode.CLEAR


def test_a_project_that_takes_its_url_from_parts(interlock: Interlock, tmp_path: Path, database: str):
    env = """
import os
from sqlalchemy import URL, create_engine
from alembic import context
part = os.environ.__getitem__
url = URL.create("postgresql+psycopg", part("PGU"), part("PGPW"), part("PGH"), int(part("PGPO")), part("PGDB"))
with create_engine(url).connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""
    project = make_project(tmp_path, env=env.replace("{", "{{").replace("}", "}}"))
    project.write(
        "interlock.toml",
        "[project]\nmodels = false\n[project.environment]\n"
        'PGU = "{user}"\nPGPW = "{password}"\nPGH = "{host}"\nPGPO = "{port}"\nPGDB = "{database}"\n',
    )

    assert interlock("release", "--schema-only", database=database).code == ExitCode.CLEAR


def test_an_env_py_that_opens_another_database_is_found_out_before_it_does_anything(
    interlock: Interlock, tmp_path: Path, database: str
):
    make_project(
        tmp_path,
        env=SYNC_ENV.replace("context.config.get_section(context.config.config_ini_section)", "URL"),
        models=f"URL = {{'sqlalchemy.url': {database.replace('postgresql:', 'postgresql+psycopg:')!r}}}",
    )

    said = interlock("release", "--schema-only", database=database)

    assert said.code == ExitCode.STOP
    assert "another database" in said.err
    assert ask(database, TABLES) == []


def test_an_env_py_that_leaves_its_transaction_open(interlock: Interlock, tmp_path: Path, database: str):
    make_project(tmp_path, before_configure='connection.exec_driver_sql("select pg_advisory_lock(1)")')

    said = interlock("release", "--schema-only", database=database)

    assert said.code == ExitCode.STOP
    assert "nothing was committed" in said.err
    assert ask(database, TABLES) == []


def test_an_env_py_that_swallows_its_own_failure(interlock: Interlock, tmp_path: Path, database: str):
    revisions = {**SHOP, "r4": 'op.execute("alter table nowhere add x int")'}
    make_project(tmp_path, revisions, env=_swallowing())

    said = interlock("release", "--schema-only", database=database)

    assert said.code == ExitCode.STOP
    assert "r4" in said.err
    assert ask(database, TABLES) == []


def test_an_env_py_that_calls_exit_has_done_nothing(interlock: Interlock, tmp_path: Path, database: str):
    make_project(tmp_path, before_configure="raise SystemExit(0)")

    said = interlock("release", "--schema-only", database=database)

    assert said.code == ExitCode.STOP
    assert ask(database, TABLES) == []


def test_an_env_py_whose_process_ends_under_it(interlock: Interlock, tmp_path: Path, database: str):
    make_project(tmp_path, before_configure="import os; os._exit(0)")

    said = interlock("release", "--schema-only", database=database)

    assert said.code == ExitCode.STOP
    assert "process ended" in said.err


def test_an_env_py_that_silences_everybody_does_not_silence_the_guard(
    interlock: Interlock, tmp_path: Path, database: str
):
    silencing = "import sys, logging; logging.disable(); sys.stdout = sys.stderr = open('/dev/null', 'w')"
    make_project(tmp_path, before_configure=silencing)

    said = interlock("release", "--schema-only", database=database)

    assert said.code == ExitCode.CLEAR
    assert "CLEAR" in said.out


def test_a_password_that_env_py_prints_is_in_no_output(interlock: Interlock, tmp_path: Path, database: str):
    make_project(tmp_path, before_configure='raise RuntimeError(context.config.get_main_option("sqlalchemy.url"))')
    password = parse_url(database).password

    said = interlock("--debug", "release", "--schema-only", database=database)

    assert said.code == ExitCode.STOP
    reports = "".join(file.read_text() for file in (tmp_path / "interlock-report").iterdir())
    assert password not in said.out + said.err + reports


def _swallowing() -> str:
    return SYNC_ENV.removesuffix("run()\n") + "try:\n    run()\nexcept Exception:\n    print('never mind')\n"
