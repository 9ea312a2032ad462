"""An env.py that migrates what it finds on the target, a schema for each tenant say, is not proved by one of them."""

from pathlib import Path

import pytest

from interlock.errors import ExitCode
from tests.acceptance.conftest import ask, execute
from tests.alembic_project import SYNC_ENV, make_project
from tests.integration.release.conftest import Guard, told

TABLE = 'op.create_table("t", sa.Column("id", sa.Integer))'
MIGRATES_EACH = """
        tenants = "select nspname from pg_namespace where nspname ~ '^tenant' order by 1"
        for schema in ["public", *(name for (name,) in connection.exec_driver_sql(tenants))]:
            {guard}
                connection.exec_driver_sql(f"set search_path to {{{{schema}}}}")
                connection.commit()
                context.configure(
                    connection=connection, target_metadata=target_metadata, version_table_schema=schema
                )
                with context.begin_transaction():
                    context.run_migrations()
            {otherwise}
"""
HEAD = SYNC_ENV.partition("        context.configure")[0]
PLAINLY = HEAD + MIGRATES_EACH.format(guard="if True:", otherwise="pass") + "\nrun()\n"
CATCHES = HEAD + MIGRATES_EACH.format(
    guard="try:", otherwise="except Exception as error:\n                print(error)"
)
CATCHES += "\nrun()\n"


@pytest.mark.parametrize("env", [PLAINLY, CATCHES], ids=["plainly", "catches what fails"])
@pytest.mark.parametrize("is_pending", [True, False], ids=["pending", "nothing pending"])
def test_several_tenants_are_a_stop_before_anything_runs(
    guard: Guard, tmp_path: Path, database: str, env: str, is_pending: bool
):
    make_project(tmp_path, {"r1": TABLE}, env=env)
    if not is_pending:
        assert guard("release", database, models=False).exit_code == ExitCode.CLEAR
    before = ask(database, "select count(*) from pg_class where relname = 't'")
    execute(database, "create schema tenant_a; create schema tenant_b")

    outcome = guard("release", database, models=False)

    assert outcome.exit_code == ExitCode.STOP
    assert "several version tables in one run (public.alembic_version, tenant_a.alembic_version" in told(outcome)
    assert ask(database, "select count(*) from pg_class where relname = 't'") == before


def test_an_env_py_that_does_nothing_on_the_target_is_a_stop(guard: Guard, tmp_path: Path, database: str):
    sleeps = SYNC_ENV.replace(
        "        context.configure",
        '        if connection.engine.url.database.startswith("test_"):\n            return\n        context.configure',
    )
    make_project(tmp_path, {"r1": TABLE}, env=sleeps)

    outcome = guard("release", database, models=False)

    assert outcome.exit_code == ExitCode.STOP
    assert "without running context.run_migrations()" in told(outcome)


def test_another_version_table_on_the_target_is_a_stop(guard: Guard, tmp_path: Path, database: str):
    other = ', version_table="v_" + ("live" if connection.engine.url.database.startswith("test_") else "else")'
    make_project(tmp_path, {"r1": TABLE}, options=other)

    outcome = guard("release", database, models=False)

    assert outcome.exit_code == ExitCode.STOP
    assert "env.py keeps the revision in v_live" in told(outcome)
    assert ask(database, "select count(*) from pg_class where relname = 't'") == [(0,)]
