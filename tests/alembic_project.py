"""Builds small Alembic projects for tests: real files, in the layout that `alembic init` makes."""

import sys
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent, indent

import pytest
from alembic import command
from alembic.config import Config

SYNC_ENV = """
from alembic import context
from sqlalchemy import engine_from_config, pool

target_metadata = None
{models}

def run() -> None:
    engine = engine_from_config(
        context.config.get_section(context.config.config_ini_section), prefix="sqlalchemy.", poolclass=pool.NullPool
    )
    with engine.connect() as connection:
        {before_configure}
        context.configure(connection=connection, target_metadata=target_metadata{options})
        with context.begin_transaction():
            context.run_migrations()

run()
"""

ASYNC_ENV = """
import asyncio
from alembic import context
from sqlalchemy import pool
from sqlalchemy.ext.asyncio import async_engine_from_config

target_metadata = None
{models}

def run(connection) -> None:
    {before_configure}
    context.configure(connection=connection, target_metadata=target_metadata{options})
    with context.begin_transaction():
        context.run_migrations()

async def run_async() -> None:
    engine = async_engine_from_config(
        context.config.get_section(context.config.config_ini_section), prefix="sqlalchemy.", poolclass=pool.NullPool
    )
    async with engine.connect() as connection:
        await connection.run_sync(run)
    await engine.dispose()

asyncio.run(run_async())
"""

SHOP_MODELS = """
import enum
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

class Base(DeclarativeBase):
    pass

class State(enum.Enum):
    open = "open"
    paid = "paid"

class Customer(Base):
    __tablename__ = "customers"
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(sa.String(200), unique=True)

class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(sa.ForeignKey("customers.id"))
    state: Mapped[State] = mapped_column(sa.Enum(State, name="order_state"))
    note: Mapped[str | None]

target_metadata = Base.metadata
"""

MODELS_WITHOUT_NOTE = SHOP_MODELS.replace("    note: Mapped[str | None]\n", "")
"""What the shop maps before r3."""

SHOP = {
    "r1": """
        op.execute("create type order_state as enum ('open', 'paid')")
        op.create_table("customers", sa.Column("id", sa.Integer, primary_key=True),
                        sa.Column("email", sa.String(200), nullable=False, unique=True))
    """,
    "r2": """
        op.execute("create table orders (id serial primary key, customer_id int not null references customers,"
                   " state order_state not null)")
        op.create_index("orders_by_customer", "orders", ["customer_id"])
    """,
    "r3": """
        op.add_column("orders", sa.Column("note", sa.Text))
    """,
}
"""A chain with a bit of everything: an enum, two tables, keys, an index, a later column."""

# As it is: what looks like a parameter is none, neither to SQLAlchemy nor to the driver.
_EVERY_KIND = Path(__file__).with_name("every_kind.sql").read_text(encoding="utf-8").replace("%", "%%")
EVERY_KIND = {"r1": f"op.get_bind().exec_driver_sql({_EVERY_KIND!r})"}
"""A chain that makes an object of every kind that PostgreSQL 14 has."""


@dataclass(frozen=True)
class AlembicProject:
    """A project on disk."""

    folder: Path

    def write(self, name: str, text: str) -> None:
        (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / name).write_text(text)

    def add_revision(self, revision: str, parents: str | tuple[str, ...] | None, upgrade: str, name: str = "") -> None:
        body = indent(dedent(upgrade).strip() or "pass", "    ")
        self.write(
            f"migrations/versions/{name or revision}.py",
            f'"""make {revision}"""\n\nimport sqlalchemy as sa\nfrom alembic import op\n\n'
            f"revision = {revision!r}\ndown_revision = {parents!r}\n\n\ndef upgrade() -> None:\n{body}\n",
        )

    def upgrade(self, database: str) -> None:
        """Run all revisions with Alembic alone, in this process: a database to begin with costs a fraction so."""
        config = Config(self.folder / "alembic.ini")
        config.set_main_option("sqlalchemy.url", database.replace("%", "%%"))
        with pytest.MonkeyPatch.context() as patch:
            # A revision that is written anew within the second would be taken for what was compiled of the old one.
            patch.setattr(sys, "dont_write_bytecode", True)
            command.upgrade(config, "head")


def make_project(
    folder: Path,
    revisions: dict[str, str] = SHOP,
    *,
    env: str = SYNC_ENV,
    models: str = SHOP_MODELS,
    before_configure: str = "pass",
    options: str = "",
) -> AlembicProject:
    """Write a project whose revisions follow each other in the order given."""
    project = AlembicProject(folder)
    project.write("alembic.ini", "[alembic]\nscript_location = %(here)s/migrations\n")
    project.write(
        "migrations/env.py", env.format(models=models, before_configure=before_configure, options=options).lstrip()
    )
    parent = None
    for revision, upgrade in revisions.items():
        project.add_revision(revision, parent, upgrade)
        parent = revision
    return project
