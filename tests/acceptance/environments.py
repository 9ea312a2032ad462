"""Virtual environments for projects from PyPI, made while other tests run, kept between runs."""

import fcntl
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]


@dataclass(frozen=True)
class Environment:
    """What is installed into one virtual environment: with all it needs, and without."""

    name: str
    packages: tuple[str, ...]
    alone: tuple[str, ...] = ()

    def script(self, folder: Path, command: str) -> Path:
        return folder / self.name / "bin" / command

    def make(self, folder: Path) -> None:
        """Make the environment unless an earlier run did. Of several processes, one does it and the others wait."""
        with (folder / f"{self.name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self._make(folder)

    def _make(self, folder: Path) -> None:
        done = folder / self.name / "made"
        wanted = f"{REPOSITORY} {self.packages} {self.alone}"
        if done.exists() and done.read_text() == wanted:
            return
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder / self.name], check=True)
        self._install(folder, "--editable", f"{REPOSITORY}[embedded]", *self.packages)
        for package in self.alone:
            self._install(folder, "--no-deps", package)
        done.write_text(wanted)

    def _install(self, folder: Path, *arguments: str) -> None:
        pip = [self.script(folder, "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, *arguments], check=True, capture_output=True, text=True, timeout=600)


# On what many older projects are held at.
OPTUNA = Environment("optuna", ("optuna==5.0.0", "sqlalchemy==1.4.54", "alembic<1.15", "psycopg2-binary"))
# MLflow's own wheel, with what its migrations need and without what its models train with (700 MB).
MLFLOW = Environment("mlflow", ("mlflow-skinny==3.17.2", "alembic", "sqlalchemy"), alone=("mlflow==3.17.2",))

FLASK = Environment(
    "flask", ("flask==3.1.3", "flask-sqlalchemy==3.1.1", "flask-migrate==4.1.0", "python-dotenv", "psycopg2-binary")
)


class Builder:
    """Makes environments one after the other in the background; a test that needs one waits for it."""

    def __init__(self, folder: Path, wanted: list[Environment]) -> None:
        self.folder = folder
        self._threads = {each.name: threading.Thread(target=self._make, args=[each], daemon=True) for each in wanted}
        self._failures: dict[str, Exception] = {}
        for thread in self._threads.values():
            thread.start()

    def script(self, environment: Environment, command: str) -> Path:
        """Wait for an environment, and give one of its commands."""
        self._threads[environment.name].join()
        if environment.name in self._failures:
            raise self._failures[environment.name]
        return environment.script(self.folder, command)

    def _make(self, environment: Environment) -> None:
        try:
            environment.make(self.folder)
        except (OSError, subprocess.SubprocessError) as error:
            self._failures[environment.name] = error
