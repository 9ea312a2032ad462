"""Whether anybody but a release has used a database."""

from contextlib import ExitStack

import psycopg
import pytest

from interlock.postgres.session import open_session
from interlock.postgres.url import parse_url
from interlock.postgres.visitors import OURS, watch_visitors

pytestmark = pytest.mark.each_major


def test_nobody_has_come_where_there_are_our_own_sessions_alone(database: str):
    with ExitStack() as sessions:
        for _ in range(OURS):
            sessions.enter_context(open_session(parse_url(database)))
        with open_session(parse_url(database)):
            pass  # one that has just ended is ours too
        with watch_visitors(parse_url(database)) as visitors:
            assert visitors.has_come() is False


@pytest.mark.parametrize("application", ["shop", "", "interlock gate"])
def test_a_session_of_somebody_else_is_seen(database: str, application: str):
    with (
        psycopg.connect(database, application_name=application),
        watch_visitors(parse_url(database)) as visitors,
    ):
        assert visitors.has_come() is True


def test_a_session_that_has_come_and_gone_is_seen(database: str):
    with watch_visitors(parse_url(database)) as visitors:
        with psycopg.connect(database, application_name="shop") as connection:
            connection.execute("select 1")

        assert visitors.has_come() is True


def test_a_session_on_another_database_is_none(database: str):
    elsewhere = parse_url(database).with_database("postgres").as_text()
    with watch_visitors(parse_url(database)) as visitors, psycopg.connect(elsewhere):
        assert visitors.has_come() is False


def test_where_others_of_our_kind_are_at_work_it_cannot_be_known(database: str):
    with ExitStack() as sessions:
        for _ in range(OURS + 1):
            sessions.enter_context(open_session(parse_url(database)))
        with watch_visitors(parse_url(database)) as visitors:
            assert visitors.has_come() is None
