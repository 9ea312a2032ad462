"""What a run could not look at: told, and never CLEAR."""

from pathlib import Path

from interlock.errors import ExitCode
from interlock.postgres.url import parse_url
from tests.acceptance.conftest import execute
from tests.alembic_project import make_project
from tests.integration.release.conftest import ONE_TABLE, Guard, told

MAKES_T = 'op.create_table("t", sa.Column("id", sa.Integer, primary_key=True))'


def test_a_catalog_that_the_role_may_not_read_is_told_and_nothing_is_clear(guard: Guard, tmp_path: Path, database: str):
    make_project(tmp_path, {"r1": MAKES_T}, models=ONE_TABLE)
    target = parse_url(database)
    role = f"half_blind_{target.database}"
    execute(database, f"create role {role} login password 'p'; grant create, usage on schema public to {role}")
    theirs = f"postgresql://{role}:p@{target.host}:{target.port}/{target.database}"
    assert guard("release", theirs).exit_code == ExitCode.CLEAR
    execute(database, "revoke select on pg_catalog.pg_policy from public")

    outcome = guard("verify", theirs)

    assert outcome.exit_code == ExitCode.CAUTION, told(outcome)
    assert "CAUTION verify after: not everything can be seen: policies: permission denied" in told(outcome)


def test_an_object_of_no_kind_that_is_compared_is_named_and_nothing_is_clear(
    guard: Guard, tmp_path: Path, database: str
):
    make_project(tmp_path, {"r1": MAKES_T}, models=ONE_TABLE)
    assert guard("release", database).exit_code == ExitCode.CLEAR
    execute(
        database,
        "set allow_system_table_mods = on; create function pg_catalog.hidden() returns int language sql as 'select 1'",
    )

    outcome = guard("verify", database)

    assert outcome.exit_code == ExitCode.CAUTION, told(outcome)
    assert "of a kind that is not compared: function pg_catalog.hidden()" in told(outcome)


def test_a_materialized_view_that_refuses_every_query_is_no_clear(guard: Guard, tmp_path: Path, database: str):
    view = "op.execute('create materialized view ids as select id from t')"
    make_project(tmp_path, {"r1": MAKES_T, "r2": view}, models=ONE_TABLE)
    assert guard("release", database).exit_code == ExitCode.CLEAR
    empties = "op.execute('refresh materialized view ids with no data')"
    make_project(tmp_path, {"r1": MAKES_T, "r2": view, "r3": empties}, models=ONE_TABLE)

    outcome = guard("release", database)

    assert outcome.exit_code == ExitCode.CAUTION
    assert told(outcome) == (
        "CAUTION verify after: materialized view public.ids holds nothing, and refuses every query"
    )
