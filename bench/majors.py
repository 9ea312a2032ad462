"""Every supported major of PostgreSQL against a scratch server of every other: python -m bench.majors

What a difference between their ways of printing would show as drift, it shows here. For each of the pairs, a chain of
an object of every kind is released to the target, and released again: no drift. Then a column is dropped by hand,
and a table made: both are found, and nothing else. Prints one line for each pair, and fails unless all went like that.
The older servers come from npm (Linux on x86-64 only).
"""

import sys
import tempfile
import time
from itertools import product
from pathlib import Path

import psycopg
from tests.alembic_project import EVERY_KIND, make_project
from tests.majors import MAJORS, run_servers

from interlock.chain.project import Project, find_project
from interlock.cli.present import Silence
from interlock.cli.request import blank_record
from interlock.postgres.embedded import EmbeddedServer
from interlock.release.logbook import Outcome
from interlock.release.pipeline import release, verify
from interlock.release.request import Request
from interlock.verdict.finding import Signal

DAMAGE = "alter table users drop column lasts; create table by_hand ()"
DRIFT = {"Missing column public.users.lasts", "Unexpected table public.by_hand"}


def main() -> int:
    """Try each pair, and tell."""
    failed = 0
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, run_servers() as server_of:
        make_project(Path(folder), EVERY_KIND, models="")
        project = find_project(Path(folder), models=False)
        for target, scratch in product(MAJORS, repeat=2):
            wrong = tried(project, server_of(target), server_of(scratch), f"against_{scratch}")
            print(f"{target} against {scratch}:", wrong or "no drift, and damage is seen", flush=True)
            failed += bool(wrong)
    print(f"{len(MAJORS) ** 2} pairs, {failed} of them wrong, {time.monotonic() - began:.0f} s")
    return min(failed, 1)


def tried(project: Project, target: EmbeddedServer, scratch: EmbeddedServer, database: str) -> str | None:
    """Release twice, do damage, verify; say what went otherwise than it should."""
    request = Request(target.create_database(database), project, scratch_server=scratch.url(), is_schema_only=True)
    for _ in range(2):
        released = release(request, blank_record("release", database), Silence())
        if released.record.verdict.signal is not Signal.CLEAR:
            return told(released)
    with psycopg.connect(request.url.conninfo, autocommit=True) as connection:
        connection.execute(DAMAGE)
    damaged = verify(request, blank_record("verify", database), Silence())
    return None if drift_of(damaged) == DRIFT else f"damage is seen as {told(damaged)}"


def drift_of(outcome: Outcome) -> set[str]:
    """Each difference that was found, in words."""
    return {str(blamed.change) for blamed in outcome.record.after.drift} if outcome.record.after else set()


def told(outcome: Outcome) -> str:
    """The signal, and what led to it."""
    verdict = outcome.record.verdict
    return ", ".join([verdict.signal.name, *(finding.message for finding in verdict.worst_first)])


if __name__ == "__main__":
    sys.exit(main())
