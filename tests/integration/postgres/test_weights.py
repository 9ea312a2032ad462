"""How much a table is used is told by counters, and those are gone after a crash."""

import os
import signal
import time
from contextlib import suppress

import psycopg

from interlock.postgres.embedded import run_throwaway_server
from interlock.postgres.session import open_session
from interlock.postgres.weights import SEEN_FOR_SECONDS, read_weights


def test_after_a_crash_nobody_is_taken_for_idle(monkeypatch):
    # The server of a test has not run for a day: whoever looks is content with a second here.
    monkeypatch.setattr("interlock.postgres.weights.SEEN_FOR_SECONDS", 1.0)
    assert SEEN_FOR_SECONDS >= 24 * 3600
    with run_throwaway_server() as server:
        with open_session(server.url()) as session:
            session.execute("create table t (id int)")
        time.sleep(1.5)
        with open_session(server.url()) as session:
            assert not read_weights(session, ["public.t"])["public.t"].is_in_use
            os.kill(session.info.backend_pid, signal.SIGKILL)
            with suppress(psycopg.OperationalError):
                session.execute("select pg_sleep(5)")
        for _ in range(200):
            with suppress(psycopg.OperationalError), psycopg.connect(server.url().as_text()):
                break
            time.sleep(0.05)
        with open_session(server.url()) as session:
            assert read_weights(session, ["public.t"])["public.t"].is_in_use
