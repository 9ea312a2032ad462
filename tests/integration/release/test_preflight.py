"""What would fail half-way, or for somebody else, is known before anything is touched."""

import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from interlock.errors import ExitCode
from interlock.postgres.url import parse_url
from interlock.verdict.finding import Check
from tests.acceptance.conftest import ask
from tests.alembic_project import make_project
from tests.integration.release.conftest import Guard, claim, told

TABLE = 'op.create_table("t", sa.Column("id", sa.Integer, primary_key=True))'
PGBOUNCER = shutil.which("pgbouncer", path="/usr/sbin:/usr/bin:/usr/local/bin:/opt/homebrew/bin")


@contextmanager
def pooler(database: str, *settings: str) -> Iterator[str]:
    """A real PgBouncer in front of a database; gives the URL."""
    url = parse_url(database)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        file = Path(folder, "pgbouncer.ini")
        target = f"host={url.host} port={url.port} dbname={url.database} user={url.user} password={url.password}"
        lines = ["[databases]", f"shop = {target}", "[pgbouncer]", "listen_addr = 127.0.0.1", f"listen_port = {port}"]
        file.write_text("\n".join([*lines, "auth_type = any", "unix_socket_dir =", *settings, ""]))
        process = subprocess.Popen([PGBOUNCER, "-q", "-u", "nobody", str(file)], stderr=subprocess.DEVNULL)
        try:
            pooled = f"postgresql://{url.user}@127.0.0.1:{port}/shop"
            _wait_for(pooled)
            yield pooled
        finally:
            process.terminate()
            process.wait()


def _wait_for(url: str) -> None:
    for _ in range(50):
        try:
            psycopg.connect(url).close()
        except psycopg.OperationalError:
            time.sleep(0.1)
        else:
            return
    pytest.fail("PgBouncer did not start")


@pytest.mark.skipif(PGBOUNCER is None, reason="PgBouncer is not installed")
@pytest.mark.parametrize("way", ["server_round_robin = 0", "server_round_robin = 1", "default_pool_size = 1"])
def test_a_pooler_that_gives_sessions_away_is_refused(guard: Guard, tmp_path: Path, database: str, way: str):
    make_project(tmp_path, {"r1": TABLE})

    with pooler(database, "pool_mode = transaction", way) as pooled:
        outcomes = [guard(what, pooled, models=False) for what in ("plan", "release")]

    for outcome in outcomes:
        assert outcome.exit_code == ExitCode.STOP
        assert "between here and the server is a pooler" in told(outcome)
    assert ask(database, "select to_regclass('t')") == [(None,)]


@pytest.mark.skipif(PGBOUNCER is None, reason="PgBouncer is not installed")
def test_a_pooler_that_leaves_sessions_alone_is_none_that_matters(guard: Guard, tmp_path: Path, database: str):
    make_project(tmp_path, {"r1": TABLE})

    with pooler(database, "pool_mode = session") as pooled:
        outcome = guard("release", pooled, models=False)

    assert outcome.exit_code == ExitCode.CLEAR, told(outcome)


@pytest.fixture
def role(database: str) -> Iterator[str]:
    """A role that may make tables in this database; gives its URL."""
    name = f"releaser_{time.monotonic_ns()}"
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(f"create role {name} login password 'secret'")
        connection.execute(f"grant all on schema public to {name}")
        yield database.replace(f"{connection.info.user}:{connection.info.password}@", f"{name}:secret@")
        connection.execute(f"drop owned by {name}")
        connection.execute(f"drop role {name}")


def alter_role(database: str, role: str, setting: str) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(f"alter role {parse_url(role).user} {setting}")


def test_too_few_connections_are_told_before_anything_runs(guard: Guard, tmp_path: Path, database: str, role: str):
    make_project(tmp_path, {"r1": TABLE})
    alter_role(database, role, "connection limit 3")

    outcome = guard("release", role, models=False)

    assert outcome.exit_code == ExitCode.TRY_AGAIN_LATER
    assert "2 more connections can be opened, and a release needs 4" in told(outcome)
    assert ask(database, "select to_regclass('t')") == [(None,)]


def test_time_outs_that_are_meant_for_the_application_do_not_end_a_revision(
    guard: Guard, tmp_path: Path, database: str, role: str
):
    make_project(tmp_path, {"r1": f'{TABLE}\nop.execute("select pg_sleep(1.2)")'})
    for timeout in ("statement_timeout", "transaction_timeout", "idle_in_transaction_session_timeout"):
        alter_role(database, role, f"set {timeout} = '800ms'")

    outcome = guard("release", role, models=False)

    assert outcome.exit_code == ExitCode.CLEAR, told(outcome)


@pytest.fixture
def orders_of_another(database: str, role: str) -> str:
    """A database whose tables belong to somebody else than who releases; gives the URL of that role."""
    name = parse_url(role).user
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("create table orders (id serial primary key, note text)")
        connection.execute("create table lines (id serial primary key, order_id int references orders (id))")
        connection.execute("insert into orders values (1, 'a')")
        connection.execute(f"grant select, references on orders, lines to {name}")
        claim(database, "r1")
        connection.execute(f"grant all on alembic_version to {name}")
    return role


ORDERS = """
    op.create_table("orders", sa.Column("id", sa.Integer, primary_key=True), sa.Column("note", sa.Text))
    op.create_table("lines", sa.Column("id", sa.Integer, primary_key=True),
                    sa.Column("order_id", sa.Integer, sa.ForeignKey("orders.id")))
"""


@pytest.mark.parametrize(
    ("body", "problem"),
    {
        'op.add_column("orders", sa.Column("price", sa.Numeric))': "changes public.orders (r2.py:11), which belongs to",
        'op.alter_column("orders", "note", nullable=False)': "changes public.orders",
        'op.drop_table("lines")': "changes public.lines",
        'op.execute("update orders set note = upper(note)")': "writes rows of public.orders (r2.py:11)",
    }.items(),
    ids=lambda value: value[:24],
)
def test_what_belongs_to_another_role_is_known_before_the_first_revision(
    guard: Guard, tmp_path: Path, orders_of_another: str, body: str, problem: str
):
    make_project(tmp_path, {"r1": ORDERS, "r2": f"op.create_table('made', sa.Column('id', sa.Integer)); {body}"})

    outcome = guard("plan", orders_of_another, models=False)

    assert outcome.exit_code == ExitCode.STOP
    assert f"STOP verify before: revision r2 {problem}" in told(outcome)


def test_what_needs_no_more_than_is_granted_is_not_refused(guard: Guard, tmp_path: Path, orders_of_another: str):
    body = """
    op.create_table("notes", sa.Column("id", sa.Integer, primary_key=True),
                    sa.Column("order_id", sa.Integer, sa.ForeignKey("orders.id")))
    op.execute("insert into notes select id, id from orders")
    op.add_column("notes", sa.Column("text", sa.Text))
    op.drop_constraint("notes_order_id_fkey", "notes")
    """
    make_project(tmp_path, {"r1": ORDERS, "r2": body})

    outcome = guard("release", orders_of_another, models=False)

    assert [each.step.revision for each in outcome.record.applied] == ["r2"], told(outcome)
    # It belongs to another role than the rest of the schema now.
    assert outcome.exit_code == ExitCode.CAUTION


def test_a_member_of_the_owner_may_alter(guard: Guard, tmp_path: Path, database: str, orders_of_another: str):
    owner, member = parse_url(database).user, parse_url(orders_of_another).user
    with psycopg.connect(database, autocommit=True) as connection:
        group = f"group_of_{member}"
        connection.execute(f"create role {group}; grant {group} to {member}")
        connection.execute(f"alter table orders owner to {group}; alter table lines owner to {group}")
        connection.execute(f"grant all on schema public to {group}")
    make_project(tmp_path, {"r1": ORDERS, "r2": 'op.add_column("orders", sa.Column("price", sa.Numeric))'})

    outcome = guard("release", orders_of_another, models=False)

    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(f"reassign owned by {group} to {owner}; drop owned by {group}; drop role {group}")
    assert outcome.exit_code == ExitCode.CLEAR, told(outcome)


def test_connections_that_run_out_half_way_are_no_fault_of_the_url(
    guard: Guard, tmp_path: Path, database: str, role: str
):
    make_project(tmp_path, {"r1": TABLE})

    outcome = guard(
        "release", role, models=False, at={Check.APPLY: lambda: alter_role(database, role, "connection limit 1")}
    )

    assert "too many connections for role" in told(outcome)
    assert all("wait until connections are free" in each.remedy for each in outcome.record.verdict.findings)
    assert ask(database, "select to_regclass('t')") == [(None,)]
