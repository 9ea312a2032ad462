from textwrap import dedent

import pytest

from interlock.chain.outline import Source, defining_modules, migrated_by


def found_in(**texts: str) -> list[str]:
    """What is found in the modules of a package `shop`, each given by the last part of its name."""
    sources = [Source(f"shop.{name}", "shop", dedent(text)) for name, text in texts.items()]
    return [name.removeprefix("shop.") for name in defining_modules(sources, {"shop"})]


@pytest.mark.parametrize(
    "text",
    [
        "from sqlalchemy.orm import DeclarativeBase\nclass Base(DeclarativeBase): pass",
        "import sqlalchemy.orm\nBase = sqlalchemy.orm.declarative_base()",
        "from elsewhere import Base\nclass Order(Base):\n    __tablename__ = 'orders'",
        "from elsewhere import Base\nclass Order(Base):\n    id: Mapped[int]",
        "from elsewhere import Base\nclass Order(Base):\n    id: 'orm.Mapped[int]'",
        "import sqlalchemy as sa\norders = sa.Table('orders', metadata, sa.Column('id', sa.Integer))",
        "from sqlalchemy import Column, Integer\nclass Dated:\n    day = Column(Integer)",
        "from shop.extensions import db\nclass Order(db.Model):\n    pass",
        "from shop.extensions import db\nmembers = db.Table('members')",
        "from sqlmodel import SQLModel\nclass Order(SQLModel, table=True):\n    id: int",
        "from shop.base import mapper_registry\n@mapper_registry.mapped\nclass Order: pass",
        "from shop.base import mapper_registry\nmapper_registry.map_imperatively(Order, orders)",
        "import sqlalchemy as sa\nif True:\n    try:\n        t = sa.Table('t', m)\n    finally:\n        pass",
    ],
)
def test_a_module_that_maps_is_found(text: str):
    assert found_in(orders=text) == ["orders"]


@pytest.mark.parametrize(
    "text",
    [
        '"""How to write __tablename__ = "orders" and Column() with sqlalchemy."""',
        "from rich.table import Column, Table\ntable = Table(Column('sqlalchemy'))",
        "import sqlalchemy as sa\ndef make():\n    return sa.Table('t', sa.MetaData())",
        "from sqlalchemy import select\nquery = select(1)",
        "from pydantic import BaseModel\nclass Order(BaseModel):\n    name: str = 'sqlalchemy'",
        "import pandas\nframe = pandas.Table('sqlalchemy')",
    ],
)
def test_a_module_that_only_talks_of_it_is_not(text: str):
    assert found_in(orders=text) == []


def test_a_class_that_derives_from_a_mapped_one_is_found_through_the_modules_that_pass_its_name_on():
    found = found_in(
        base="from sqlalchemy.orm import DeclarativeBase\nclass Base(DeclarativeBase): pass",
        db="from .base import Base as Model",
        orders="from shop.db import Model\nclass Order(Model): pass",
        special="from shop import orders\nclass Special(orders.Order): pass",
    )

    assert found == ["base", "orders", "special"]


def test_a_class_of_the_same_name_is_no_mapped_one():
    found = found_in(
        models="from sqlalchemy.orm import DeclarativeBase\nclass BaseModel(DeclarativeBase): pass",
        schemas="from pydantic import BaseModel\nclass Order(BaseModel): pass",
        forms="class BaseModel: pass\nclass Form(BaseModel): pass",
    )

    assert found == ["models"]


def test_a_base_that_nobody_can_follow_counts_by_its_name():
    found = found_in(
        base="from sqlalchemy.orm import declarative_base\nBase = declarative_base()",
        orders="from shop.base import *\nclass Order(Base): pass",
    )

    assert found == ["base", "orders"]


def test_a_module_with_a_syntax_error_is_left_to_the_import():
    assert found_in(orders="from sqlalchemy import Column\nclass Order(") == ["orders"]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("from shop.models import Base\ntarget_metadata = Base.metadata", "shop.models.Base.metadata"),
        ("from .. import models\ntarget_metadata = models.METADATA", "shop.models.METADATA"),
        ("import shop.models as m\ntarget_metadata = m.Base.metadata", "shop.models.Base.metadata"),
        ("target_metadata = None", None),
        ("target_metadata = (", None),
    ],
)
def test_where_the_metadata_of_a_chain_comes_from(text: str, place: str | None):
    assert migrated_by(Source("shop.db.migrations.env", "shop.db", text)) == place
