"""Squawk's findings beside ours: the real squawk, on what revisions send."""

from pathlib import Path

import pytest

from interlock.errors import ExitCode
from interlock.release import run_on_target, squawk
from interlock.report.json import as_json
from interlock.report.markdown import as_markdown
from interlock.report.text import as_text
from tests.alembic_project import make_project
from tests.integration.release.conftest import Guard, told

TABLE = 'op.create_table("t", sa.Column("id", sa.BigInteger, primary_key=True), sa.Column("n", sa.BigInteger))'
NO_MODELS = {"models": False}


@pytest.fixture
def released(tmp_path: Path, database: str) -> str:
    make_project(tmp_path, {"r1": TABLE}).upgrade(database)
    return database


def test_what_squawk_says_stands_at_its_statement_and_counts_for_no_verdict(
    guard: Guard, released: str, tmp_path: Path
):
    make_project(
        tmp_path,
        {
            "r1": TABLE,
            "r2": """
            op.add_column("t", sa.Column("note", sa.Text))
            op.create_index("t_n", "t", ["n"])
            """,
            "r3": """
            with op.get_context().autocommit_block():
                op.create_index("t_note", "t", ["note"], postgresql_concurrently=True)
            """,
        },
    )

    outcome = guard("plan", released, **NO_MODELS)

    record = outcome.record
    said = {(each.statement.sql.split()[0:3][-1], each.rule) for each in record.remarks}
    assert said == {("t_n", "require-concurrent-index-creation")}, said
    assert outcome.exit_code == ExitCode.CLEAR, told(outcome)
    sentence = "squawk says: During normal index creation, table updates are blocked"
    for text in (as_text(record, width=120), as_markdown(record), as_json(record)):
        assert sentence.removeprefix("squawk says: ") in text
    assert sentence in as_text(record, width=120)


def test_without_squawk_nothing_is_said(guard: Guard, released: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    make_project(tmp_path, {"r1": TABLE, "r2": 'op.create_index("t_n", "t", ["n"])'})
    monkeypatch.setattr(run_on_target, "find_squawk", lambda: None)

    outcome = guard("plan", released, **NO_MODELS)

    assert outcome.record.remarks == ()
    assert not any("squawk" in each for each in outcome.record.unproved)


@pytest.mark.parametrize("program", ["echo broken", "exit 3", "echo '[{}]'", "kill -9 $$"])
def test_a_squawk_that_gives_no_answer_is_told_and_harms_nothing(
    guard: Guard, released: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str
):
    fake = tmp_path / "squawk"
    fake.write_text(f"#!/bin/sh\ncat >/dev/null\n{program}\n")
    fake.chmod(0o755)
    make_project(tmp_path, {"r1": TABLE, "r2": 'op.create_index("t_n", "t", ["n"])'})
    monkeypatch.setattr(run_on_target, "find_squawk", lambda: fake)

    outcome = guard("plan", released, **NO_MODELS)

    assert outcome.exit_code == ExitCode.CLEAR, told(outcome)
    assert any("squawk" in each for each in outcome.record.unproved)


def test_a_statement_that_squawk_cannot_read_hides_nothing_of_the_others_and_is_told(
    guard: Guard, released: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    # Nothing is known that PostgreSQL runs and the real one cannot read, so it is kept from reading one thing.
    real = squawk.find_squawk()
    stumbling = tmp_path / "squawk"
    stumbling.write_text(f"#!/bin/sh\nsed 's/stumble/)(/' | '{real}' \"$@\"\n")
    stumbling.chmod(0o755)
    monkeypatch.setattr(run_on_target, "find_squawk", lambda: stumbling)
    make_project(
        tmp_path,
        {
            "r1": TABLE,
            "r2": 'op.add_column("t", sa.Column("stumble", sa.Text))',
            "r3": 'op.create_index("t_n", "t", ["n"])',
        },
    )

    outcome = guard("plan", released, **NO_MODELS)

    assert {each.rule for each in outcome.record.remarks} == {"require-concurrent-index-creation"}
    assert [each for each in outcome.record.unproved if "squawk" in each] == [
        "what squawk says of 1 statement that it cannot read"
    ]


def test_squawk_is_found_beside_our_own_python():
    found = squawk.find_squawk()

    assert found is not None
    assert found.exists()
