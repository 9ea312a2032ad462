"""Kill -9 in the middle of writes: what was acknowledged is there, and every change has its line in the trail."""

import itertools
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx2
import psycopg
import pytest
from alembic import command

from interlock.control.persistence.provisioning import provision_first_administrator
from interlock.postgres.embedded import EmbeddedServer, run_server
from tests.acceptance.conftest import ask
from tests.acceptance.test_deployment import EMAIL, PASSWORD, Served, running
from tests.integration.control.conftest import chain
from tests.majors import in_memory

WRITERS = 4
ENOUGH = 30


class Writers:
    """Several clients that make flags until they are told to stop, and remember what was acknowledged."""

    def __init__(self, url: str) -> None:
        self.client = httpx2.Client(base_url=url, timeout=20)
        signed_in = self.client.post("/api/v1/sign-in", json={"email": EMAIL, "password": PASSWORD})
        self.headers = {"Authorization": f"Bearer {signed_in.json()['access_token']}"}
        self.acknowledged: list[str] = []
        self._is_over = threading.Event()
        self._threads = [threading.Thread(target=self._write, args=(number,)) for number in range(WRITERS)]

    def __enter__(self) -> "Writers":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        for thread in self._threads:
            thread.join()
        self.client.close()

    def wait_for_more(self, number: int = ENOUGH) -> None:
        wanted, deadline = len(self.acknowledged) + number, time.monotonic() + 30
        while len(self.acknowledged) < wanted:
            assert time.monotonic() < deadline, f"{len(self.acknowledged)} of {wanted} were acknowledged"
            time.sleep(0.01)

    def _write(self, writer: int) -> None:
        for number in itertools.count():
            if self._is_over.is_set():
                return
            flag = {"key": f"flag-{writer}-{number}", "name": "A flag"}
            try:
                answer = self.client.post("/api/v1/admin/feature-flags", json=flag, headers=self.headers)
            except httpx2.HTTPError:
                continue
            if answer.status_code == 201:
                self.acknowledged.append(flag["key"])


@pytest.fixture
def own_server() -> Iterator[EmbeddedServer]:
    """A server that nobody else uses, for it is hurt, and one that keeps what it has committed."""
    # After a crash it makes sure of each of its files, which takes long on a disk that others write to.
    with TemporaryDirectory(dir=in_memory()) as folder, run_server(Path(folder), is_durable=True) as server:
        yield server


def kill_the_web_server(served: Served, _: str, writers: Writers) -> None:
    os.killpg(served.process.pid, signal.SIGKILL)
    served.wait(10)
    assert writers.acknowledged


def kill_a_backend(_: Served, database: str, writers: Writers) -> None:
    """PostgreSQL ends all sessions then, and recovers from its log; the web server has to find it again."""
    with psycopg.connect(database, autocommit=True) as connection:
        ((pid,),) = connection.execute(
            "select pid from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() limit 1"
        ).fetchall()
        os.kill(pid, signal.SIGKILL)
    writers.wait_for_more()


@pytest.mark.parametrize("kill", [kill_the_web_server, kill_a_backend])
def test_no_acknowledged_change_is_lost_and_none_is_without_its_line_in_the_trail(
    own_server: EmbeddedServer, kill: Callable[[Served, str, Writers], None]
):
    database = own_server.create_database("killed").as_text()
    command.upgrade(chain(database), "head")
    provision_first_administrator(database, EMAIL, PASSWORD)
    with running(sys.executable, "-m", "interlock", "serve", database=database, WEB_CONCURRENCY="2") as served:
        served.wait_until_alive()
        with Writers(f"http://127.0.0.1:{served.port}") as writers:
            writers.wait_for_more()
            kill(served, database, writers)

        # By one query: a commit that was under way may still come through between two.
        ((made, in_trail),) = ask(
            database,
            "select (select array_agg(key) from feature_flags),"
            " (select array_agg(resource_id) from audit_events where resource_type = 'flag')",
        )
        assert set(writers.acknowledged) <= set(made)
        assert sorted(in_trail) == sorted(made)
