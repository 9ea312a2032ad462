"""What mapped classes need and a chain does not make."""

from pathlib import Path

import pytest

from interlock.errors import ExitCode
from tests.alembic_project import SHOP_MODELS, make_project
from tests.integration.release.conftest import Guard, told

MOODS = """
    op.execute("create schema other")
    op.execute("create type other.mood as enum ('sad', 'happy')")
    op.execute("create type mood as enum ('sad')")
    op.execute("create domain good_mood as other.mood")
    op.execute("create table days (id int primary key, a other.mood[], b good_mood, c other.mood, d mood)")
"""
MOOD_MODELS = """
import enum
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

class Mood(enum.Enum):
    sad = 1
    happy = 2

MOOD = sa.Enum(Mood, name="mood", schema="other")

class Decorated(sa.TypeDecorator):
    impl = MOOD
    cache_ok = True

target_metadata = sa.MetaData()
sa.Table("days", target_metadata, sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("a", postgresql.ARRAY(MOOD)), sa.Column("b", postgresql.DOMAIN("good_mood", MOOD)),
    sa.Column("c", Decorated), sa.Column("d", sa.String().with_variant(sa.Enum(Mood, name="mood"), "postgresql")))
"""


def test_a_deferred_column_has_to_be_there(guard: Guard, tmp_path: Path, database: str):
    deferred = "    secret: Mapped[str | None] = mapped_column(deferred=True)\n"
    make_project(tmp_path, models=SHOP_MODELS.replace("    note:", f"{deferred}    note:"))

    outcome = guard("release", database)

    assert outcome.exit_code == ExitCode.STOP
    assert "class Order cannot be selected: column orders.secret does not exist" in told(outcome)


@pytest.mark.each_major
def test_enums_are_found_behind_arrays_domains_decorators_and_variants(guard: Guard, tmp_path: Path, database: str):
    make_project(tmp_path, {"r1": MOODS}, models=MOOD_MODELS)

    findings = told(guard("release", database)).splitlines()

    assert findings
    assert all(each.endswith("days.d: enum mood lacks 'happy' of Mood") for each in findings)


TAXES = {
    "r1": """
        op.execute("create table taxes (id serial primary key, rate int not null, gross int generated always as "
                   "(rate + 100) stored, note text not null default '', paid_at int)")
    """
}
TAX_MODELS = """
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

class Base(DeclarativeBase):
    pass

class Tax(Base):
    __tablename__ = "taxes"
    id: Mapped[int] = mapped_column(primary_key=True)
    gross: Mapped[int | None]
    note: Mapped[str | None]
    paid_at: Mapped[int | None] = mapped_column(sa.BigInteger)

target_metadata = Base.metadata
"""


def test_a_row_that_the_orm_cannot_insert_is_found_before_anything_is_touched(
    guard: Guard, tmp_path: Path, database: str
):
    make_project(tmp_path, TAXES, models=TAX_MODELS)

    outcome = guard("release", database)

    assert outcome.record.applied == ()
    findings = told(outcome).replace("verify before: models against chain at r1: ", "")
    assert [each.partition(",")[0] for each in findings.splitlines()] == [
        "CAUTION taxes.paid_at is integer",
        "STOP taxes.rate is NOT NULL without a default",
        "STOP taxes.gross is generated always",
        "CAUTION taxes.note is NOT NULL",
    ]


SEAT_MODELS = """
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

class Base(DeclarativeBase):
    pass

class Seat(Base):
    __tablename__ = "seats"
    __table_args__ = (
        sa.UniqueConstraint("hall", "place"),
        sa.Index("by_lower_code", sa.text("lower(code)"), unique=True),
        sa.Index("by_active_code", "code", unique=True, postgresql_where=sa.text("hall > 0")),
        {"schema": "theatre"},
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    hall: Mapped[int]
    place: Mapped[int]
    code: Mapped[str] = mapped_column(sa.String(255), unique=True)

target_metadata = Base.metadata
"""
SEATS = """
    op.execute("create schema theatre")
    op.execute("create table theatre.seats (id serial primary key, hall int not null, place int not null, "
               "code varchar(10) not null)")
    op.execute("create unique index on theatre.seats (hall, id)")
    op.execute("create unique index on theatre.seats (code) where hall > 0")
    op.execute("create unique index on theatre.seats (lower(code))")
    op.execute("create unique index on theatre.seats (hall) include (place)")
"""


@pytest.mark.each_major
def test_what_a_class_says_is_unique_and_nothing_keeps_so_is_caution(guard: Guard, tmp_path: Path, database: str):
    project = make_project(tmp_path, {"r1": SEATS}, models=SEAT_MODELS)

    lacking = guard("release", database)

    assert lacking.exit_code == ExitCode.CAUTION
    findings = [each for each in told(lacking).splitlines() if "models against live" in each]
    assert [each.partition("live: ")[2].partition(" is unique")[0] for each in findings] == [
        "seats (code)",
        "seats (hall, place)",
    ]
    project.add_revision(
        "r2",
        "r1",
        """
        op.execute("create unique index on theatre.seats (place, hall) where place is not null and hall is not null")
        op.execute("create unique index on theatre.seats (code) include (hall)")
        """,
    )
    released = guard("release", database)

    assert released.exit_code == ExitCode.CLEAR
    room = "longer values than columns have room for: seats.code is character varying(10), mapped as VARCHAR(255)"
    assert room in released.record.unproved
