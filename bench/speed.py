"""What a comparison of large schemas costs, beside its peers: python bench/speed.py

Makes a database of 1,250, of 2,500 and of 5,000 tables and a copy of each, compares the two with every tool in turn,
and writes CPU seconds of client and server, and the memory of the client, to bench/SPEED.md. `alembic check` has one
database and the models of the other. The server is thrown away; the peers come from npm. Takes some ten minutes.
Linux only: what the server used is read from /proc.
"""

import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg

from interlock.postgres.embedded import EmbeddedServer, installed_binaries, run_throwaway_server
from interlock.postgres.url import DatabaseUrl

SIZES = (1_250, 2_500, 5_000)
ROUNDS = 3
PEER = "@supabase/pg-delta@1.0.0-alpha.34"
RESULTS = Path(__file__).with_name("SPEED.md")
# The models of a project with that many tables: ten columns, two indexes, a key and a check each.
MODELS = """
import sqlalchemy as sa

metadata = sa.MetaData()
mood = sa.Enum("sad", "ok", name="mood", metadata=metadata)
for i in range({size}):
    name = f"t{{i}}"
    sa.Table(
        name,
        metadata,
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("code", sa.String(20), nullable=False, server_default="x"),
        sa.Column("price", sa.Numeric(10, 2), server_default=sa.text("0")),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.Column("note", sa.Text),
        sa.Column("flag", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("feeling", mood, server_default="ok"),
        sa.Column("doc", sa.LargeBinary),
        sa.Column("parent_id", sa.ForeignKey(f"t{{max(i - 1, 0)}}.id", ondelete="CASCADE")),
        sa.Column("number", sa.Integer, sa.CheckConstraint("number > 0", name=f"{{name}}_number")),
        sa.Index(f"{{name}}_code", "code", "made_at"),
        sa.Index(f"{{name}}_note", "note", postgresql_where=sa.text("flag")),
    )
"""
ENVIRONMENT = """
import os

from alembic import context
from sqlalchemy import create_engine

from models import metadata

with create_engine(os.environ["DATABASE_URL"]).connect() as connection:
    context.configure(connection=connection, target_metadata=metadata)
    with context.begin_transaction():
        context.run_migrations()
"""

CREATE = """
import os

from sqlalchemy import create_engine

from models import metadata

# One transaction would hold more locks than the server has room for.
with create_engine(os.environ["DATABASE_URL"], isolation_level="AUTOCOMMIT").connect() as connection:
    metadata.create_all(connection, checkfirst=False)
"""


@dataclass(frozen=True)
class Cost:
    """What one comparison used: seconds of CPU, bytes of the largest process."""

    client: float
    server: float
    memory: int

    @property
    def cpu(self) -> float:
        return self.client + self.server


@dataclass(frozen=True)
class Pair:
    """Two equal databases, and a project whose models are theirs."""

    reference: DatabaseUrl
    live: DatabaseUrl
    project: Path


@dataclass(frozen=True)
class Tool:
    """One way to compare: the commands that it takes. `rounds` is how often it is asked; the least counts."""

    name: str
    commands: Callable[[Pair], Sequence[Sequence[str]]]
    rounds: int = ROUNDS


def main() -> None:
    """Measure, and write the page."""
    costs: dict[tuple[str, int], Cost] = {}
    with tempfile.TemporaryDirectory() as folder, run_throwaway_server() as server:
        tools = the_tools(install_peer(Path(folder) / "peers"))
        for size in SIZES:
            pair = make_pair(server, size, Path(folder) / str(size))
            for tool in tools:
                runs = [measured(tool, pair, server) for _ in range(tool.rounds)]
                costs[tool.name, size] = least = min(runs, key=lambda cost: cost.cpu)
                print(f"{size} tables, {tool.name}: {least.cpu:.1f} s, {in_mib(least)} MiB", flush=True)
    RESULTS.write_text(page(tools, costs))


def in_mib(cost: Cost) -> str:
    """The memory in the unit that people think in."""
    return f"{cost.memory / 2**20:.0f}"


def the_tools(peers: Path) -> tuple[Tool, ...]:
    """Ours first, then the peers."""
    return (
        Tool("interlock drift", drift_commands),
        Tool("diff of two pg_dump", dump_commands),
        Tool("pg-delta", lambda pair: [[str(peers / "pgdelta"), "diff", *source_and_desired(pair)]]),
        Tool("alembic check", lambda _: [[sys.executable, "-m", "alembic", "check"]], rounds=1),
    )


def drift_commands(pair: Pair) -> Sequence[Sequence[str]]:
    """Ours."""
    sides = ("--reference", pair.reference.as_text(), "--live", pair.live.as_text())
    return [[sys.executable, "-m", "interlock", "drift", *sides]]


def dump_commands(pair: Pair) -> Sequence[Sequence[str]]:
    """Two dumps without the key that is another one each time, and their difference."""
    program = str(installed_binaries() / "pg_dump")
    key = ("--restrict-key", "x")
    files = [str(pair.project / name) for name in ("reference.sql", "live.sql")]
    sides = zip((pair.reference, pair.live), files, strict=True)
    dumps = [[program, "--schema-only", *key, "--file", file, "--dbname", url.as_text()] for url, file in sides]
    return [*dumps, ["diff", *files]]


def source_and_desired(pair: Pair) -> tuple[str, ...]:
    """The databases, as pg-delta wants them named."""
    return ("--source", pair.reference.as_text(), "--desired", pair.live.as_text())


def measured(tool: Tool, pair: Pair, server: EmbeddedServer) -> Cost:
    """Ask a tool, and give what that cost. Raises CalledProcessError where it finds a difference: there is none."""
    before = server_seconds(server)
    client, memory = 0.0, 0
    environment = {**os.environ, "DATABASE_URL": with_driver(pair.live)}
    for command in tool.commands(pair):
        with tempfile.TemporaryFile() as said:
            process = subprocess.Popen(command, cwd=pair.project, env=environment, stdout=said, stderr=said)
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            said.seek(0)
            if process.returncode:
                raise subprocess.CalledProcessError(process.returncode, command[:3], said.read()[-2000:])
        client += usage.ru_utime + usage.ru_stime
        memory = max(memory, usage.ru_maxrss * 1024)
    return Cost(client, server_seconds(server) - before, memory)


def server_seconds(server: EmbeddedServer) -> float:
    """The CPU seconds of all sessions that ended, as their parent was told; waits for those that are ending."""
    with psycopg.connect(server.url().conninfo, autocommit=True) as connection:
        folder = connection.execute("show data_directory").fetchall()[0][0]
        while connection.execute(
            "select from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()"
        ).rowcount:
            time.sleep(0.05)
        own = connection.info.backend_pid
    while Path("/proc", str(own)).exists():
        time.sleep(0.05)
    parent = Path(folder, "postmaster.pid").read_text().partition("\n")[0]
    fields = Path("/proc", parent, "stat").read_text().rpartition(")")[2].split()
    return (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")


def make_pair(server: EmbeddedServer, size: int, project: Path) -> Pair:
    """Make a project with so many models, the database that it describes, and a copy of that."""
    (project / "migrations" / "versions").mkdir(parents=True)
    (project / "alembic.ini").write_text("[alembic]\nscript_location = %(here)s/migrations\nprepend_sys_path = .\n")
    (project / "migrations" / "env.py").write_text(ENVIRONMENT)
    (project / "models.py").write_text(MODELS.format(size=size))
    (project / "create.py").write_text(CREATE)
    reference = server.create_database(f"reference_{size}")
    # Not in this process: the memory of a child is at least what its parent had.
    environment = {**os.environ, "DATABASE_URL": with_driver(reference)}
    subprocess.run([sys.executable, "create.py"], cwd=project, env=environment, check=True)
    with psycopg.connect(server.url().conninfo, autocommit=True) as connection:
        connection.execute(f"create database live_{size} template reference_{size}")
    return Pair(reference, server.url(f"live_{size}"), project)


def with_driver(url: DatabaseUrl) -> str:
    """The URL as SQLAlchemy wants it."""
    return url.as_text().replace("postgresql://", "postgresql+psycopg://", 1)


def install_peer(folder: Path) -> Path:
    """Install the peer from npm, and give the folder of its commands."""
    folder.mkdir()
    subprocess.run(
        ["npm", "install", "--silent", "--no-save", "--prefix", str(folder), PEER],
        check=True,
        stderr=subprocess.DEVNULL,
    )
    return folder / "node_modules" / ".bin"


def page(tools: Sequence[Tool], costs: dict[tuple[str, int], Cost]) -> str:
    """Write the results down as Markdown."""
    return "\n".join(lines(tools, costs)) + "\n"


def lines(tools: Sequence[Tool], costs: dict[tuple[str, int], Cost]) -> Iterator[str]:
    """The lines of the page."""
    yield "# What a comparison costs\n"
    yield "Made by `python bench/speed.py`, not written by hand.\n"
    yield (
        "Two equal databases are compared. A table has ten columns, two indexes, a primary key, a foreign key, a check."
        " CPU seconds are those of the client and of the server's sessions together, the least of"
        f" {ROUNDS} runs (`alembic check`: of one); in brackets the client's part. Memory is that of the largest client"
        f" process, and at least that of the bench. The peer is `{PEER}`; pg_dump is that of PostgreSQL 18.\n"
    )
    yield (
        f"{os.cpu_count()} cores of `{processor()}`, {platform.system()}, Python {platform.python_version()},"
        f" PostgreSQL 18 on the same machine, untuned.\n"
    )
    yield "| tables | " + " | ".join(tool.name for tool in tools) + " |"
    yield "|---:|" + "---:|" * len(tools)
    for size in SIZES:
        row = (costs[tool.name, size] for tool in tools)
        yield f"| {size:,} | " + " | ".join(f"{each.cpu:.1f} s ({each.client:.1f})" for each in row) + " |"
    largest = [costs[tool.name, SIZES[-1]] for tool in tools]
    yield "| memory | " + " | ".join(f"{in_mib(each)} MiB" for each in largest) + " |"
    yield "| times ours | " + " | ".join(f"{each.cpu / largest[0].cpu:.1f}" for each in largest) + " |"


def processor() -> str:
    """The name of the processor."""
    found = (line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name"))
    return next(found, "unknown").partition(":")[2].strip()


if __name__ == "__main__":
    main()
