"""What the steps of `interlock.online` do to the people who work meanwhile: python -m bench.online

Beside each stands the statement that it is used instead of. Both are a revision, run by `alembic upgrade`, on a table
of 1,000,000 rows that 20 clients read and write all the time, each over a database of its own. Writes bench/ONLINE.md.
The server is thrown away. Takes some five minutes.
"""

import os
import platform
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg

from bench.faults import ALEMBIC, CLIENTS, ROWS, ask, clients, make_project, run
from interlock.postgres.embedded import EmbeddedServer, run_throwaway_server
from interlock.postgres.url import DatabaseUrl

RESULTS = Path(__file__).with_name("ONLINE.md")
TABLES = """op.execute(
    "create table owners (id int primary key);"
    "create table t (id int primary key, n int not null, owner int, state text, wanted int)"
)"""
FILL = (
    "insert into owners select generate_series(1, 1000)",
    f"insert into t select g, g, 1 + g % 1000, null, g from generate_series(1, {ROWS}) g",  # noqa: S608
    "vacuum analyze",
)


@dataclass(frozen=True, slots=True)
class Step:
    """One step, what one would write without it, and a query that says whether all is done."""

    name: str
    online: str
    usual: str | None
    is_done: str
    before: str = ""
    """What a revision before it does."""


STEPS = (
    Step(
        "backfill",
        """online.backfill("t", "state = 'open'", where="state is null")""",
        """op.execute("update t set state = 'open'")""",
        "select not exists (select from t where state is null)",
    ),
    Step(
        "set_not_null",
        """online.set_not_null("t", "wanted")""",
        """op.alter_column("t", "wanted", nullable=False)""",
        "select attnotnull from pg_attribute where attrelid = 't'::regclass and attname = 'wanted'",
    ),
    Step(
        "create_index",
        """online.create_index("t_owner", "t", ["owner"])""",
        """op.create_index("t_owner", "t", ["owner"])""",
        "select indisvalid from pg_index where indexrelid = 't_owner'::regclass",
    ),
    Step(
        "create_foreign_key",
        """online.create_foreign_key("t_owner_fk", "t", "owners", ["owner"], ["id"])""",
        """op.create_foreign_key("t_owner_fk", "t", "owners", ["owner"], ["id"])""",
        "select convalidated from pg_constraint where conname = 't_owner_fk'",
    ),
    Step(
        "rename_column",
        """online.rename_column("t", "n", "number")""",
        """op.alter_column("t", "n", new_column_name="number")""",
        "select count(*) = 1 from pg_attribute where attrelid = 't'::regclass and attname = 'number'",
    ),
    Step(
        "drop_index",
        """online.drop_index("t_wanted")""",
        """op.drop_index("t_wanted")""",
        "select to_regclass('t_wanted') is null",
        before="""op.create_index("t_wanted", "t", ["wanted"])""",
    ),
    Step(
        "finish_rename",
        """online.finish_rename("t", "wanted", "due")""",
        None,
        "select array_agg(attname::text) = '{due}' from pg_attribute"
        " where attrelid = 't'::regclass and attname in ('wanted', 'due') and attnotnull",
        before="""op.alter_column("t", "wanted", nullable=False)\nonline.rename_column("t", "wanted", "due")""",
    ),
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How long it took, and what the clients noticed of it."""

    seconds: float
    longest_wait: float
    failed: int
    statements: int

    def told(self) -> str:
        return f"{self.seconds:.1f} s | {self.longest_wait:.2f} s | {self.failed:,} of {self.statements:,}"


def main() -> None:
    """Measure, and write the page."""
    lines: list[str] = []
    with tempfile.TemporaryDirectory() as folder, run_throwaway_server() as server:
        for line in measured(server, Path(folder)):
            print(line, flush=True)
            lines.append(line)
    RESULTS.write_text("\n".join([*head(), *lines, ""]))


def head() -> Iterator[str]:
    """What the page begins with."""
    yield "# The online steps while people work\n"
    yield (
        f"Made by `python -m bench.online`, not written by hand: {CLIENTS} clients read and write a table of {ROWS:,}"
        " rows\nwhile `alembic upgrade` runs one step of `interlock.online`, or the statement that it is used instead"
        " of.\n"
    )
    yield (
        f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}, PostgreSQL 18 on the same"
        " machine.\n"
    )
    yield "| step | took | longest wait of a client | statements of clients that failed |"
    yield "|---|---:|---:|---:|"


def measured(server: EmbeddedServer, folder: Path) -> Iterator[str]:
    for step in STEPS:
        for label, revision in ((f"`{step.name}`", step.online), ("the usual way", step.usual)):
            if revision is None:
                continue
            name = f"{step.name}_{'online' if revision is step.online else 'usual'}"
            revisions = [TABLES, *(f"from interlock import online\n{each}" for each in (step.before, revision))]
            outcome = watch(server.create_database(name), make_project(folder / name, revisions), step)
            yield f"| {label} | {outcome.told()} |"


def watch(database: DatabaseUrl, project: Path, step: Step) -> Outcome:
    """Run the step while the clients work. Raises RuntimeError where it did not do what it is for."""
    run(project, database, (*ALEMBIC[:3], "r2"))
    with psycopg.connect(database.as_text(), autocommit=True) as connection:
        for statement in FILL:
            connection.execute(statement.encode())
    with clients(database) as (waits, failed):
        began = time.monotonic()
        run(project, database, ALEMBIC)
        seconds = time.monotonic() - began
    if ask(database, step.is_done) != [(True,)]:
        raise RuntimeError(f"{project.name} is not done: {step.is_done}")
    return Outcome(seconds, max(waits), len(failed), len(waits))


if __name__ == "__main__":
    main()
