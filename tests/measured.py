"""Runs a statement on a real server through what measures the revisions, and shows what it saw."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from itertools import count

import psycopg
import sqlalchemy as sa

from interlock.chain.child import as_statement
from interlock.chain.measure import Measurements
from interlock.hazards.lock import LockMode
from interlock.hazards.statement import Statement, Weight
from interlock.postgres.embedded import EmbeddedServer
from tests.statement_forms import BASE, Form

Databases = Callable[[Form], sa.Engine]

_SHORT = dict(zip(LockMode, ("AS", "RS", "RX", "SUX", "S", "SRX", "X", "AX"), strict=True))


def measure(engine: sa.Engine, form: Form) -> Statement:
    """Run a form, and undo it where `is_undone` says so."""
    measurements = measurements_of_all_engines()
    level = None if form.in_transaction else "AUTOCOMMIT"
    with (engine.execution_options(isolation_level=level) if level else engine).connect() as connection:
        for each in filter(None, form.setup.split(";")):
            connection.exec_driver_sql(each)
        if form.setup:
            connection.commit()
        measurements.begin(__file__, "alembic_version")
        connection.exec_driver_sql(form.sql)
        told = measurements.end()
        connection.rollback()
    if not told:
        return Statement("r1", "r1.py", 1, form.sql, transaction=1, position=1)
    assert len(told) == 1
    return as_statement({"revision": "r1", "file": "r1.py", **told[0]})


@cache
def measurements_of_all_engines() -> Measurements:
    measurements = Measurements(lambda _done: None)
    measurements.listen()
    return measurements


def shown(statement: Statement) -> tuple[str, str, str]:
    """Give locks, scans and rewrites as a form does."""
    modes = {table: statement.lock_on(table) for table in sorted({lock.table for lock in statement.locks})}
    locks = [f"{bare(table)}:{_SHORT[mode]}" for table, mode in modes.items() if mode > LockMode.ACCESS_SHARE]
    scans = sorted({bare(table) for table in statement.scanned} - {bare(table) for table in statement.rewritten})
    return " ".join(locks), " ".join(scans), " ".join(sorted(map(bare, statement.rewritten)))


def weights_of(statements: Iterable[Statement]) -> dict[str, Weight]:
    """Let every table that was there before be a large one in use."""
    names = {lock.table for each in statements for lock in each.locks}
    new = {made.name for each in statements for made in each.created}
    return {name: Weight(name, 4_000_000_000, 10_000_000, 1_000_000_000, 10.0, 100.0) for name in names - new}


def bare(table: str) -> str:
    return table.removeprefix("public.")


def is_undone(form: Form) -> bool:
    """The database can be used again."""
    return form.in_transaction and not form.setup


@contextmanager
def databases(server: EmbeddedServer) -> Iterator[Databases]:
    """Give for each form an engine of a database as BASE makes it."""
    numbers = count(1)
    with ExitStack() as open_ones, psycopg.connect(server.url().as_text(), autocommit=True) as admin:

        def fresh() -> sa.Engine:
            name = f"form_{next(numbers)}"
            admin.execute(f"create database {name} template forms")
            url = server.url().with_database(name).as_text()
            engine = sa.create_engine(sa.make_url(url).set(drivername="postgresql+psycopg"))
            open_ones.callback(engine.dispose)
            return engine

        server.create_database("forms")
        with psycopg.connect(server.url().with_database("forms").as_text(), autocommit=True) as connection:
            connection.execute(BASE)
        shared = fresh()
        yield lambda form: shared if is_undone(form) else fresh()
