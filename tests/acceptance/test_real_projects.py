"""The schema half on projects that nobody here wrote, as their wheels bring them: MLflow, Optuna on SQLAlchemy 1.4."""

import subprocess
from pathlib import Path
from textwrap import dedent

import pytest

from interlock.errors import ExitCode
from tests.acceptance.conftest import Interlock, Said, ask, execute
from tests.acceptance.environments import MLFLOW, OPTUNA, Builder

OPTUNA_SETTINGS = """
[project]
config = "optuna:storages/_rdb/alembic.ini"
script_location = "optuna:storages/_rdb/alembic"
"""
MLFLOW_SETTINGS = """
[project]
script_location = "mlflow:store/db_migrations"
foundation = "mlflow.store.tracking.dbmodels.initial_models:Base"
"""


class Released:
    """A project from PyPI, run by the interlock of its own environment."""

    def __init__(self, interlock: Interlock, script: Path, folder: Path, database: str, settings: str) -> None:
        self._interlock, self._script, self._folder, self.database = interlock, script, folder, database
        self.set(settings)

    def set(self, settings: str) -> None:
        (self._folder / "interlock.toml").write_text(settings)

    def run(self, *arguments: str) -> Said:
        return self._interlock(*arguments, folder=self._folder, database=self.database, command=[self._script])

    def at(self) -> list[tuple]:
        return ask(self.database, "select version_num from alembic_version")


@pytest.fixture
def mlflow(builder: Builder, interlock: Interlock, tmp_path: Path, database: str) -> Released:
    return Released(interlock, builder.script(MLFLOW, "interlock"), tmp_path, database, MLFLOW_SETTINGS)


@pytest.fixture
def optuna(builder: Builder, interlock: Interlock, tmp_path: Path, database: str) -> Released:
    return Released(interlock, builder.script(OPTUNA, "interlock"), tmp_path, database, OPTUNA_SETTINGS)


@pytest.mark.environment(MLFLOW)
def test_mlflow_is_proved_from_empty_and_one_column_dropped_by_hand_is_stop(mlflow: Released):
    released = mlflow.run("release", "--schema-only")
    assert released.code == ExitCode.CLEAR, released
    assert "mapped classes can be selected" in released.out

    execute(mlflow.database, "alter table runs drop column deleted_time")
    damaged = mlflow.run("release", "--schema-only")

    assert damaged.code == ExitCode.STOP
    assert "column public.runs.deleted_time, by 0c779009ac13" in damaged.out.replace("\n", " ")


@pytest.mark.environment(MLFLOW)
def test_mlflow_is_proved_from_an_older_revision(mlflow: Released, builder: Builder):
    older = "cc1f77228345"
    _upgrade_mlflow_by_itself(builder, mlflow.database, older)
    assert mlflow.at() == [(older,)]

    said = mlflow.run("release", "--schema-only")

    assert said.code == ExitCode.CLEAR, said


@pytest.mark.environment(OPTUNA)
def test_optunas_chain_is_proved_from_empty_and_one_column_dropped_by_hand_is_stop(optuna: Released):
    optuna.set(OPTUNA_SETTINGS + "models = false\n")
    released = optuna.run("release", "--schema-only")
    assert released.code == ExitCode.CLEAR, released

    execute(optuna.database, "alter table trials drop column datetime_start")
    damaged = optuna.run("release", "--schema-only")

    assert damaged.code == ExitCode.STOP
    assert "column public.trials.datetime_start, by v0.9.0.a" in damaged.out.replace("\n", " ")


@pytest.mark.environment(OPTUNA)
def test_optunas_chain_is_proved_from_an_older_revision(optuna: Released, builder: Builder):
    optuna.set(OPTUNA_SETTINGS + "models = false\n")
    _upgrade_optuna_by_itself(builder, optuna.database, "v3.0.0.a")

    said = optuna.run("release", "--schema-only")

    assert said.code == ExitCode.CLEAR, said


@pytest.mark.environment(OPTUNA)
def test_what_optunas_chain_does_not_make_of_its_models_is_found(optuna: Released):
    # A real fault: Optuna makes this table, and a type with this label, by create_all when a storage is opened; a
    # database that its chain alone has built lacks them.
    said = optuna.run("release", "--schema-only")

    told = " ".join(said.out.split())
    assert said.code == ExitCode.STOP
    assert 'relation "trial_heartbeats" does not exist' in told
    assert "lacks 'WAITING' of TrialState" in told
    assert ask(optuna.database, "select table_name from information_schema.tables where table_schema = 'public'") == []


@pytest.mark.environment(OPTUNA)
def test_a_revision_that_would_fail_on_the_target_fails_before_it_is_touched(optuna: Released, builder: Builder):
    # From this revision plain `alembic upgrade head` fails on PostgreSQL: v2.4.0.a makes an enum type that is there.
    optuna.set(OPTUNA_SETTINGS + "models = false\n")
    _upgrade_optuna_by_itself(builder, optuna.database, "v1.3.0.a")

    said = optuna.run("release", "--schema-only")

    assert said.code == ExitCode.STOP
    assert 'type "studydirection" already exists' in said.err
    assert optuna.at() == [("v1.3.0.a",)]


@pytest.mark.environment(OPTUNA)
def test_a_deploy_image_with_the_guard_gets_no_web_framework(builder: Builder):
    found = subprocess.run(
        [builder.script(OPTUNA, "python"), "-m", "pip", "list", "--format=freeze"],
        check=True, capture_output=True, text=True,
    )  # fmt: skip

    packages = {line.partition("==")[0].lower() for line in found.stdout.splitlines()}
    assert "alembic" in packages
    assert packages & {"fastapi", "starlette", "flask", "django", "uvicorn", "granian", "jinja2", "werkzeug"} == set()


def _upgrade_mlflow_by_itself(builder: Builder, database: str, revision: str) -> None:
    _run_python(
        builder.script(MLFLOW, "python"),
        f"""
        import sqlalchemy as sa
        from alembic import command
        from mlflow.store.db.utils import _get_alembic_config
        from mlflow.store.tracking.dbmodels.initial_models import Base
        url = {_with_psycopg(database)!r}
        Base.metadata.create_all(sa.create_engine(url))
        command.upgrade(_get_alembic_config(url), {revision!r})
        """,
    )


def _upgrade_optuna_by_itself(builder: Builder, database: str, revision: str) -> None:
    _run_python(
        builder.script(OPTUNA, "python"),
        f"""
        from pathlib import Path
        import optuna.storages._rdb
        from alembic import command
        from alembic.config import Config
        folder = Path(optuna.storages._rdb.__file__).parent
        config = Config(folder / "alembic.ini")
        config.set_main_option("script_location", str(folder / "alembic"))
        config.set_main_option("sqlalchemy.url", {database!r})
        command.upgrade(config, {revision!r})
        """,
    )


def _with_psycopg(database: str) -> str:
    return database.replace("postgresql:", "postgresql+psycopg:", 1)


def _run_python(python: Path, code: str) -> None:
    subprocess.run([python, "-P", "-c", dedent(code)], check=True, capture_output=True, text=True)
