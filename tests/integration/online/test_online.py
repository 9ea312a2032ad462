"""The steps of `interlock.online`: people read and write meanwhile, and one that was cut off can be run again."""

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import make_url

import interlock
from interlock import online
from interlock.errors import ExitCode
from tests.acceptance.conftest import ask
from tests.alembic_project import make_project
from tests.integration.release.conftest import Guard, guard, request_for, told

__all__ = ["guard", "request_for"]

ROWS = 3_000
FIRST = """
op.execute("create table owners (id int primary key)")
op.execute("create table t (id int primary key, n int not null default 7, owner int)")
"""
STEPS = """
op.add_column("t", sa.Column("m", sa.Integer))
online.backfill("t", "m = n * 2", where="m is null", batch_rows=500, pause_seconds=0)
online.set_not_null("t", "m")
online.create_index("t_m", "t", ["m"])
online.create_index("t_n", "t", ["n"], where="n > 5")
online.create_foreign_key("t_owner", "t", "owners", ["owner"], ["id"], ondelete="cascade")
online.drop_index("t_n")
online.rename_column("t", "n", "amount", type_="bigint", batch_rows=500, pause_seconds=0)
"""
FINISH = 'online.finish_rename("t", "n", "amount")'
COLUMNS = """
select array_agg(attname || ' ' || format_type(atttypid, null) || case when attnotnull then ' not null' else '' end
                 order by attname) from pg_attribute where attrelid = 't'::regclass and attnum > 0 and not attisdropped
"""
INDEXES = """
select relname, indisvalid from pg_index join pg_class on oid = indexrelid where indrelid = 't'::regclass order by 1
"""
CONSTRAINTS = """
select conname, convalidated from pg_constraint where conrelid = 't'::regclass and contype in ('c', 'f') order by 1
"""
SUMS = "select count(*), sum(m), sum(id) from t"

Upgrade = Callable[[str], None]


def project(folder: Path, **revisions: str) -> Path:
    """A chain whose scripts have the steps at hand."""
    make_project(folder, {"r1": FIRST, **revisions})
    for script in (folder / "migrations/versions").glob("*.py"):
        text = script.read_text().replace(
            "import sqlalchemy as sa", "import sqlalchemy as sa\nfrom interlock import online"
        )
        script.write_text(text)
    return folder


def upgrade(folder: Path, database: str, revision: str = "head") -> None:
    """As `alembic upgrade` does it."""
    config = Config(folder / "alembic.ini")
    url = make_url(database).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    command.upgrade(config, revision)


def fill(database: str) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("insert into owners select generate_series(1, 10)")
        connection.execute(f"insert into t select i, i, i % 10 + 1 from generate_series(1, {ROWS}) i")  # noqa: S608


@contextmanager
def clients(database: str) -> Iterator[list[BaseException]]:
    """Two that read and write the table all the time, and wait for no lock for longer than others may have to."""
    failed: list[BaseException] = []
    is_over = threading.Event()

    def work(statement: str) -> None:
        try:
            with psycopg.connect(database, autocommit=True) as connection:
                connection.execute("set lock_timeout = '1500ms'")
                while not is_over.is_set():
                    connection.execute(statement, prepare=False)
        except BaseException as error:  # noqa: BLE001 - the test tells it
            failed.append(error)

    statements = ("select count(*) from t where id < 50", "update t set owner = 3 where id between 5 and 9")
    threads = [threading.Thread(target=work, args=[statement]) for statement in statements]
    for thread in threads:
        thread.start()
    try:
        yield failed
    finally:
        is_over.set()
        for thread in threads:
            thread.join()


@pytest.fixture(params=["alembic upgrade head", "interlock release"])
def runs(request: pytest.FixtureRequest, guard: Guard, tmp_path: Path, database: str) -> Upgrade:
    """Both ways to run a chain."""

    def run(revision: str) -> None:
        if request.param == "alembic upgrade head":
            upgrade(tmp_path, database, revision)
        else:
            outcome = guard("release", database, models=False, lock_wait_seconds=30, allowed_drops=["public.t.n"])
            assert outcome.exit_code == ExitCode.CLEAR, told(outcome)

    return run


def test_every_step_is_taken_while_people_read_and_write(runs: Upgrade, tmp_path: Path, database: str):
    project(tmp_path)
    upgrade(tmp_path, database)
    fill(database)
    project(tmp_path, r2=STEPS)

    with clients(database) as failed:
        runs("r2")
        with psycopg.connect(database, autocommit=True) as old_and_new:
            old_and_new.execute("insert into t (id, n, m) values (0, 5, 0)")
            old_and_new.execute("update t set amount = 6 where id = 1")
    assert failed == []
    assert ask(database, "select id, n, amount from t where id < 2 order by id") == [(0, 5, 5), (1, 6, 6)]
    assert ask(database, "select count(*) from t where n is distinct from amount") == [(0,)]
    project(tmp_path, r2=STEPS, r3=FINISH)
    with clients(database) as failed:
        runs("r3")

    assert failed == []
    wanted = ["amount bigint not null", "id integer not null", "m integer not null", "owner integer"]
    assert ask(database, COLUMNS) == [(wanted,)]
    assert ask(database, INDEXES) == [("t_m", True), ("t_pkey", True)]
    assert ask(database, CONSTRAINTS) == [("t_owner", True)]
    assert ask(database, "insert into t (id, m) values (-1, 1) returning amount") == [(7,)]


CUT_OFF = """
from sqlalchemy import event
def cut_off(number):
    engine, sent = op.get_bind().engine, []
    if not engine.url.database.startswith("test_"):
        return
    @event.listens_for(engine, "before_cursor_execute")
    def count(connection, cursor, statement, *others):
        if "set_config" not in statement and "current_setting" not in statement:
            sent.append(statement)
            if len(sent) > number:
                raise RuntimeError("cut off")
"""


def cut_off_at(folder: Path, number: int | None) -> None:
    """Let the newest revision of the chain fail before a statement; None takes that back."""
    for script in (folder / "migrations/versions").glob("r2*.py"):
        text = re.sub(r"\n    cut_off\(\d+\)", "", script.read_text())
        if "def cut_off" not in text:
            text = text.replace("def upgrade", CUT_OFF + "\n\ndef upgrade", 1)
        if number is not None:
            text = re.sub(r"(def upgrade\(\)[^\n]*:)", rf"\1\n    cut_off({number})", text, count=1)
        script.write_text(text)


def test_wherever_a_step_is_cut_off_alembic_can_run_it_again(tmp_path: Path, database: str):
    project(tmp_path)
    upgrade(tmp_path, database)
    fill(database)
    # What is no step of ours stands in a revision of its own: alembic would not run it again.
    project(tmp_path, r2=STEPS.replace('op.add_column("t", sa.Column("m", sa.Integer))', ""))
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("alter table t add column m int")
    tried = 0
    while True:
        cut_off_at(tmp_path, tried)
        try:
            upgrade(tmp_path, database)
        except RuntimeError:
            tried += 1
        else:
            break

    assert tried > 15
    assert ask(database, SUMS) == [(ROWS, ROWS * (ROWS + 1), ROWS * (ROWS + 1) // 2)]
    assert ask(database, INDEXES) == [("t_m", True), ("t_pkey", True)]
    assert ask(database, CONSTRAINTS) == [("t_owner", True)]
    assert ask(database, "select count(*) from t where n is distinct from amount") == [(0,)]


@pytest.mark.parametrize("number", [4, 12, 30])
def test_wherever_a_step_is_cut_off_a_release_goes_on(guard: Guard, tmp_path: Path, database: str, number: int):
    project(tmp_path)
    upgrade(tmp_path, database)
    fill(database)
    project(tmp_path, r2=STEPS)
    cut_off_at(tmp_path, number)
    assert guard("release", database, models=False).exit_code == ExitCode.STOP
    cut_off_at(tmp_path, None)

    outcome = guard("release", database, models=False)

    assert outcome.exit_code == ExitCode.CLEAR, told(outcome)
    assert ask(database, SUMS) == [(ROWS, ROWS * (ROWS + 1), ROWS * (ROWS + 1) // 2)]
    assert ask(database, "select count(*) from t where n is distinct from amount") == [(0,)]


REFUSED = {
    "another index": ('online.create_index("t_pkey", "t", ["n"])', "there is an index t_pkey already"),
    "no column": ('online.set_not_null("t", "nothing")', "there is no column nothing of t"),
    "no end": ('online.backfill("t", "n = n + 1", where="n is not null")', "rows of .t. still need it"),
    "what would be lost": (
        """
online.rename_column("t", "owner", "keeper")
op.create_index("t_o", "t", ["owner"])
online.finish_rename("t", "owner", "keeper")
""",
        "with the column owner of t this would be lost: t_o",
    ),
}


@pytest.mark.parametrize(("step", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_what_would_go_wrong_is_refused(tmp_path: Path, database: str, step: str, message: str):
    project(tmp_path)
    upgrade(tmp_path, database)
    fill(database)
    project(tmp_path, r2=step)

    with pytest.raises(online.NotOnline, match=message):
        upgrade(tmp_path, database)


def test_every_step_that_a_remedy_names_is_there():
    source = Path(interlock.__file__).parent
    docs = Path(__file__).parents[3] / "docs"
    texts = [file.read_text() for file in (*(source / "hazards").rglob("*.py"), *docs.rglob("*.md"))]

    named = set(re.findall(r"interlock\.online\.([a-z_]+)", " ".join(texts)))

    assert len(named) >= 5
    assert named - {"__init__"} <= set(online.__all__)
