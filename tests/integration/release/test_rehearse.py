"""What the pending revisions do to people who use the database is known before the gate, and kept within a budget."""

from pathlib import Path

import psycopg
import pytest

from interlock.errors import ExitCode
from interlock.release.logbook import Outcome
from interlock.report.json import as_json
from interlock.report.markdown import as_markdown
from interlock.report.text import as_text
from tests.acceptance.conftest import ask
from tests.alembic_project import make_project
from tests.integration.release.conftest import Guard, claim, told

TABLES = """
op.create_table("orders", sa.Column("id", sa.Integer, primary_key=True), sa.Column("note", sa.Text))
op.create_table("unused", sa.Column("id", sa.Integer, primary_key=True))
"""
NOT_NULL = 'op.alter_column("orders", "note", nullable=False)'
ROWS = 20_000
STRICT = {"models": False, "budget_seconds": 0.001}
"""A table of a test is small, so the budget is."""


@pytest.fixture
def with_rows(database: str) -> str:
    """A database at the first revision, with rows in one of its tables, which somebody has read."""
    claim(database, "r1")
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("create table orders (id serial primary key, note text)")
        connection.execute("create table unused (id serial primary key)")
        connection.execute(f"insert into orders select i, 'x' from generate_series(1, {ROWS}) i")  # noqa: S608 - a constant
        connection.execute("select count(*) from orders")
    return database


def test_what_would_hold_people_out_for_longer_than_the_budget_is_not_begun(
    guard: Guard, tmp_path: Path, with_rows: str
):
    make_project(tmp_path, {"r1": TABLES, "r2": NOT_NULL})

    planned, released = (guard(what, with_rows, **STRICT) for what in ("plan", "release"))

    assert planned.exit_code == released.exit_code == ExitCode.STOP
    [finding] = released.record.verdict.findings
    assert finding.message.startswith("r2.py:11, ALTER TABLE orders ALTER COLUMN note SET NOT NULL: looks for nulls")
    assert "public.orders under ACCESS EXCLUSIVE" in finding.message
    assert "the budget is 1 ms" in finding.message
    assert "interlock.online.set_not_null" in finding.remedy
    assert "--accept not-null-scan:public.orders" in finding.remedy
    # The second run has it from what is remembered of the chain.
    assert planned.record.statements == released.record.statements
    assert ask(with_rows, "select version_num from alembic_version") == [("r1",)]


def test_what_stays_within_the_budget_is_told_and_done(guard: Guard, tmp_path: Path, with_rows: str):
    make_project(tmp_path, {"r1": TABLES, "r2": NOT_NULL})

    outcome = guard("release", with_rows, models=False)

    assert outcome.exit_code == ExitCode.CLEAR, told(outcome)
    assert [hazard.rule for hazard in outcome.record.hazards] == ["required-column", "not-null-scan"]
    text = as_text(outcome.record)
    assert "orders: ACCESS EXCLUSIVE, read whole" in text
    assert "about 20,000 rows" in text
    assert "instead: `interlock.online.set_not_null" in text
    assert "**not-null-scan**" in as_markdown(outcome.record)
    assert '"rule": "not-null-scan"' in as_json(outcome.record)


@pytest.mark.parametrize(
    ("until", "exit_code", "said"),
    [
        ("2099-12-31", ExitCode.CLEAR, "until 2099-12-31: it is small"),
        ("2020-01-31", ExitCode.STOP, "accepted it until 2020-01-31"),
    ],
)
def test_a_revision_answers_for_its_hazard_until_a_day(
    guard: Guard, tmp_path: Path, with_rows: str, until: str, exit_code: ExitCode, said: str
):
    comment = f"# interlock: accept not-null-scan on orders until {until}: it is small"
    make_project(tmp_path, {"r1": TABLES, "r2": f"{comment}\n{NOT_NULL}"})

    outcome = guard("plan", with_rows, **STRICT)

    assert outcome.exit_code == exit_code
    assert said in as_text(outcome.record, width=120)


def test_the_operator_answers_for_it_once(guard: Guard, tmp_path: Path, with_rows: str):
    make_project(tmp_path, {"r1": TABLES, "r2": NOT_NULL})

    assert guard("release", with_rows, accepted=["not-null-scan:unused"], **STRICT).exit_code == ExitCode.STOP
    outcome = guard("release", with_rows, accepted=["not-null-scan:orders"], **STRICT)

    assert outcome.exit_code == ExitCode.CLEAR, told(outcome)
    assert "1 accepted" in stage_of(outcome)


def test_a_comment_that_is_not_understood_accepts_nothing_and_is_told(guard: Guard, tmp_path: Path, with_rows: str):
    make_project(tmp_path, {"r1": TABLES, "r2": f"# interlock: accept not-null-scan\n{NOT_NULL}"})

    outcome = guard("plan", with_rows, **STRICT)

    assert outcome.exit_code == ExitCode.STOP
    assert "CAUTION rehearse: r2.py:11: the comment accepts nothing" in told(outcome)


def test_a_comment_of_a_revision_that_has_run_is_nobodys_business(guard: Guard, tmp_path: Path, with_rows: str):
    make_project(tmp_path, {"r1": f"# interlock: accept whatever\n{TABLES}", "r2": "pass"})

    assert guard("plan", with_rows, **STRICT).exit_code == ExitCode.CLEAR


def test_loss_and_hazards_are_told_at_once(guard: Guard, tmp_path: Path, with_rows: str):
    make_project(tmp_path, {"r1": TABLES, "r2": f'{NOT_NULL}\nop.drop_column("orders", "note")'})

    outcome = guard("plan", with_rows, **STRICT)

    assert {each.check for each in outcome.record.verdict.findings} == {"data loss", "rehearse"}


def test_a_table_that_cannot_be_weighed_counts_as_too_large(guard: Guard, tmp_path: Path, with_rows: str):
    make_project(tmp_path, {"r1": TABLES, "r2": NOT_NULL})

    with psycopg.connect(with_rows, application_name="nightly") as holder:
        holder.execute("lock table orders in access exclusive mode")
        outcome = guard("plan", with_rows, models=False)

    assert outcome.exit_code == ExitCode.STOP
    assert "the size of a table is not known" in told(outcome)


def test_who_holds_a_table_is_told(guard: Guard, tmp_path: Path, with_rows: str):
    make_project(tmp_path, {"r1": TABLES, "r2": NOT_NULL})

    with psycopg.connect(with_rows, application_name="nightly") as reader:
        reader.execute("select count(*) from orders")
        outcome = guard("plan", with_rows, models=False)

    [weight] = outcome.record.weights
    assert [holder.application for holder in weight.holders] == ["nightly"]
    assert "held by nightly (pid" in as_text(outcome.record, width=120)


def test_a_table_that_the_plan_makes_is_nobodys(guard: Guard, tmp_path: Path, with_rows: str):
    made = 'op.create_table("fresh", sa.Column("id", sa.Integer, primary_key=True), sa.Column("a", sa.Integer))'
    make_project(
        tmp_path, {"r1": TABLES, "r2": made, "r3": 'op.create_index("i", "fresh", ["a"])\nop.drop_column("fresh", "a")'}
    )

    outcome = guard("plan", with_rows, **STRICT)

    assert outcome.exit_code == ExitCode.CLEAR, told(outcome)
    assert outcome.record.hazards == outcome.record.statements == ()


def test_a_table_with_another_name_is_the_same_table(guard: Guard, tmp_path: Path, with_rows: str):
    renamed = NOT_NULL.replace("orders", "purchases")
    make_project(tmp_path, {"r1": TABLES, "r2": f'op.rename_table("orders", "purchases")\n{renamed}'})

    assert "looks for nulls in public.orders" in told(guard("plan", with_rows, **STRICT))


def test_nobody_uses_an_empty_database(guard: Guard, tmp_path: Path, database: str):
    make_project(tmp_path, {"r1": TABLES, "r2": NOT_NULL})

    outcome = guard("release", database, **STRICT)

    assert outcome.exit_code == ExitCode.CLEAR, told(outcome)
    assert outcome.record.hazards == ()


def test_partitions_weigh_for_their_parent(guard: Guard, tmp_path: Path, database: str):
    parted = """
op.execute("create table events (id int, day int) partition by range (day)")
op.execute("create table events_1 partition of events for values from (0) to (100000)")
"""
    claim(database, "r1")
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("create table events (id int, day int) partition by range (day)")
        connection.execute("create table events_1 partition of events for values from (0) to (100000)")
        connection.execute(f"insert into events select i, i from generate_series(1, {ROWS}) i")  # noqa: S608 - a constant
    make_project(tmp_path, {"r1": parted, "r2": 'op.execute("create index i on events (day)")'})

    outcome = guard("plan", database, **STRICT)

    assert outcome.exit_code == ExitCode.STOP
    assert {weight.table: weight.rows for weight in outcome.record.weights} == {
        "public.events": ROWS,
        "public.events_1": ROWS,
    }


def stage_of(outcome: Outcome) -> str:
    [stage] = (stage for stage in outcome.record.timeline if stage.check == "rehearse")
    return stage.summary
