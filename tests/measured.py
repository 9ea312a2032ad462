"""Runs a statement on a real server, and looks at what it locks, scans and writes anew."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import count

import psycopg

from interlock.hazards.lock import LockMode, TableLock
from interlock.hazards.statement import Made, Statement, Weight
from interlock.postgres.embedded import EmbeddedServer
from tests.statement_forms import BASE, Form

Databases = Callable[[Form], psycopg.Connection]

_FILES = """
select c.oid::regclass::text, pg_relation_filenode(c.oid), c.relkind::text,
       coalesce((select indrelid::regclass::text from pg_index where indexrelid = c.oid), c.oid::regclass::text)
  from pg_class c where c.oid >= 16384 and c.relkind in ('r', 'p', 'm', 'v', 'i', 'I')
   and c.relnamespace not in (select oid from pg_namespace where nspname ~ '^pg_')
"""
_KEYS = "select conname, conrelid::regclass::text from pg_constraint where contype = 'f' and conparentid = 0"
_COLUMNS = """
select attname, attrelid::regclass::text from pg_attribute join pg_class c on c.oid = attrelid
 where attnum > 0 and not attisdropped and c.relkind in ('r', 'p') and c.oid >= 16384
   and c.relnamespace not in (select oid from pg_namespace where nspname ~ '^pg_')
"""
_SCANS = "select relid::regclass::text, seq_scan from pg_stat_xact_user_tables where seq_scan > 0"
# A table that is dropped in its transaction has no name by then: the names come from before.
_LOCKS = "select relation, mode from pg_locks where pid = %s and relation >= 16384"
_SHORT = dict(zip(LockMode, ("AS", "RS", "RX", "SUX", "S", "SRX", "X", "AX"), strict=True))
_KINDS = {"r": "table", "p": "table", "m": "materialized view", "v": "view", "i": "index", "I": "index"}


def measure(connection: psycopg.Connection, form: Form, transaction: int = 1) -> Statement:
    """Run a form on an autocommit connection, and undo it where `is_undone` says so."""
    names = dict(connection.execute("select oid, oid::regclass::text from pg_class where relkind in ('r','p','m','v')"))
    if not form.in_transaction:
        return _measure_outside(connection, form, names)
    for each in filter(None, form.setup.split(";")):
        connection.execute(each)
    connection.execute("begin")
    try:
        before, scans = _state(connection), _scanned(connection)
        connection.execute(form.sql)
        locks = _locks(connection, connection.info.backend_pid, names)
        scanned = {name for name, _ in _scanned(connection) - scans}
        after = _state(connection)
    finally:
        connection.execute("rollback")
    return _statement(form, locks, scanned, before, after, transaction)


def _measure_outside(connection: psycopg.Connection, form: Form, names: dict[int, str]) -> Statement:
    """Let a writer of each table be in the way, so that what the statement waits for can be seen from beside."""
    before = _state(connection)
    locks: set[TableLock] = set()
    with psycopg.connect(_dsn(connection), autocommit=True) as beside, _writer(_dsn(connection)):
        working = threading.Thread(target=connection.execute, args=[form.sql])
        working.start()
        deadline = time.monotonic() + 10
        while not locks and time.monotonic() < deadline:
            time.sleep(0.1)
            locks = _locks(beside, connection.info.backend_pid, names)
    working.join()
    return _statement(form, locks, set(), before, _state(connection), None)


def shown(statement: Statement) -> tuple[str, str, str]:
    """Give locks, scans and rewrites as a form does."""
    modes = {table: statement.lock_on(table) for table in sorted({lock.table for lock in statement.locks})}
    locks = [f"{bare(table)}:{_SHORT[mode]}" for table, mode in modes.items() if mode > LockMode.ACCESS_SHARE]
    scans = sorted({bare(table) for table in statement.scanned} - {bare(table) for table in statement.rewritten})
    return " ".join(locks), " ".join(scans), " ".join(sorted(map(bare, statement.rewritten)))


def weights_of(statements: Iterable[Statement]) -> dict[str, Weight]:
    """Let every table that was there before be a large one in use."""
    names = {lock.table for each in statements for lock in each.locks}
    return {name: Weight(name, 4_000_000_000, 10_000_000, 1_000_000_000, 10.0, 100.0) for name in names}


def bare(table: str) -> str:
    return table.removeprefix("public.")


def is_undone(form: Form) -> bool:
    """The database can be used again."""
    return form.in_transaction and not form.setup


def _dsn(connection: psycopg.Connection) -> str:
    return f"{connection.info.dsn} password={connection.info.password}"


@contextmanager
def _writer(dsn: str) -> Iterator[None]:
    with psycopg.connect(dsn) as connection:
        connection.execute("update t set txt = 'x' where id = 1; update child set t_id = 1 where id = 1")
        yield
        connection.rollback()


def _statement(form, locks, scanned, before, after, transaction) -> Statement:
    (files, keys), (files_after, keys_after) = before, after
    rewritten = [name for name in files if name in files_after and files[name][0] != files_after[name][0]]
    return Statement(
        "r1",
        "r1.py",
        1,
        form.sql,
        locks=tuple(sorted(locks)),
        rewritten=tuple(f"public.{name}" for name in rewritten if files[name][1] != "index"),
        scanned=tuple(sorted(f"public.{name}" for name in scanned)),
        created=_made(files_after, files, keys_after - keys),
        dropped=_made(files, files_after, keys - keys_after),
        transaction=transaction,
    )


def _made(some, others, made) -> tuple[Made, ...]:
    relations = [
        Made(kind, f"public.{name}", f"public.{table}") for name, (_, kind, table) in some.items() if name not in others
    ]
    return (*relations, *(Made(kind, name, f"public.{table}") for kind, name, table in sorted(made)))


def _state(connection):
    files = {name: (file, _KINDS[kind], table) for name, file, kind, table in connection.execute(_FILES)}
    keys = {("foreign key", name, table) for name, table in connection.execute(_KEYS)}
    columns = {("column", name, table) for name, table in connection.execute(_COLUMNS)}
    return files, keys | columns


def _scanned(connection) -> set[tuple[str, int]]:
    return set(connection.execute(_SCANS))


def _locks(connection, pid, names) -> set[TableLock]:
    # New tables have no name yet, and nobody waits for them.
    rows = connection.execute(_LOCKS, [pid])
    return {TableLock(f"public.{names[relation]}", LockMode.of(mode)) for relation, mode in rows if relation in names}


@contextmanager
def databases(server: EmbeddedServer) -> Iterator[Databases]:
    """Give for each form a connection to a database as BASE makes it."""
    numbers = count(1)
    root = server.url().as_text()
    with ExitStack() as open_ones, psycopg.connect(root, autocommit=True) as admin:

        def fresh() -> psycopg.Connection:
            name = f"form_{next(numbers)}"
            admin.execute(f"create database {name} template forms")
            url = server.url().with_database(name).as_text()
            return open_ones.enter_context(psycopg.connect(url, autocommit=True))

        server.create_database("forms")
        with psycopg.connect(server.url().with_database("forms").as_text(), autocommit=True) as connection:
            connection.execute(BASE)
        shared = fresh()
        yield lambda form: shared if is_undone(form) else fresh()
