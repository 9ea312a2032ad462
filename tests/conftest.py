"""What every test may ask for: a real PostgreSQL server, and a fresh database on it."""

import os
import signal
from argparse import ArgumentTypeError
from collections.abc import Iterable, Iterator
from itertools import count

import psycopg
import pytest

from interlock.postgres.embedded import EmbeddedServer
from tests.majors import FAST, MAJORS, NEWEST, ServerOf, run_servers, why_there_is_none

_numbers = count(1)

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell starts what runs in the background deaf to Ctrl-C, and whatever that starts inherits it.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let whoever runs the tests say which servers they run on."""
    parser.addoption(
        "--majors",
        type=_majors,
        help=f"majors of PostgreSQL for the tests marked each_major: all, or some of {_listed(MAJORS)}; one that is "
        f"named must be there. Without this option: {_listed(FAST)}, and one that cannot be had is skipped.",
    )
    parser.addoption(
        "--server-major",
        type=int,
        choices=MAJORS,
        default=NEWEST,
        help=f"major of PostgreSQL for all other tests, and for scratch databases: {NEWEST} without this option",
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that is marked `each_major` once for each of them."""
    if metafunc.definition.get_closest_marker("each_major"):
        majors = metafunc.config.option.majors or FAST
        metafunc.parametrize("major", majors, ids=[f"postgres{major}" for major in majors])


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Let nothing be remembered from before the tests, nor after them."""
    os.environ["XDG_CACHE_HOME"] = str(tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="session")
def server_of() -> Iterator[ServerOf]:
    """PostgreSQL servers of any major, which are gone after the tests."""
    with run_servers() as server_of:
        yield server_of


@pytest.fixture(scope="session")
def server(pytestconfig: pytest.Config, server_of: ServerOf) -> EmbeddedServer:
    """The server where a test that is not about versions has its databases: of the newest major, unless told."""
    return server_of(pytestconfig.option.server_major)


@pytest.fixture
def major(pytestconfig: pytest.Config) -> int:
    """The major of PostgreSQL that the test's database is of."""
    return pytestconfig.option.server_major


@pytest.fixture
def server_of_major(pytestconfig: pytest.Config, server_of: ServerOf, major: int) -> EmbeddedServer:
    """The server that the test's database is on."""
    if reason := why_there_is_none(major):
        if pytestconfig.option.majors:
            # Whoever named it wants to know what happens on it, and not that nothing was tried.
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
    return server_of(major)


@pytest.fixture
def database(server_of_major: EmbeddedServer) -> Iterator[str]:
    """The URL of an empty database that only this test uses."""
    name = f"test_{next(_numbers)}"
    url = server_of_major.create_database(name)
    yield url.as_text()
    with psycopg.connect(server_of_major.url().as_text(), autocommit=True) as connection:
        connection.execute(f"drop database {name} with (force)")


def _majors(text: str) -> tuple[int, ...]:
    if text == "all":
        return MAJORS
    known = {str(major): major for major in MAJORS}
    named = text.split(",")
    if unknown := [each for each in named if each not in known]:
        raise ArgumentTypeError(f"{_listed(unknown)} is none of {_listed(MAJORS)}")
    return tuple(known[each] for each in dict.fromkeys(named))


def _listed(majors: Iterable[object]) -> str:
    return ",".join(map(str, majors))
