"""The catalogue of damage that the drift bench does, tried on the schema that has every kind of object."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from bench.drift.mutations import CATALOGUE, Damage, Kind, find_damage
from bench.drift.tools import InterlockDrift, differences

from interlock.postgres.embedded import EmbeddedServer
from interlock.postgres.url import DatabaseUrl

TESTS = Path(__file__).parents[1]
# The bench tries them all, on six projects; here are some of each file.
SOME = CATALOGUE[::20]


@pytest.fixture(scope="module")
def undamaged(server: EmbeddedServer) -> DatabaseUrl:
    url = server.create_database("every_kind")
    with psycopg.connect(url.conninfo) as connection:
        connection.execute((TESTS / "every_kind.sql").read_text())
        connection.execute((TESTS / "every_kind_18.sql").read_text())
        # A copy has the comment, and not the subscription.
        connection.execute("comment on subscription from_far_away is null")
    return url


@pytest.fixture
def copy(server: EmbeddedServer, undamaged: DatabaseUrl) -> Iterator[DatabaseUrl]:
    """A copy of it, without its subscription, which a copy does not carry."""
    with psycopg.connect(server.url().conninfo, autocommit=True) as connection:
        connection.execute(f"create database damaged template {undamaged.database}")
        yield server.url("damaged")
        connection.execute("drop database damaged with (force)")


def test_every_kind_of_damage_can_be_done_to_it(undamaged: DatabaseUrl):
    with psycopg.connect(undamaged.conninfo, autocommit=True) as connection:
        impossible = [kind.name for kind in CATALOGUE if _possible(connection, kind) is None]

    assert impossible == []


def test_there_are_more_kinds_of_damage_than_eighty_and_no_two_of_one_name():
    assert len({kind.name for kind in CATALOGUE}) == len(CATALOGUE) > 80


@pytest.mark.parametrize("kind", SOME, ids=[kind.name for kind in SOME])
def test_damage_is_told_on_its_object_and_attribute(kind: Kind, undamaged: DatabaseUrl, copy: DatabaseUrl):
    usual = differences(undamaged, copy)
    with psycopg.connect(copy.conninfo, autocommit=True) as connection:
        damage = _possible(connection, kind)
        connection.execute(damage.statements)

    said = differences(undamaged, copy)

    assert InterlockDrift().tells([each for each in said if each not in usual], damage), said


def _possible(connection: psycopg.Connection, kind: Kind) -> Damage | None:
    """The first place where this damage can be done; nothing is changed."""
    for damage in find_damage(connection, kind, seed="1"):
        try:
            with connection.transaction(force_rollback=True):
                connection.execute(damage.statements)
        except psycopg.Error:
            continue
        return damage
    return None
