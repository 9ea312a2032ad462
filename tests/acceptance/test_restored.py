"""A database that was dumped and restored prints some expressions in another way, and is the same database."""

import subprocess
from pathlib import Path

import pytest

from interlock.errors import ExitCode
from interlock.postgres.embedded import EmbeddedServer, installed_binaries
from tests.acceptance.conftest import Interlock, execute
from tests.alembic_project import SHOP, make_project

KNOWN_CODES = """
    op.execute("alter table customers add column code varchar(5) check (code in ('a', 'b', 'c'))")
    op.execute("create index known_codes on customers (code) where code in ('a', 'b')")
    op.execute("create view known_customers as select id, email from customers where code in ('a', 'b')")
"""
WITHOUT_CHECK = "alter table customers drop constraint customers_code_check"
PROGRAMS = installed_binaries()


@pytest.fixture
def restored(tmp_path: Path, interlock: Interlock, server: EmbeddedServer, database: str) -> str:
    """The URL of a copy of a released database that went through a dump."""
    make_project(tmp_path, {**SHOP, "r4": KNOWN_CODES})
    assert interlock("release", "--schema-only", database=database).code == ExitCode.CLEAR
    copy = server.create_database(f"{database.rpartition('/')[2]}_restored").as_text()
    dump = subprocess.run([PROGRAMS / "pg_dump", "-d", database], check=True, capture_output=True)
    subprocess.run([PROGRAMS / "psql", "-q", "-d", copy], input=dump.stdout, check=True, capture_output=True)
    return copy


def test_it_is_in_step_with_what_it_was_dumped_from(interlock: Interlock, database: str, restored: str):
    said = interlock("drift", "--reference", database, "--live", restored)

    assert said.code == 0, said
    assert "in step" in said.out


def test_it_is_what_its_chain_and_its_schema_file_declare(interlock: Interlock, restored: str):
    by_chain = interlock("verify", database=restored)
    assert interlock("schema", "write").code == 0
    # There is no server of that name: the file alone has to know the other prints.
    by_file = interlock("verify", database=restored, INTERLOCK_SCRATCH_URL="postgresql://nobody@127.0.0.1:1/nowhere")

    assert by_chain.code == ExitCode.CLEAR, by_chain
    assert by_file.code == ExitCode.CLEAR, by_file
    assert "as schema.json has it" in by_file.out


@pytest.mark.parametrize(
    ("damage", "altered"),
    [
        (
            f"{WITHOUT_CHECK}, add constraint customers_code_check check (code in ('a', 'b', 'd'))",
            "check constraint public.customers.customers_code_check",
        ),
        (
            "drop index known_codes; create index known_codes on customers (code) where code in ('a', 'c')",
            "index public.customers.known_codes",
        ),
        (
            "create or replace view known_customers as select id, email from customers where code in ('a', 'c')",
            "view public.known_customers",
        ),
    ],
    ids=["a check", "a predicate", "a view"],
)
def test_what_was_changed_in_it_is_told(interlock: Interlock, database: str, restored: str, damage: str, altered: str):
    execute(restored, damage)

    compared = interlock("drift", "--reference", database, "--live", restored)
    verified = interlock("verify", database=restored)

    assert compared.code == 1
    assert f"Altered {altered}" in compared.out
    assert verified.code == ExitCode.STOP
    assert altered in " ".join(verified.out.split())
