"""Rows that mapped classes cannot load, on databases whose schema is exactly that of the chain."""

from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from interlock.chain import rows
from interlock.chain.mapped import MappedColumn, Models
from interlock.errors import ExitCode
from interlock.postgres.url import parse_url
from tests.acceptance.conftest import execute
from tests.alembic_project import make_project
from tests.integration.release.conftest import Guard, told

MODELS = """
import enum
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

class Base(DeclarativeBase):
    pass

class State(enum.Enum):
    open = "open"
    paid = "paid"

AS_TEXT = sa.Enum(State, native_enum=False, length=20)

class Decorated(sa.TypeDecorator):
    impl = AS_TEXT
    cache_ok = True

class Lenient(sa.TypeDecorator):
    impl = AS_TEXT
    cache_ok = True
    def result_processor(self, dialect, coltype):
        return lambda value: value

class Order(Base):
    __tablename__ = "Orders of 100%"
    __table_args__ = {"schema": "sales"}
    id: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[State | None] = mapped_column("the state%s", AS_TEXT)
    decorated: Mapped[str | None] = mapped_column(Decorated)
    lenient: Mapped[str | None] = mapped_column(Lenient)
    padded: Mapped[State | None] = mapped_column(AS_TEXT)
    many: Mapped[list[State] | None] = mapped_column(postgresql.ARRAY(AS_TEXT))
    note: Mapped[str]

class Animal(Base):
    __tablename__ = "animals"
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "animal"}

class Cat(Animal):
    __mapper_args__ = {"polymorphic_identity": "cat"}

target_metadata = Base.metadata
"""
CHAIN = {
    "r1": """
        op.execute("create schema sales")
        op.execute('''create table sales."Orders of 100%" (id serial primary key, "the state%s" varchar(20),
            decorated varchar(20), lenient varchar(20), padded char(6), many varchar(20)[], note text)
            partition by range (id)''')
        op.execute('''create table sales.orders_1 partition of sales."Orders of 100%" for values from (1) to (100)''')
        op.execute("create table animals (id serial primary key, kind text not null)")
    """
}
ORDERS = sql.Identifier("sales", "Orders of 100%")


@pytest.fixture
def released(tmp_path: Path, database: str) -> str:
    make_project(tmp_path, CHAIN, models=MODELS).upgrade(database)
    insert(database, {"the state%s": "open", "decorated": "paid", "lenient": "open", "many": "{open,paid,NULL}"})
    execute(database, "insert into animals (kind) values ('cat'), ('animal')")
    return database


def insert(database: str, values: dict[str, str | None]) -> None:
    row = {"note": "x", **values}
    names = sql.SQL(", ").join(map(sql.Identifier, row))
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(
            sql.SQL("insert into {} ({}) values ({})").format(
                ORDERS, names, sql.SQL(", ").join(map(sql.Literal, row.values()))
            )
        )


def test_rows_that_can_be_loaded_are_clear(guard: Guard, released: str):
    outcome = guard("verify", released)

    assert outcome.exit_code == ExitCode.CLEAR, told(outcome)


def test_a_value_that_the_enum_cannot_load_is_stop(guard: Guard, released: str):
    insert(released, {"the state%s": "OPEN"})
    insert(released, {"the state%s": "", "decorated": "lost", "padded": "paid", "many": "{open,LOST}"})

    outcome = guard("verify", released)

    assert outcome.exit_code == ExitCode.STOP
    assert told(outcome).splitlines() == [
        "STOP rows: Orders of 100%.the state%s holds in 2 rows what State cannot load, such as '', 'OPEN'",
        "STOP rows: Orders of 100%.decorated holds in 1 row what State cannot load, such as 'lost'",
        # char(6) gives it back with its padding, and such a value the ORM does not know.
        "STOP rows: Orders of 100%.padded holds in 1 row what State cannot load, such as 'paid  '",
        "STOP rows: Orders of 100%.many holds in 1 row what State cannot load, such as 'LOST'",
    ]


def test_what_a_type_decodes_by_itself_is_not_judged(guard: Guard, released: str):
    insert(released, {"lenient": "whatever"})

    assert guard("verify", released).exit_code == ExitCode.CLEAR


def test_a_null_where_the_class_expects_none_is_stop_and_no_value_of_another_column_is_shown(
    guard: Guard, released: str
):
    insert(released, {"the state%s": "LOST", "note": None})
    insert(released, {"the state%s": "GONE", "note": "a secret"})

    findings = told(guard("verify", released))

    assert "Orders of 100%.note is null in 1 row" in findings
    assert "holds in 2 rows what State cannot load, such as 'GONE', 'LOST'" in findings
    assert "secret" not in findings


def test_a_row_of_a_class_that_nobody_maps_is_stop(guard: Guard, released: str):
    execute(released, "insert into animals (kind) values ('fish')")

    outcome = guard("verify", released)

    assert told(outcome) == "STOP rows: animals.kind tells in 1 row of a class that Animal has not, such as 'fish'"


def test_a_table_that_there_is_no_time_for_is_named_and_the_smaller_ones_come_first(released: str):
    execute(released, "insert into animals (kind) select 'fish' from generate_series(1, 5000)")
    columns = (MappedColumn(None, "animals", "note", "TEXT", is_nullable=False),
               MappedColumn("sales", "orders_1", "note", "TEXT", is_nullable=False))  # fmt: skip
    execute(released, "alter table animals add note text")
    models = Models((), (), columns, ())
    with psycopg.connect(released) as other, psycopg.connect(released, autocommit=True) as session:
        other.execute("lock table animals")

        looked = rows.look_at_rows(session, models, within_seconds=1)
        hurried = rows.look_at_rows(session, models, within_seconds=0)

    assert looked.unfinished == ("public.animals",)
    assert hurried.unfinished == ("sales.orders_1", "public.animals")


def test_what_there_was_no_time_for_is_caution(guard: Guard, released: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(rows, "WITHIN_SECONDS", 0.0)

    outcome = guard("verify", released)

    assert outcome.exit_code == ExitCode.CAUTION
    assert "CAUTION rows: not looked through within" in told(outcome)


def test_rows_that_row_level_security_hides_are_unproved(guard: Guard, released: str):
    target = parse_url(released)
    role = f"guard_{target.database}"
    execute(released, f"create role {role} login password 'p'; alter table animals enable row level security")
    # The chain does not speak of it, so the schema is altered as well.
    execute(
        released, f"grant usage on schema sales to {role}; grant select on all tables in schema sales, public to {role}"
    )
    theirs = f"postgresql://{role}:p@{target.host}:{target.port}/{target.database}"

    outcome = guard("verify", theirs)

    assert outcome.exit_code == ExitCode.STOP, told(outcome)
    assert "Altered table public.animals: row_security is yes" in told(outcome)
    assert "CAUTION rows: row-level security may hide rows of: public.animals" in told(outcome)


def test_rows_that_the_role_may_not_read_are_unproved(guard: Guard, released: str):
    target = parse_url(released)
    role = f"blind_{target.database}"
    execute(released, f"create role {role} login password 'p'")
    execute(released, f"grant usage on schema sales to {role}")
    execute(
        released, f"grant select on alembic_version to {role}; grant select on all tables in schema sales to {role}"
    )
    theirs = f"postgresql://{role}:p@{target.host}:{target.port}/{target.database}"

    findings = told(guard("verify", theirs))

    assert "CAUTION rows: the rows of public.animals could not be looked at: permission denied" in findings
