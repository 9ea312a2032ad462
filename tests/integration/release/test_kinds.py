"""Mapped types over other types of columns: what the guard says of each pair, beside what three drivers do with it."""

import asyncio
import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, Range
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.orm import Session, registry

from interlock.chain.mapped import Models
from interlock.chain.misfits import find_misfits
from interlock.chain.models import describe
from interlock.errors import ExitCode
from interlock.postgres.url import parse_url
from interlock.verdict.finding import Signal
from tests.acceptance.conftest import execute
from tests.alembic_project import make_project
from tests.integration.release.conftest import Guard, told

ID = UUID(int=77)
NOON = dt.datetime(2026, 1, 1, 12)  # noqa: DTZ001 - it is for a column without a time zone
FINE, DEPENDS, FAILS = None, Signal.CAUTION, Signal.STOP
"""No driver has any trouble; some do; every one does."""


class Guid(sa.TypeDecorator):
    """The recipe of SQLAlchemy's manual for UUIDs on every backend."""

    impl = sa.CHAR
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine:
        return dialect.type_descriptor(postgresql.UUID() if dialect.name == "postgresql" else sa.CHAR(36))


class TextId(sa.TypeDecorator):
    """UUIDs that are text in the database, and are cast on their way."""

    impl = sa.Uuid
    cache_ok = True

    def bind_expression(self, bindparam: Any) -> Any:
        return sa.cast(bindparam, sa.Text)

    def column_expression(self, column: Any) -> Any:
        return sa.cast(column, sa.Uuid)


class Unknown(sa.types.UserDefinedType):
    """A type that binds and loads as it likes, whatever it is called."""

    cache_ok = True

    def get_col_spec(self) -> str:
        return "UUID"


PAIRS: list[tuple[Any, Any, str, Signal | None]] = [
    (sa.Uuid(), ID, "uuid", FINE),
    (sa.Uuid(as_uuid=False), str(ID), "uuid", FINE),
    (Guid(), ID, "uuid", FINE),
    (sa.Uuid(native_uuid=False), ID, "varchar(36)", FINE),
    (sa.Uuid(native_uuid=False), ID, "char(32)", FINE),
    (sa.String(36).with_variant(sa.Uuid(), "postgresql"), ID, "uuid", FINE),
    (sa.Uuid().with_variant(sa.String(36), "postgresql"), str(ID), "text", FINE),
    (TextId(), ID, "text", FINE),
    (Unknown(), str(ID), "text", FINE),
    (sa.Uuid(), ID, "uuid_domain", FINE),
    (sa.Uuid(), ID, "varchar(36)", FAILS),
    (sa.Uuid(), ID, "text_domain", FAILS),
    (sa.Uuid(as_uuid=False), str(ID), "text", FAILS),
    (Guid(), ID, "char(36)", FAILS),
    (sa.String().with_variant(sa.Uuid(), "postgresql"), ID, "text", FAILS),
    (sa.Uuid(), ID, "bytea", FAILS),
    (sa.Uuid(), ID, "bigint", FAILS),
    (sa.Integer(), 7, "uuid", FAILS),
    (sa.JSON(), {"a": 1}, "json", FINE),
    (sa.JSON(), {"a": 1}, "jsonb", FINE),
    (JSONB(), {"a": 1}, "jsonb", FINE),
    (sa.JSON().with_variant(JSONB(), "postgresql"), {"a": 1}, "jsonb", FINE),
    (JSONB(), {"a": 1}, "json", DEPENDS),
    (sa.JSON(), {"a": 1}, "text", FAILS),
    (JSONB(), {"a": 1}, "text", FAILS),
    (JSONB(), {"a": 1}, "text[]", FAILS),
    (ARRAY(sa.String), ["a", "b"], "varchar(9)[]", FINE),
    (ARRAY(sa.Text), ["a", "b"], "text[]", FINE),
    (ARRAY(sa.Uuid), [ID], "uuid[]", FINE),
    (ARRAY(sa.String), ["a", "b"], "text[]", DEPENDS),
    (ARRAY(sa.Integer), [1, 2], "bigint[]", DEPENDS),
    (ARRAY(sa.String), ["a", "b"], "text", FAILS),
    (ARRAY(sa.Integer), [1, 2], "text[]", FAILS),
    (ARRAY(sa.String), [str(ID)], "uuid[]", FAILS),
    (ARRAY(sa.String), ["a", "b"], "jsonb", FAILS),
    (postgresql.INET(), "10.0.0.1", "text", FINE),
    (postgresql.CIDR(), "10.0.0.0/8", "varchar(43)", FINE),
    (postgresql.CIDR(), "10.0.0.0/8", "cidr", FINE),
    (postgresql.CIDR(), "10.0.0.0/8", "inet", FINE),
    (postgresql.MACADDR(), "08:00:2b:01:02:03", "text", FINE),
    (postgresql.INET(), "10.0.0.1", "macaddr", FAILS),
    (postgresql.INT4RANGE(), Range(1, 5), "int4range", FINE),
    (postgresql.INT8RANGE(), Range(1, 5), "int4range", FAILS),
    (postgresql.INT4RANGE(), Range(1, 5), "text", FAILS),
    (sa.LargeBinary(), b"abc", "bytea", FINE),
    (sa.LargeBinary(), b"abc", "text", FAILS),
    (sa.Interval(), dt.timedelta(hours=2), "interval", FINE),
    (sa.Interval(), dt.timedelta(hours=2), "text", FAILS),
    (sa.Interval(), dt.timedelta(hours=2), "time", FAILS),
    (sa.Time(), dt.time(1, 2), "time", FINE),
    (sa.Time(), dt.time(1, 2), "text", FAILS),
    (sa.Time(), dt.time(1, 2), "interval", FAILS),
    (sa.Time(), dt.time(1, 2), "timestamp", FAILS),
    (sa.DateTime(), NOON, "time", FAILS),
    (sa.DateTime(), NOON, "interval", FAILS),
    (sa.Numeric(), Decimal("1.5"), "interval", FAILS),
    (sa.String(), "abc", "text_domain", FINE),
    (sa.String(), "abc", "name", FINE),
    (sa.Text(), "abc", "varchar(9)", FINE),
    (sa.String(), str(ID), "char(36)", FINE),
    (sa.String(), str(ID), "uuid", DEPENDS),
    (sa.Text(), '{"a": 1}', "jsonb", DEPENDS),
    (sa.String(), "10.0.0.1", "inet", DEPENDS),
    (sa.String(), "{a,b}", "text[]", DEPENDS),
    (sa.Text(), "1 day", "interval", DEPENDS),
]


ORDERS = """
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

target_metadata = sa.MetaData()
sa.Table("orders", target_metadata, sa.Column("id", sa.Uuid, primary_key=True), sa.Column("tags", ARRAY(sa.String)))
"""


@pytest.fixture
def mapped(database: str) -> list[type]:
    """A class for each pair, whose table has the column of the other type."""
    execute(database, "create domain text_domain as text; create domain uuid_domain as uuid")
    mappers = registry()
    classes = []
    for number, (kind, _, live, _) in enumerate(PAIRS):
        execute(database, f"create table t{number} (id serial primary key, x {live})")
        table = sa.Table(
            f"t{number}", mappers.metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("x", kind)
        )
        classes.append(type(f"T{number}", (), {}))
        mappers.map_imperatively(classes[-1], table)
    return classes


def test_each_pair_is_judged_as_it_harms(database: str, mapped: list[type]):
    mappers = [sa.inspect(each) for each in mapped]
    models = Models.from_description(describe([mappers[0].local_table.metadata], mappers))

    with psycopg.connect(parse_url(database).as_text(), autocommit=True) as connection:
        misfits = list(find_misfits(connection, models))

    said = {misfit.problem.partition(" ")[0]: misfit.signal for misfit in misfits}
    assert _by_pair(lambda number: said.get(f"t{number}.x")) == _by_pair(lambda number: PAIRS[number][3])


@pytest.mark.parametrize("driver", ["psycopg", "psycopg2", "asyncpg"])
def test_each_pair_is_as_harmful_as_is_said(database: str, mapped: list[type], driver: str):
    works = _try_all(database, driver, mapped)

    # Where it depends, one driver is enough: psycopg 3 is the strict one of the two that are synchronous.
    expected = {FINE: True, FAILS: False, DEPENDS: False if driver == "psycopg" else None}
    wanted = [expected[signal] for *_, signal in PAIRS]
    seen = [None if expected is None else worked for worked, expected in zip(works, wanted, strict=True)]
    assert _by_pair(seen.__getitem__) == _by_pair(wanted.__getitem__)


def test_ids_in_a_column_of_text_stop_a_release_before_anything_is_touched(guard: Guard, tmp_path: Path, database: str):
    chain = {"r1": """op.execute("create table orders (id varchar(36) primary key, tags text)")"""}
    make_project(tmp_path, chain, models=ORDERS)

    outcome = guard("release", database)

    assert outcome.exit_code == ExitCode.STOP
    assert outcome.record.applied == ()
    assert told(outcome).replace("verify before: models against chain at r1: ", "").splitlines() == [
        "STOP orders.id is character varying(36), mapped as UUID",
        "STOP orders.tags is text, mapped as VARCHAR[]",
    ]


def _by_pair(of: Callable[[int], object]) -> dict[str, object]:
    return {f"{number}: {kind!r} over {live}": of(number) for number, (kind, _, live, _) in enumerate(PAIRS)}


def _try_all(database: str, driver: str, mapped: list[type]) -> list[bool]:
    url = sa.make_url(database).set(drivername=f"postgresql+{driver}")
    if driver == "asyncpg":
        return asyncio.run(_try_all_in_a_loop(url, mapped))
    engine = sa.create_engine(url, poolclass=sa.StaticPool)
    with engine.connect() as connection:
        works = [_works(connection, *each) for each in zip(mapped, PAIRS, strict=True)]
    engine.dispose()
    return works


async def _try_all_in_a_loop(url: sa.URL, mapped: list[type]) -> list[bool]:
    engine = create_async_engine(url)
    async with engine.connect() as connection:
        works = [await connection.run_sync(_works, *each) for each in zip(mapped, PAIRS, strict=True)]
    await engine.dispose()
    return works


def _works(connection: sa.Connection, mapped: type, pair: tuple[Any, Any, str, Signal | None]) -> bool:
    """Insert a value, find its row by it, and load it."""
    _, value, _, _ = pair
    try:
        with Session(connection) as session:
            row = mapped()
            row.x = value
            session.add(row)
            session.flush()
            session.expire_all()
            (found,) = session.scalars(sa.select(mapped).where(_is(mapped.x, value))).all()
            return found.x == value or str(found.x) == value
    except (sa.exc.SQLAlchemyError, AttributeError, TypeError, ValueError):
        return False
    finally:
        connection.rollback()


def _is(column: Any, value: Any) -> Any:
    """The ordinary filter by a value. A json has no equality, on whatever column."""
    if isinstance(column.type, JSONB):
        return column.contains(value)
    return column["a"].as_integer() == 1 if isinstance(column.type, sa.JSON) else column == value
