"""What a release would drop while it holds rows is told before anything runs."""

from pathlib import Path

import psycopg
import pytest

from interlock.errors import ExitCode
from interlock.postgres.url import parse_url
from tests.acceptance.conftest import ask, execute
from tests.alembic_project import make_project
from tests.integration.release.conftest import Guard, told

TABLES = """
op.create_table("orders", sa.Column("id", sa.Integer, primary_key=True), sa.Column("note", sa.Text),
                sa.Column("empty", sa.Text))
op.create_table("unused", sa.Column("id", sa.Integer, primary_key=True))
"""


@pytest.fixture
def with_rows(tmp_path: Path, database: str) -> str:
    """A database at the first revision, with rows in one of its tables."""
    make_project(tmp_path, {"r1": TABLES}).upgrade(database)
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("insert into orders (id, note) values (1, 'a'), (2, 'b'), (3, null)")
    return database


LOSSES = {
    "a column": ('op.drop_column("orders", "note")', "drops column public.orders.note, and it holds 2 values"),
    "a table": ('op.drop_table("orders")', "drops table public.orders, and it holds 3 rows"),
    "a table, by another name": (
        'op.rename_table("orders", "old")\nop.drop_table("old")',
        "drops table public.orders, and it holds 3 rows",
    ),
    "a column that is made anew": (
        'op.drop_column("orders", "note")\nop.add_column("orders", sa.Column("note", sa.Text))',
        "drops column public.orders.note, and it holds 2 values",
    ),
}


@pytest.mark.parametrize(("revision", "message"), LOSSES.values(), ids=LOSSES.keys())
def test_what_holds_values_is_not_dropped_unasked(
    guard: Guard, tmp_path: Path, with_rows: str, revision: str, message: str
):
    make_project(tmp_path, {"r1": TABLES, "r2": revision})

    planned, released = guard("plan", with_rows, models=False), guard("release", with_rows, models=False)

    assert planned.exit_code == released.exit_code == ExitCode.STOP
    assert f"STOP data loss: revision r2 {message}" in told(released)
    # The second run has it from what is remembered of the chain.
    assert told(planned) == told(released)
    assert ask(with_rows, "select count(*), count(note) from orders") == [(3, 2)]


def test_what_is_named_is_dropped(guard: Guard, tmp_path: Path, with_rows: str):
    make_project(tmp_path, {"r1": TABLES, "r2": 'op.drop_column("orders", "note")'})

    outcome = guard("release", with_rows, models=False, allowed_drops=["public.orders.note"])

    assert outcome.exit_code == ExitCode.CLEAR, told(outcome)
    [stage] = (stage for stage in outcome.record.timeline if stage.check == "data loss")
    assert "it holds 2 values (allowed)" in stage.summary


HARMLESS = {
    "a column without values": 'op.drop_column("orders", "empty")',
    "a table without rows": 'op.drop_table("unused")',
    "a column with another name": 'op.alter_column("orders", "note", new_column_name="remark")',
    "a table with another name": 'op.rename_table("orders", "purchases")',
    "a column with another type": 'op.alter_column("orders", "note", type_=sa.String(50))',
    "what the same revisions made": 'op.add_column("orders", sa.Column("x", sa.Text))\nop.drop_column("orders", "x")',
}


@pytest.mark.parametrize("revision", HARMLESS.values(), ids=HARMLESS.keys())
def test_nothing_is_said_where_nothing_is_lost(guard: Guard, tmp_path: Path, with_rows: str, revision: str):
    make_project(tmp_path, {"r1": TABLES, "r2": revision})

    assert guard("plan", with_rows, models=False).exit_code == ExitCode.CLEAR


def test_rows_that_policies_hide_from_the_role_are_not_taken_for_none(guard: Guard, tmp_path: Path, with_rows: str):
    target = parse_url(with_rows)
    owner = f"owner_of_{target.database}"
    execute(
        with_rows,
        f"create role {owner} login password 'p'; grant create, usage on schema public to {owner};"
        f"alter table orders owner to {owner}; alter table unused owner to {owner};"
        f"alter table alembic_version owner to {owner};"
        "alter table orders enable row level security; alter table orders force row level security",
    )
    hides = 'op.execute("ALTER TABLE orders ENABLE ROW LEVEL SECURITY; ALTER TABLE orders FORCE ROW LEVEL SECURITY")'
    make_project(tmp_path, {"r1": TABLES + hides, "r2": 'op.drop_table("orders")'})

    planned = guard("plan", f"postgresql://{owner}:p@{target.host}:{target.port}/{target.database}", models=False)

    assert planned.exit_code == ExitCode.STOP, told(planned)
    assert "drops table public.orders, and what it holds could not be counted" in told(planned)
