"""What a check of the gate costs the database when nothing has changed: python bench/gate.py

A database of 1,000 tables, and the one query of a steady check, beside other ways to ask whether anything was
changed. Prints milliseconds of processor time of the server, a mean of many; promised are fewer than 5.
"""

import os
from pathlib import Path

from by_file import TABLES, make_tables

from interlock.gate.fingerprint import read_fingerprint
from interlock.postgres.catalog import take_snapshot
from interlock.postgres.embedded import run_throwaway_server
from interlock.postgres.session import Connection, open_session
from interlock.postgres.version_table import find_version_table

ROUNDS, RUNS = 5, 30
GOAL = 5.0

# The same rows, looked at in other ways: only for pg_attribute, which has the most.
OTHERS = {
    "pg_attribute: counting its rows": "count(*)",
    "pg_attribute: number and sum of ages (as the gate does)": "count(*), sum(age(xmin))",
    "pg_attribute: number, sum of ages, places": "count(*), sum(age(xmin)), bit_xor(hashtidextended(ctid, 0))",
    "pg_attribute: hash of row and transaction": "bit_xor(hash_record_extended(row(xmin, attrelid, attnum), 0))",
    "pg_attribute: sum of transactions as text": "sum(xmin::text::bigint)",
}


def main() -> None:
    """Measure, print, and end with 1 where it costs more than promised."""
    with run_throwaway_server() as server, open_session(server.create_database("bench")) as session:
        make_tables(session, TABLES)
        session.execute("create table alembic_version (version_num varchar(32) primary key)")
        session.execute("vacuum analyze")
        table = find_version_table(session, "alembic_version", None)
        for what, values in OTHERS.items():
            query = f"select {values} from pg_attribute where attrelid >= 16384 and attnum > 0"  # noqa: S608
            measured(session, what, lambda query=query: session.execute(query.encode(), prepare=True))  # type: ignore[misc]
        steady = measured(session, "a steady check, while others write", lambda: read_fingerprint(session, table))
        last, _ = read_fingerprint(session, table)
        measured(session, "a steady check, while nobody writes", lambda: read_fingerprint(session, table, last))
        measured(session, "reading the whole catalog", lambda: take_snapshot(session), runs=3)
    print(f"{steady:8.2f} ms  promised: under {GOAL:g}")
    raise SystemExit(steady >= GOAL)


def measured(session: Connection, what: str, action, runs: int = RUNS) -> float:  # type: ignore[no-untyped-def] # noqa: ANN001
    """Print and give the milliseconds of processor time that the server takes for an action, at best of some rounds."""
    for _ in range(6):
        action()  # so that it is prepared
    rounds = []
    for _ in range(ROUNDS):
        began = server_seconds(session)
        for _ in range(runs):
            action()
        rounds.append((server_seconds(session) - began) / runs * 1000)
    print(f"{min(rounds):8.2f} ms  {what}")
    return min(rounds)


def server_seconds(session: Connection) -> float:
    """The processor time of the backend of a session, on this machine."""
    user, system = Path(f"/proc/{session.info.backend_pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
