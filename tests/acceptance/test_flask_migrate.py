"""Projects as Flask-Migrate makes them, with the real packages: nothing but the database is said."""

import os
import subprocess
from pathlib import Path
from textwrap import dedent

import pytest

from interlock.errors import ExitCode
from tests.acceptance.conftest import Interlock, Said, ask, execute
from tests.acceptance.environments import FLASK, Builder

pytestmark = pytest.mark.environment(FLASK)

SHOP = """
import os
from flask import Flask
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy

db = SQLAlchemy()

class Customer(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    email = db.Column(db.String(200), nullable=False)

def create_app():
    app = Flask(__name__)
    app.config["SQLALCHEMY_DATABASE_URI"] = os.environ["DATABASE_URL"]
    db.init_app(app)
    Migrate(app, db)
    return app
"""
# `flask db migrate` makes the version table.
TABLES = (
    "select table_name from information_schema.tables where table_schema = 'public' and table_name <> 'alembic_version'"
)


class FlaskProject:
    """A project in a folder, run by the commands of its own environment."""

    def __init__(self, builder: Builder, interlock: Interlock, folder: Path, database: str) -> None:
        self._builder, self._interlock = builder, interlock
        self.folder, self.database = folder, database

    def write(self, name: str, text: str) -> None:
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(dedent(text))

    def flask(self, *arguments: str, **environment: str) -> None:
        subprocess.run(
            [self._builder.script(FLASK, "flask"), "db", *arguments],
            cwd=self.folder, env={**os.environ, "DATABASE_URL": self.database, **environment},
            check=True, capture_output=True, text=True, timeout=60,
        )  # fmt: skip

    def make_chain(self, *options: str, **environment: str) -> None:
        """Let Flask-Migrate make its folder and a first revision."""
        self.flask("init", *options, **environment)
        self.flask("migrate", "-m", "first", **environment)

    def run(self, *arguments: str, **environment: str) -> Said:
        script = self._builder.script(FLASK, "interlock")
        return self._interlock(*arguments, folder=self.folder, database=self.database, command=[script], **environment)


@pytest.fixture
def project(builder: Builder, interlock: Interlock, tmp_path: Path, database: str) -> FlaskProject:
    return FlaskProject(builder, interlock, tmp_path, database)


def test_a_factory_in_app_py_is_released_verified_and_written_down(project: FlaskProject):
    project.write("app.py", SHOP)
    project.make_chain()

    planned = project.run("plan")
    assert planned.code == ExitCode.CLEAR, planned
    assert ask(project.database, TABLES) == []
    released = project.run("release", "--schema-only")
    assert released.code == ExitCode.CLEAR, released
    assert "and 1 mapped class can be selected" in released.out
    assert project.run("schema", "write").code == ExitCode.CLEAR
    assert (project.folder / "migrations" / "schema.json").exists()
    assert project.run("schema", "check").code == ExitCode.CLEAR

    execute(project.database, "alter table customer drop column email")
    damaged = project.run("verify")

    assert damaged.code == ExitCode.STOP
    assert "column public.customer.email" in damaged.out.replace("\n", " ")


def test_what_the_models_have_and_the_chain_does_not_make_is_found(project: FlaskProject):
    project.write("app.py", SHOP)
    project.make_chain()
    project.write("app.py", SHOP.replace("nullable=False)", "nullable=False)\n    name = db.Column(db.Text)"))

    said = project.run("release", "--schema-only")

    assert said.code == ExitCode.STOP
    assert "class Customer cannot be selected: column customer.name does not exist" in " ".join(said.out.split())
    assert ask(project.database, TABLES) == []


def test_an_application_in_wsgi_py_with_its_models_beside_it(project: FlaskProject):
    project.write("shop.py", SHOP.replace('environ["DATABASE_URL"]', 'environ["SQLALCHEMY_DATABASE_URI"]'))
    project.write("wsgi.py", "from shop import create_app\n\napp = create_app()\n")
    project.make_chain(SQLALCHEMY_DATABASE_URI=project.database)

    said = project.run("release", "--schema-only", SQLALCHEMY_DATABASE_URI="postgresql://nobody@127.0.0.1:1/none")

    assert said.code == ExitCode.CLEAR, said
    assert "and 1 mapped class can be selected" in said.out


def test_a_package_with_a_factory_that_the_environment_names_and_a_folder_of_another_name(project: FlaskProject):
    settings = 'app.config["SQLALCHEMY_DATABASE_URI"] = os.environ["DATABASE_URL"]'
    shop = SHOP.replace(settings, "app.config.from_prefixed_env()").replace("def create_app", "def make")
    project.write("src/shop/__init__.py", shop.replace("Migrate(app, db)", 'Migrate(app, db, directory="chain")'))
    project.make_chain(FLASK_APP="src/shop:make", FLASK_SQLALCHEMY_DATABASE_URI=project.database)

    said = project.run("release", "--schema-only", FLASK_APP="src/shop:make")

    assert said.code == ExitCode.CLEAR, said
    assert "and 1 mapped class can be selected" in said.out


def test_an_application_that_flaskenv_names(project: FlaskProject):
    project.write("shop/__init__.py", SHOP)
    project.write(".flaskenv", "FLASK_APP=shop\n")
    # It is not read where the environment has the variable already.
    project.write(".env", "DATABASE_URL=postgresql://nobody@127.0.0.1:1/none\n")
    project.make_chain()

    assert project.run("plan").code == ExitCode.CLEAR


def test_an_alembic_ini_of_ones_own_for_an_env_py_of_flask_migrate(project: FlaskProject):
    project.write("app.py", SHOP)
    project.make_chain()
    project.write("alembic.ini", (project.folder / "migrations" / "alembic.ini").read_text())
    project.write("interlock.toml", '[project]\nscript_location = "migrations"\n')

    assert project.run("plan").code == ExitCode.CLEAR


def test_an_application_that_is_not_found_or_does_not_start(project: FlaskProject):
    project.write("shop.py", SHOP)
    project.make_chain(FLASK_APP="shop")

    unnamed = project.run("plan", FLASK_APP="")
    misnamed = project.run("plan", FLASK_APP="nosuch")
    project.write("app.py", "import os\nos.environ['SHOP_SECRET']\n")
    broken = project.run("plan")

    assert unnamed.code == misnamed.code == broken.code == ExitCode.STOP
    assert "Could not locate a Flask application" in unnamed.err
    assert "Could not import 'nosuch'" in misnamed.err
    assert "loading the Flask application failed: KeyError: 'SHOP_SECRET'" in broken.err
    assert all("set FLASK_APP" in said.err for said in (unnamed, misnamed, broken))


def test_an_application_that_takes_its_url_from_elsewhere(project: FlaskProject):
    project.write("app.py", SHOP.replace('environ["DATABASE_URL"]', 'environ["SHOP_DB"]'))
    project.make_chain(SHOP_DB=project.database)

    for url in (project.database, "sqlite:///shop.db"):
        said = project.run("release", "--schema-only", SHOP_DB=url)

        assert said.code == ExitCode.STOP
        assert "env.py opens another database" in said.err
        assert "let the application take SQLALCHEMY_DATABASE_URI from an environment variable" in said.err
    project.write("interlock.toml", '[project.environment]\nSHOP_DB = "{url}"\n')
    assert project.run("plan").code == ExitCode.CLEAR


BINDS = SHOP.replace(
    "    db.init_app", '    app.config["SQLALCHEMY_BINDS"] = {"users": os.environ["USERS_URL"]}\n    db.init_app'
) + dedent("""
    class User(db.Model):
        __bind_key__ = "users"
        id = db.Column(db.Integer, primary_key=True)
""")


def test_classes_of_another_bind_are_named_as_not_checked(project: FlaskProject):
    project.write("app.py", BINDS)
    project.make_chain(USERS_URL="sqlite://")

    said = project.run("release", "--schema-only", USERS_URL="sqlite://")

    assert said.code == ExitCode.CLEAR, said
    assert "app.User" in said.out


def test_a_chain_for_several_binds_is_refused(project: FlaskProject):
    project.write("app.py", BINDS)
    project.make_chain("--multidb", USERS_URL="sqlite:///users.db")

    said = project.run("release", "--schema-only", USERS_URL="sqlite:///users.db")

    assert said.code == ExitCode.STOP, said
    assert "env.py migrates several databases in one run" in said.err
    assert ask(project.database, TABLES) == []
