"""A chain of many trivial revisions, released and run by `alembic upgrade head`: python bench/overhead.py

Writes bench/OVERHEAD.md; with a number, a chain of so many revisions is tried, and nothing is written. The chain is
built on the scratch database once, and remembered: that time is shown apart.
"""

import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psycopg

from interlock.postgres.embedded import EmbeddedServer, run_server, run_throwaway_server

REVISIONS = 5_000
RESULTS = Path(__file__).with_name("OVERHEAD.md")
ENVIRONMENT = """
import os

from alembic import context
from sqlalchemy import create_engine

with create_engine(os.environ["DATABASE_URL"]).connect() as connection:
    context.configure(connection=connection, target_metadata=None, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()
"""
OURS = ("-m", "interlock", "release", "--schema-only")
ALEMBIC = ("-m", "alembic", "upgrade", "head")


def main() -> None:
    """Measure, and write the page."""
    number = int(sys.argv[1]) if len(sys.argv) > 1 else REVISIONS
    with tempfile.TemporaryDirectory() as folder, run_throwaway_server() as scratch:
        project = make_project(Path(folder) / "project", number)
        os.environ["INTERLOCK_SCRATCH_URL"] = scratch.url().as_text()
        with run_server(Path(folder) / "server", is_durable=True) as server:
            # The first release builds the chain, and remembers it.
            first, _ = timed(server, project, OURS, "first")
            rows = compare(server, project, number)
        rows.append(f"| the first time, when the chain is built on scratch as well | {first:.1f} s | | |")
        with run_throwaway_server() as server:
            without = compare(server, project, number)
    print(*rows, *without, sep="\n")
    if len(sys.argv) == 1:
        RESULTS.write_text("\n".join([*head(), *TABLE, *rows, "", WITHOUT_FLUSHES, "", *TABLE, *without, ""]))


def compare(server: EmbeddedServer, project: Path, number: int) -> list[str]:
    """Release and upgrade on this server, each from nothing, and once more with nothing to do."""
    ours, our_peak = timed(server, project, OURS, "ours")
    theirs, their_peak = timed(server, project, ALEMBIC, "theirs")
    idle, _ = timed(server, project, OURS, "ours")
    their_idle, _ = timed(server, project, ALEMBIC, "theirs")
    return [
        f"| {number:,} revisions | {ours:.1f} s | {theirs:.1f} s | {ours / theirs:.2f} |",
        f"| a revision | {ours / number * 1000:.2f} ms | {theirs / number * 1000:.2f} ms | |",
        f"| nothing to do | {idle:.2f} s | {their_idle:.2f} s | {idle / their_idle:.2f} |",
        f"| memory of the largest process | {our_peak} MiB | {their_peak} MiB | |",
    ]


TABLE = ("| | interlock | alembic | ratio |", "|---|---:|---:|---:|")
WITHOUT_FLUSHES = (
    "The same on a server that flushes nothing to disk (`fsync`, `synchronous_commit` off), as nobody's is: there the\n"
    "work of both is all that takes time."
)


def head() -> list[str]:
    """What the page begins with."""
    return [
        "# What a release costs on top\n",
        "Made by `python bench/overhead.py`, not written by hand. A chain of revisions that each comment a table,",
        "released with `interlock release --schema-only`, and run by `alembic upgrade head` with a transaction for",
        "each.\n",
        f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}, PostgreSQL 18 on the same",
        "machine, which flushes each commit to disk as servers do.\n",
    ]


def timed(server: EmbeddedServer, project: Path, command: tuple[str, ...], name: str) -> tuple[float, int]:
    """Seconds, and MiB of the largest process of this command."""
    database = server.url().with_database(name)
    if not is_there(server, name):
        server.create_database(name)
    url = database.as_text().replace("postgresql://", "postgresql+psycopg://", 1)
    began = time.monotonic()
    quiet = subprocess.DEVNULL
    environment = {**os.environ, "DATABASE_URL": url}
    process = subprocess.Popen([sys.executable, *command], cwd=project, env=environment, stdout=quiet, stderr=quiet)
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise subprocess.CalledProcessError(status, command)
    return time.monotonic() - began, used.ru_maxrss // 1024


def is_there(server: EmbeddedServer, name: str) -> bool:
    """Whether the server has a database."""
    with psycopg.connect(server.url().as_text()) as connection:
        return connection.execute("select from pg_database where datname = %s", [name]).rowcount > 0


def make_project(folder: Path, number: int) -> Path:
    """Write an Alembic project of so many revisions."""
    versions = folder / "migrations" / "versions"
    versions.mkdir(parents=True)
    (folder / "alembic.ini").write_text("[alembic]\nscript_location = %(here)s/migrations\n")
    (folder / "interlock.toml").write_text("[project]\nmodels = false\n")
    (folder / "migrations" / "env.py").write_text(ENVIRONMENT)
    for each in range(number):
        body = f"comment on table t is '{each}'" if each else "create table t (id int)"
        parent = f"r{each - 1}" if each else None
        (versions / f"r{each}.py").write_text(
            f"from alembic import op\n\nrevision, down_revision = 'r{each}', {parent!r}\n\n\n"
            f'def upgrade():\n    op.execute("{body}")\n'
        )
    return folder


if __name__ == "__main__":
    main()
