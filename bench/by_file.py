"""How long a verification by the schema file takes: python bench/by_file.py

A database of 1,000 tables is made, its schema written as a file, and then compared with it as `interlock verify`
does: read the file, read the catalog, compare. Prints milliseconds of this process and of the server's, at best of
several runs: with nothing else on the machine that is how long it takes, for one of the two works at a time.
"""

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from interlock.postgres.catalog import take_snapshot
from interlock.postgres.embedded import run_throwaway_server
from interlock.postgres.session import Connection, open_session
from interlock.release.declared import compare_with_file, history_of, read_schema_file
from interlock.release.observe import as_judged
from interlock.release.record import Verification
from interlock.schema.file import USUAL_OWNER, SchemaFile, as_json
from interlock.schema.rules import NO_RULES
from interlock.schema.snapshot import Snapshot

RUNS = 15
TABLES = 1000
GOAL = 500


def main() -> None:
    """Measure, print, and end with 1 where it takes longer than promised."""
    with tempfile.TemporaryDirectory() as folder, run_throwaway_server() as server:
        path = Path(folder) / "schema.json"
        with open_session(server.create_database("bench")) as session:
            make_tables(session, TABLES)
            snapshot = take_snapshot(session)
            path.write_text(as_json(SchemaFile("r1", "r1", ("r1",), "", snapshot.owned_by(USUAL_OWNER))))
            print(f"{TABLES} tables, {len(snapshot)} objects, {path.stat().st_size / 1e6:.1f} MB of file")
            backend = session.info.backend_pid

            def cpu_seconds() -> float:
                return cpu_seconds_with(backend)

            read_file = show("reading the file", lambda: read_schema_file(path), cpu_seconds)
            read_catalog = show("reading the catalog", lambda: take_snapshot(session), cpu_seconds)
            file = read_schema_file(path)
            compare = show("comparing", lambda: compared(file, snapshot), cpu_seconds)
            if compared(file, snapshot).drift:
                raise SystemExit("the file is not what it was made of: nothing was measured")
    total = read_file + read_catalog + compare
    print(f"{total:8.0f} ms  in all; promised: under {GOAL}")
    raise SystemExit(total >= GOAL)


def compared(file: SchemaFile, observed: Snapshot) -> Verification:
    """What `interlock verify` makes of a file and a live schema."""
    ours = observed.within(file.snapshot.schemas)
    history = history_of(file, ours)
    return compare_with_file(file, history, as_judged(observed, ours, history, NO_RULES).schema, NO_RULES)


def make_tables(session: Connection, number: int) -> None:
    """Make tables as applications have them: ten columns, a primary key, another index, a foreign key."""
    for each in range(number):
        session.execute(
            f"""
            create table t{each} (
                id bigint primary key, parent_id bigint references t{max(each - 1, 0)},
                name text not null, email varchar(200) not null, state text not null default 'new',
                amount numeric(12, 2), is_open boolean not null default true,
                made_at timestamptz not null default now(), changed_at timestamptz, note jsonb);
            create unique index t{each}_by_email on t{each} (lower(email)) where is_open
            """.encode()
        )


def show(what: str, action: Callable[[], object], cpu_seconds: Callable[[], float]) -> float:
    """Print and give the milliseconds of processor that an action takes at best."""
    milliseconds = []
    for _ in range(RUNS):
        began = cpu_seconds()
        action()
        milliseconds.append((cpu_seconds() - began) * 1000)
    best = min(milliseconds)
    print(f"{best:8.0f} ms  {what}")
    return best


def cpu_seconds_with(backend: int) -> float:
    """The processor time of this process and of a backend of the server on this machine."""
    user, system = Path(f"/proc/{backend}/stat").read_text().rpartition(")")[2].split()[11:13]
    return time.process_time() + (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
