"""Real projects from PyPI, each in a virtual environment of its own, and the databases that their chains build."""

import hashlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.majors import OLDER, install

from bench.drift.databases import Databases, dump
from interlock.postgres.embedded import run_throwaway_server
from interlock.postgres.url import DatabaseUrl

REPOSITORY = Path(__file__).parents[2]
CACHE = REPOSITORY / "bench" / ".cache"
CHAINS = Path(__file__).parent / "chains"
EVERY_KIND = REPOSITORY / "tests" / "every_kind.sql"
PEERS = ("@supabase/pg-delta@1.0.0-alpha.34", "@pgkit/migra@0.6.1")


@dataclass(frozen=True)
class Project:
    """One project: what is installed, with all it needs and without, and how its chain is run."""

    name: str
    packages: tuple[str, ...] = ()
    alone: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)
    # What CREATE DATABASE ... TEMPLATE does not copy.
    after_copy: str = ""
    # What tells the chain to do without what only the newest major has; without it, there is no such thing in it.
    for_older_majors: dict[str, str] = field(default_factory=dict)

    @property
    def python(self) -> Path:
        """The interpreter of its environment; ours, where it needs nothing."""
        return CACHE / "environments" / self.name / "bin" / "python" if self.packages else Path(sys.executable)

    @property
    def template(self) -> str:
        """The database that its chain built."""
        return self.name

    @property
    def reference_of_upgraded(self) -> str:
        """The database that its chain built, as far as it runs on every major."""
        return f"{self.name}_older" if self.for_older_majors else self.name

    def environment_for(self, database: str) -> dict[str, str]:
        """What the chain of a database is told: one that was built on an older major has a shorter one."""
        return self.for_older_majors if database == f"{self.name}_older" else {}

    def install(self) -> None:
        """Make its environment, unless an earlier run did."""
        if not self.packages:
            return
        folder = CACHE / "environments" / self.name
        wanted = json.dumps([self.packages, self.alone])
        if (folder / "made").exists() and (folder / "made").read_text() == wanted:
            return
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        self._pip(*self.packages)
        if self.alone:
            self._pip("--no-deps", *self.alone)
        (folder / "made").write_text(wanted)

    def run(self, function: str, url: DatabaseUrl, **environment: str) -> "subprocess.CompletedProcess[str]":
        """Run `upgrade` or `check` in its environment."""
        return subprocess.run(
            [str(self.python), "-P", str(CHAINS / "run.py"), self.name, function, with_driver(url)],
            cwd=home(),
            env=self.environment_of_child(environment),
            capture_output=True,
            text=True,
            check=False,
        )

    def environment_of_child(self, more: dict[str, str]) -> dict[str, str]:
        """What its commands see: nothing of ours, and a home of their own."""
        folder = str(home())
        places = {"HOME": folder, "AIRFLOW_HOME": f"{folder}/airflow", "PREFECT_HOME": f"{folder}/prefect"}
        return {"PATH": os.environ["PATH"], "PYTHONWARNINGS": "ignore", **places, **self.environment, **more}

    def build(self, url: DatabaseUrl, **environment: str) -> None:
        """Run the chain on an empty database."""
        done = self.run("upgrade", url, **environment)
        if done.returncode:
            raise SystemExit(f"the chain of {self.name} does not run:\n{done.stdout[-2000:]}{done.stderr[-4000:]}")

    def _pip(self, *arguments: str) -> None:
        pip = [str(self.python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, *arguments], check=True, capture_output=True, text=True)


def _subscription() -> str:
    """Make again what belongs to the original alone, whose comment the copy has all the same."""
    found = re.findall(r"(?ms)^(?:create subscription|comment on subscription).*?;$", EVERY_KIND.read_text())
    return "\n".join(["delete from pg_description where classoid = 'pg_subscription'::regclass;", *found])


# Its migrations need none of what its models train with (700 MB).
MLFLOW = ("mlflow-skinny==3.17.2", "alembic==1.20.1", "sqlalchemy==2.1.9", "psycopg2-binary==2.9.13")
# The one that takes longest comes first.
PROJECTS = (
    Project("synthetic", after_copy=_subscription(), for_older_majors={"SYNTHETIC_OLDER": "1"}),
    Project("mlflow", MLFLOW, alone=("mlflow==3.17.2",), environment={"MLFLOW_DISABLE_TELEMETRY": "true"}),
    Project("airflow", ("apache-airflow==3.3.2", "psycopg2-binary==2.9.13", "asyncpg")),
    # Of later versions its cache wants an argument that Superset does not take.
    Project("superset", ("apache-superset==6.1.0", "flask-caching<2.4", "psycopg2-binary==2.9.13")),
    Project("prefect", ("prefect==3.9.1", "psycopg2-binary==2.9.13")),
    Project("optuna", ("optuna==5.0.0", "psycopg2-binary==2.9.13")),
)


def with_driver(url: DatabaseUrl) -> str:
    """The URL as SQLAlchemy of every age understands it."""
    return url.as_text().replace("postgresql:", "postgresql+psycopg2:", 1)


def home() -> Path:
    """Where projects may write."""
    folder = CACHE / "home"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def install_peers() -> Path:
    """Install the peers from npm, unless an earlier run did, and give the folder of their commands."""
    folder = CACHE / "peers"
    made = folder / "made"
    if not made.exists() or made.read_text() != " ".join(PEERS):
        folder.mkdir(parents=True, exist_ok=True)
        npm_install(folder, *PEERS)
        made.write_text(" ".join(PEERS))
    return folder / "node_modules" / ".bin"


def npm_install(folder: Path, *packages: str) -> None:
    """Install packages into one folder."""
    subprocess.run(
        ["npm", "install", "--silent", "--no-save", "--prefix", str(folder), *packages],
        check=True,
        stderr=subprocess.DEVNULL,
    )


def build_templates(projects: tuple[Project, ...], databases: Databases, tell: Callable[[str], None]) -> None:
    """Build each chain on the newest major, unless an earlier run did."""
    for project in projects:
        for name in dict.fromkeys([project.template, project.reference_of_upgraded]):
            if name in databases and _is_built(databases, name, project):
                continue
            tell(f"building {name}")
            project.build(databases.make(name), **project.environment_for(name))
            _mark_built(databases, name, project)


def dumps_of_older_majors(projects: tuple[Project, ...], tell: Callable[[str], None]) -> dict[tuple[str, int], str]:
    """Build each chain on each older major, unless an earlier run did, and give the dumps."""
    folder = CACHE / "dumps"
    folder.mkdir(parents=True, exist_ok=True)
    files = {
        (each.name, major): folder / f"{each.name}-{major}-{_key(each)}.sql" for each in projects for major in OLDER
    }
    for major in OLDER:
        missing = [each for each in projects if not files[each.name, major].exists()]
        if not missing:
            continue
        with run_throwaway_server(install(OLDER[major])) as server:
            databases = Databases(server, Path())
            databases.make_roles()
            for project in missing:
                tell(f"building {project.name} on {major}")
                url = databases.make(project.name)
                project.build(url, **project.for_older_majors)
                files[project.name, major].write_text(dump(url))
    return {key: file.read_text() for key, file in files.items()}


def _key(project: Project) -> str:
    """What a chain builds depends on, as one word."""
    parts = [*project.packages, *project.alone, (CHAINS / f"{project.name}.py").read_text()]
    if not project.packages:
        parts += [file.read_text() for file in sorted(EVERY_KIND.parent.glob("every_kind*.sql"))]
        parts += [file.read_text() for file in sorted((CHAINS.parent / "synthetic").rglob("*.py"))]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]


def _is_built(databases: Databases, name: str, project: Project) -> bool:
    mark = databases.folder / f"built-{name}"
    return mark.exists() and mark.read_text() == _key(project)


def _mark_built(databases: Databases, name: str, project: Project) -> None:
    (databases.folder / f"built-{name}").write_text(_key(project))
