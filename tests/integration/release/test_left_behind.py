"""Somebody else than who releases uses the database, and has to be let into what a release makes."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from interlock.errors import ExitCode
from interlock.postgres.url import parse_url
from tests.alembic_project import make_project
from tests.integration.release.conftest import Guard, told

MAKES = 'op.create_table("{0}", sa.Column("id", sa.Integer, primary_key=True))'


@pytest.fixture
def app(database: str) -> Iterator[str]:
    """The role of an application, which owns nothing."""
    name = f"app_of_{parse_url(database).database}"
    execute(database, f"create role {name} login")
    yield name
    execute(database, f"drop owned by {name}", f"drop role {name}")


def execute(database: str, *statements: str) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)


def test_a_new_table_that_the_application_may_not_use_is_no_clear(
    guard: Guard, tmp_path: Path, database: str, app: str
):
    make_project(tmp_path, {"r1": MAKES.format("orders")})
    guard("release", database, models=False)
    execute(database, f"grant all on all tables in schema public to {app}")
    execute(database, f"grant all on all sequences in schema public to {app}")
    make_project(tmp_path, {"r1": MAKES.format("orders"), "r2": MAKES.format("invoices")})

    released = guard("release", database, models=False)
    verified = guard("verify", database, models=False)
    execute(database, f"grant insert on invoices to {app}")
    without_sequence = guard("verify", database, models=False)
    execute(database, f"grant usage on sequence invoices_id_seq to {app}")
    granted = guard("verify", database, models=False)

    table = f"CAUTION verify after: the role {app} may use the older tables, and not the newest: public.invoices"
    for outcome in (released, verified):
        assert outcome.exit_code == ExitCode.CAUTION
        assert told(outcome) == table
    sequence = "may insert into tables and not use their sequences: public.invoices_id_seq"
    assert told(without_sequence) == f"CAUTION verify after: the role {app} {sequence}"
    assert granted.exit_code == ExitCode.CLEAR, told(granted)


def test_what_was_kept_from_a_role_is_not_told(guard: Guard, tmp_path: Path, database: str, app: str):
    tables = {f"r{n}": MAKES.format(f"t{n}") for n in range(1, 6)}
    make_project(tmp_path, tables)
    guard("release", database, models=False)
    # One is kept from the application; a reporting tool sees one, and the rest came later; everybody sees another one.
    execute(
        database,
        f"grant select on t1, t2, t4, t5 to {app}",
        "create role report login",
        "create role nobody_here login",
    )
    execute(database, "grant select on t1 to report", "grant select on t2 to public")
    make_project(tmp_path, {**tables, "r6": f"{MAKES.format('t6')}; op.execute('grant select on t6 to {app}')"})

    outcome = guard("release", database, models=False)

    execute(database, "drop owned by report", "drop role report, nobody_here")
    assert outcome.exit_code == ExitCode.CLEAR, told(outcome)
