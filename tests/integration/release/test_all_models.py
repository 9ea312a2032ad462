"""Every mapped class of a project is found, whatever env.py imports, and a module that cannot be imported is told."""

from pathlib import Path
from textwrap import dedent

import pytest

from interlock.errors import ExitCode
from interlock.release import load_models
from tests.acceptance.conftest import ask, execute
from tests.alembic_project import AlembicProject, make_project
from tests.integration.release.conftest import Guard, told

BASE = "from sqlalchemy.orm import DeclarativeBase\nclass Base(DeclarativeBase): pass\n"
ORDERS = """
    from sqlalchemy.orm import Mapped, mapped_column
    from shop.base import Base

    class Order(Base):
        __tablename__ = "orders"
        id: Mapped[int] = mapped_column(primary_key=True)
"""
MAKES_ORDERS = {"r1": "op.create_table('orders', sa.Column('id', sa.Integer, primary_key=True))"}
REFUNDS = ORDERS.replace("Order", "Refund").replace("orders", "refunds")


def make_package(folder: Path, revisions: dict[str, str] = MAKES_ORDERS, **modules: str) -> AlembicProject:
    """A project with a package `shop`, whose env.py imports nothing of it but its base and its orders."""
    models = "import shop.orders\nfrom shop.base import Base\ntarget_metadata = Base.metadata"
    project = make_project(folder, revisions, models=models)
    project.write("alembic.ini", "[alembic]\nscript_location = %(here)s/migrations\nprepend_sys_path = .\n")
    for name, text in {"base": BASE, "orders": ORDERS, **modules}.items():
        project.write(f"shop/{name.replace('__', '/')}.py", dedent(text))
    return project


def test_a_class_in_a_module_that_env_py_does_not_import_is_stop_before_anything_is_touched(
    guard: Guard, tmp_path: Path, database: str
):
    make_package(tmp_path, admin__refunds=REFUNDS)

    outcome = guard("release", database)

    assert outcome.exit_code == ExitCode.STOP
    assert 'models against chain at r1: class Refund cannot be selected: relation "refunds" does not exist' in told(
        outcome
    )
    assert ask(database, "select to_regclass('orders')") == [(None,)]


def test_with_nothing_pending_each_pair_that_disagrees_is_told(guard: Guard, tmp_path: Path, database: str):
    make_package(tmp_path)
    assert guard("release", database).exit_code == ExitCode.CLEAR
    make_package(tmp_path, refunds=REFUNDS)

    outcome = guard("release", database)

    findings = told(outcome)
    assert outcome.exit_code == ExitCode.STOP
    # Once: it is the same on both.
    assert "STOP models: models against chain at r1 and models against live: class Refund" in findings


def test_a_package_beside_the_one_of_the_base_is_walked_too(guard: Guard, tmp_path: Path, database: str):
    project = make_package(tmp_path)
    project.write("billing/__init__.py", "")
    project.write("billing/models.py", dedent(REFUNDS))

    assert "class Refund cannot be selected" in told(guard("verify", database))


def test_metadata_whose_models_nobody_imports_is_filled(guard: Guard, tmp_path: Path, database: str):
    project = make_package(tmp_path, refunds=REFUNDS)
    env = tmp_path / "migrations/env.py"
    env.write_text(env.read_text().replace("import shop.orders\n", ""))
    project.add_revision("r2", "r1", "op.create_table('refunds', sa.Column('id', sa.Integer, primary_key=True))")

    outcome = guard("release", database)

    assert outcome.exit_code == ExitCode.CLEAR, told(outcome)
    assert outcome.record.mapped_classes == 2


@pytest.mark.parametrize(
    ("code", "failure"),
    [
        ("import stripe_that_is_not_installed", "No module named 'stripe_that_is_not_installed' (payments.py:2)"),
        ("class Payment(Base:", "payments.py, line 2"),
        ("import sys; sys.exit(0)", "payments.py:2"),
        ("import os; os._exit(0)", "the process ended with status 0"),
        ("import time; time.sleep(600)", "it took longer than 2 s"),
    ],
)
def test_a_module_that_cannot_be_imported_is_caution_and_everything_else_is_checked(
    guard: Guard, tmp_path: Path, database: str, monkeypatch: pytest.MonkeyPatch, code: str, failure: str
):
    monkeypatch.setattr(load_models, "IMPORTS_WITHIN_SECONDS", 2.0)
    make_package(tmp_path)
    guard("release", database)
    payments = f"from shop.base import Base\n{code}\n{dedent(REFUNDS)}"
    make_package(tmp_path, payments=payments, zebras=ORDERS.replace("Order", "Zebra").replace("orders", "zebras"))

    outcome = guard("verify", database)

    findings = told(outcome)
    assert "CAUTION models: the module shop.payments can define mapped classes, and cannot be imported" in findings
    assert failure in findings
    assert "class Zebra cannot be selected" in findings
    assert "rows" in [stage.check for stage in outcome.record.timeline]


def test_a_module_that_makes_its_tables_when_it_is_imported_makes_none_here(
    guard: Guard, tmp_path: Path, database: str
):
    engine = "import os, sqlalchemy as sa; engine = sa.create_engine(os.environ['DATABASE_URL'])"
    create = "Base.metadata.create_all(engine.execution_options(isolation_level='AUTOCOMMIT'))"
    make_package(tmp_path, refunds=f"{dedent(REFUNDS)}\n{engine}\n{create}")

    outcome = guard("verify", database)

    assert "cannot execute CREATE TABLE in a read-only transaction" in told(outcome)
    assert "STOP models: models against chain at r1 and models against live: class Refund cannot" in told(outcome)


def test_what_a_module_that_failed_half_way_left_behind_is_forgotten(guard: Guard, tmp_path: Path, database: str):
    half = ORDERS.replace("id:", "refunds = relationship('Refund')\n        id:").replace("rder", "half")
    make_package(tmp_path, half=f"from sqlalchemy.orm import relationship\n{dedent(half)}\n1 / 0")

    outcome = guard("release", database)

    assert outcome.exit_code == ExitCode.CAUTION, told(outcome)
    assert "division by zero" in told(outcome)
    assert outcome.record.mapped_classes == 1


def test_a_module_that_the_settings_leave_out_is_named(guard: Guard, tmp_path: Path, database: str):
    make_package(tmp_path, payments="import nothing_like_it\n" + dedent(REFUNDS))

    outcome = guard("release", database, exclude_modules=("shop.pay*",))

    assert outcome.exit_code == ExitCode.CLEAR, told(outcome)
    assert any("by the settings): shop.payments" in each for each in outcome.record.unproved)


def test_tests_scripts_and_main_modules_are_not_imported(guard: Guard, tmp_path: Path, database: str):
    fails = "raise RuntimeError('imported')\n" + dedent(REFUNDS)
    names = ("tests__refunds", "test_refunds", "conftest", "admin____main__")
    project = make_package(tmp_path, **dict.fromkeys(names, fails))
    project.write("shop/admin/__main__.py", fails)
    project.write("migrations/models.py", fails)

    assert guard("release", database).exit_code == ExitCode.CLEAR


STRAY = """
    from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

    class Other(DeclarativeBase): pass

    class Visit(Other):
        __tablename__ = "visits"
        id: Mapped[int] = mapped_column(primary_key=True)
"""


def test_a_class_of_other_metadata_is_selected_too(guard: Guard, tmp_path: Path, database: str):
    make_package(tmp_path, visits=STRAY)

    absent = guard("release", database)
    execute(database, "create table visits (day date)")
    other = guard("verify", database)
    execute(database, "alter table visits add id int")
    there = guard("verify", database)

    assert absent.exit_code == ExitCode.CAUTION
    assert "CAUTION models: models against live: class shop.visits.Visit is mapped by other metadata" in told(absent)
    assert "STOP models: models against live: class shop.visits.Visit" in told(other)
    assert "Visit" not in told(there)
    assert any("shop.visits.Visit" in each for each in there.record.unproved)


def test_what_another_chain_of_the_package_migrates_is_not_this_ones(guard: Guard, tmp_path: Path, database: str):
    project = make_package(tmp_path, visits=STRAY)
    project.write("shop/visits_db/env.py", "from shop.visits import Other\ntarget_metadata = Other.metadata\n")
    project.write("shop/visits_db/versions/v1.py", "raise RuntimeError('imported')")

    outcome = guard("release", database)

    assert outcome.exit_code == ExitCode.CLEAR, told(outcome)
    assert any("another chain migrates it): shop.visits" in each for each in outcome.record.unproved)


def test_an_old_chain_of_the_same_metadata_hides_no_class(guard: Guard, tmp_path: Path, database: str):
    project = make_package(tmp_path, refunds=REFUNDS)
    project.write("shop/old/env.py", "from shop.refunds import Base\ntarget_metadata = Base.metadata\n")
    project.write("shop/old/versions/v1.py", "raise RuntimeError('imported')")

    assert "class Refund cannot be selected" in told(guard("verify", database))
