"""What a release does to others and under faults, beside `alembic upgrade head`: python bench/faults.py

Writes bench/FAULTS.md. The servers are thrown away. Takes some fifteen minutes. With the name of a
part, as in `cut_short`, it prints that one alone.
"""

import os
import platform
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

import psycopg

from interlock.postgres.catalog import take_snapshot
from interlock.postgres.embedded import EmbeddedServer, run_throwaway_server
from interlock.postgres.journal import JOURNAL_SCHEMA
from interlock.postgres.session import open_session
from interlock.postgres.url import DatabaseUrl

ROWS, CLIENTS, HELD_SECONDS = 1_000_000, 20, 20
RUNNERS, ROUNDS = 8, 20
RESULTS = Path(__file__).with_name("FAULTS.md")
ENVIRONMENT = """
import os
import signal
import socket
import sys
from pathlib import Path

from alembic import context
from sqlalchemy import create_engine, event

engine = create_engine(os.environ["DATABASE_URL"])
WHERE, HARM = os.environ.get("FAULT_AT"), os.environ.get("FAULT")


def harm(dbapi):
    # One of ours has the guard above it, plain alembic is its own runner.
    runner = os.getppid() if os.environ.get("PGAPPNAME", "").startswith("interlock") else os.getpid()
    if HARM == "kill -9 of the runner":
        os.kill(runner, signal.SIGKILL)
    elif HARM == "kill -9 of its backend: the server recovers":
        os.kill(dbapi.info.backend_pid, signal.SIGKILL)
    elif HARM == "termination of its backend":
        dbapi.cursor().execute("select pg_terminate_backend(pg_backend_pid())")
    elif HARM == "cut of its connection":
        with socket.socket(fileno=os.dup(dbapi.fileno())) as ours:
            ours.shutdown(socket.SHUT_RDWR)


if WHERE and "whole" not in engine.url.database and engine.url.database.startswith("fault_"):
    count = sys.__dict__.setdefault("statements_before_the_fault", [int(WHERE)])  # env.py runs more than once

    @event.listens_for(engine, "before_cursor_execute")
    def look(connection, cursor, statement, *others):
        count[0] -= 1
        if count[0] == 0:
            Path(os.environ["FAULT_DONE"]).touch()
            harm(connection.connection.dbapi_connection)

with engine.connect() as connection:
    context.configure(connection=connection, target_metadata=None, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()
"""
TABLE = 'op.execute("create table t (id int primary key, n int not null)")'
COLUMN = 'op.execute("alter table t add column note text")'
# Several statements in each transaction, a table that is filled, a key over it, and an index that is dropped again.
CHAIN = (
    TABLE,
    'op.execute("insert into t select g, g from generate_series(1, 50000) g")\nop.execute("create index t_n on t (n)")',
    (
        'op.execute("create table u (t_id int)")\nop.execute("insert into u select id from t")\n'
        'op.execute("alter table u add constraint u_t foreign key (t_id) references t")'
    ),
    (
        'op.execute("alter table t add column m int")\nop.execute("update t set m = n * 2")\n'
        'op.execute("alter table t alter column m set not null")\nop.execute("drop index t_n")'
    ),
    # What plain Alembic does not get past once it was cut short: it commits before its end.
    (
        "with op.get_context().autocommit_block():\n"
        "    op.execute(\"create type mood as enum ('sad')\")\n    op.execute(\"alter type mood add value 'ok'\")\n"
        '    op.execute("create index concurrently t_m on t (m)")\n'
        'op.execute("create table v (id int, t_id int)")'
    ),
    (
        "with op.get_context().autocommit_block():\n    for start in range(0, 50000, 10000):\n"
        '        op.execute(f"insert into v select id, id from t where id > {start} and id <= {start + 10000}")\n'
        'op.execute("alter table v add constraint v_t foreign key (t_id) references t")'
    ),
)
WANTED = """
select (select pg_catalog.sum(n)::text || ' ' || pg_catalog.sum(m) from t), (select pg_catalog.count(*) from u),
       (select pg_catalog.count(*) from pg_catalog.pg_constraint where conname = 'u_t' and convalidated),
       (select pg_catalog.count(*) from pg_catalog.pg_index where not indisvalid),
       (select pg_catalog.count(*)::text || ' ' || pg_catalog.sum(t_id) from v),
       (select version_num from alembic_version)
"""
FAULTS = (
    "kill -9 of the runner",
    "termination of its backend",
    "kill -9 of its backend: the server recovers",
    "cut of its connection",
)

OURS = ("-m", "interlock", "release", "--schema-only")
ALEMBIC = ("-m", "alembic", "upgrade", "head")


def main() -> None:
    """Measure, and write the page."""
    parts = {part.__name__: part for part in (stalls, runners_at_once, cut_short)}
    lines: list[str] = []
    with tempfile.TemporaryDirectory() as folder, run_throwaway_server() as server:
        for name in sys.argv[1:] or parts:
            for line in parts[name](server, Path(folder)):
                print(line, flush=True)
                lines.append(line)
    if len(sys.argv) == 1:
        RESULTS.write_text("\n".join([*head(), *lines, ""]))


def head() -> Sequence[str]:
    """What the page begins with."""
    return (
        "# A release under faults\n",
        (
            "Made by `python bench/faults.py`, not written by hand. Beside `interlock release --schema-only` stands"
            " `alembic upgrade head` on the same database, with one transaction for each revision.\n"
        ),
        (
            f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}, PostgreSQL 18 on the"
            " same machine.\n"
        ),
        "| | interlock | alembic |",
        "|---|---:|---:|",
    )


def stalls(server: EmbeddedServer, folder: Path) -> Iterator[str]:
    """A column is added to a table that clients read and write, and that an idle transaction holds."""
    longest, failed, seconds = [], [], []
    for number, command in enumerate((OURS, ALEMBIC)):
        database = server.create_database(f"stalls_{number}")
        project = make_project(folder / f"stalls_{number}", [TABLE, COLUMN])
        run(project, database, (*ALEMBIC[:3], "r1"))
        with psycopg.connect(database.as_text(), autocommit=True) as connection:
            connection.execute("insert into t select g, g from generate_series(1, %s) g", [ROWS])
            connection.execute("vacuum analyze t")
        with held(database), clients(database) as (waits, errors):
            began = time.monotonic()
            run(project, database, command)
            seconds.append(time.monotonic() - began)
        longest.append(max(waits))
        failed.append(len(errors))
    yield (
        f"| an idle transaction holds a table of {ROWS:,} rows for {HELD_SECONDS} s: longest wait of one of {CLIENTS}"
        f" clients | {longest[0]:.2f} s | {longest[1]:.2f} s |"
    )
    yield f"| statements of the clients that failed | {failed[0]} | {failed[1]} |"
    yield f"| the release took | {seconds[0]:.0f} s | {seconds[1]:.0f} s |"


def runners_at_once(server: EmbeddedServer, folder: Path) -> Iterator[str]:
    """Several runners begin at the same instant."""
    counts = []
    for name, command in (("ours", OURS), ("alembic", ALEMBIC)):
        project = make_project(folder / f"runners_{name}", [TABLE, COLUMN])
        ended = []
        for number in range(ROUNDS):
            database = server.create_database(f"runners_{name}_{number}")
            started = [start(project, database, command) for _ in range(RUNNERS)]
            ended += [process.wait() for process in started]
        counts.append(sum(code == 0 for code in ended))
    yield f"| {RUNNERS} runners at once, {ROUNDS} times: ended with 0 | {counts[0]} | {counts[1]} |"


def cut_short(server: EmbeddedServer, folder: Path) -> Iterator[str]:
    """A run is cut short before each of its statements, and started again: is all as if nothing had happened?"""
    project = make_project(folder / "cut_short", CHAIN)
    whole = server.create_database("whole")
    run(project, whole, OURS)
    wanted = state(whole)
    for fault in FAULTS:
        right, points, lies = [0, 0], [0, 0], [0, 0]
        for side, command in enumerate((OURS, ALEMBIC)):
            for number in count(1):
                database = server.create_database(f"fault_{FAULTS.index(fault)}_{side}_{number}")
                happened = folder / database.database
                told = {"FAULT": fault, "FAULT_AT": str(number), "FAULT_DONE": str(happened)}
                code = start(project, database, command, **told).wait()
                if not happened.exists():
                    break
                recovered(server)
                points[side] += 1
                lies[side] += code == 0 and state(database) != wanted
                start(project, database, command).wait()
                right[side] += state(database) == wanted
        untrue = f"; untrue successes: {lies[0]}", f"; {lies[1]}"
        ended = (f"{right[side]} of {points[side]}{untrue[side]}" for side in (0, 1))
        yield f"| {fault} before each statement, then run again: ended as undisturbed | {' | '.join(ended)} |"


def state(database: DatabaseUrl) -> object:
    """The schema and the sums of the rows."""
    with open_session(database) as session:
        return take_snapshot(session).without_schema(JOURNAL_SCHEMA).items, ask(database, WANTED)


def recovered(server: EmbeddedServer) -> None:
    """Wait until the server takes connections again."""
    while True:
        with suppress(psycopg.OperationalError), psycopg.connect(server.url().as_text()):
            return
        time.sleep(0.05)


@contextmanager
def held(database: DatabaseUrl) -> Iterator[None]:
    """An idle transaction that has read the table."""
    with psycopg.connect(database.as_text(), application_name="idle") as connection:
        connection.execute("select from t limit 1")
        timer = threading.Timer(HELD_SECONDS, connection.rollback)
        timer.start()
        yield
        timer.join()


@contextmanager
def clients(database: DatabaseUrl) -> Iterator[tuple[list[float], list[Exception]]]:
    """Clients that read and write the table all the time; gives how long each statement took, and what failed."""
    waits: list[float] = []
    failed: list[Exception] = []
    is_over = threading.Event()

    def work(number: int) -> None:
        with psycopg.connect(database.as_text(), autocommit=True) as connection:
            while not is_over.is_set():
                began = time.monotonic()
                try:
                    if number % 2:
                        connection.execute("select n from t where id = %s", [number])
                    else:
                        connection.execute("update t set n = n + 1 where id = %s", [number])
                except psycopg.Error as error:
                    failed.append(error)
                waits.append(time.monotonic() - began)
                time.sleep(0.02)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(1, CLIENTS + 1)]
    for thread in threads:
        thread.start()
    try:
        yield waits, failed
    finally:
        is_over.set()
        for thread in threads:
            thread.join()


def make_project(folder: Path, revisions: Sequence[str]) -> Path:
    """Write an Alembic project of these revisions."""
    (folder / "migrations" / "versions").mkdir(parents=True)
    (folder / "alembic.ini").write_text("[alembic]\nscript_location = %(here)s/migrations\n")
    (folder / "interlock.toml").write_text("[project]\nmodels = false\n")
    (folder / "migrations" / "env.py").write_text(ENVIRONMENT)
    parent = None
    for number, upgrade in enumerate(revisions, start=1):
        body = upgrade.replace("\n", "\n    ")
        (folder / "migrations" / "versions" / f"r{number}.py").write_text(
            f"from alembic import op\n\nrevision, down_revision = 'r{number}', {parent!r}\n\n\n"
            f"def upgrade():\n    {body}\n"
        )
        parent = f"r{number}"
    return folder


def start(project: Path, database: DatabaseUrl, command: Sequence[str], **told: str) -> subprocess.Popen[bytes]:
    """Start a runner in the project's folder."""
    url = database.as_text().replace("postgresql://", "postgresql+psycopg://", 1)
    environment = {**os.environ, "DATABASE_URL": url, **told}
    quiet = subprocess.DEVNULL
    return subprocess.Popen([sys.executable, *command], cwd=project, env=environment, stdout=quiet, stderr=quiet)


def run(project: Path, database: DatabaseUrl, command: Sequence[str]) -> None:
    """Run it to its end. Raises CalledProcessError."""
    process = start(project, database, command)
    if process.wait():
        raise subprocess.CalledProcessError(process.returncode, command)


def ask(database: DatabaseUrl, query: str) -> list[tuple[object, ...]]:
    """The rows of a query; none where what it names is not there yet."""
    with psycopg.connect(database.as_text(), autocommit=True) as connection:
        try:
            return connection.execute(query.encode()).fetchall()
        except (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn):
            return []


if __name__ == "__main__":
    main()
