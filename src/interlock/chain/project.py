"""Where an Alembic project is, and how its env.py is told which database is meant."""

import importlib.util
import re
import tomllib
from collections.abc import Mapping, Sequence
from configparser import ParsingError, RawConfigParser
from dataclasses import dataclass, field
from pathlib import Path

from interlock.errors import ExitCode, InterlockError
from interlock.postgres.url import DatabaseUrl


class NoAlembicProject(InterlockError):
    """There is no Alembic project where one was looked for."""

    exit_code = ExitCode.USAGE

    def __init__(self, folder: Path) -> None:
        super().__init__(
            problem=f"no Alembic project in {folder}: neither alembic.ini (migrations/alembic.ini of Flask-Migrate) "
            "nor [tool.alembic] in pyproject.toml",
            remedy="run from the project's folder, or name it in interlock.toml: [project] config = ...",
        )


class SeveralProjects(InterlockError):
    """Several Alembic projects of Flask-Migrate are in a folder, and none has the usual name."""

    exit_code = ExitCode.USAGE

    def __init__(self, folder: Path, found: Sequence[str]) -> None:
        super().__init__(
            problem=f"several Alembic projects in {folder}: {', '.join(found)}",
            remedy=f'name the one that is meant in interlock.toml: [project] config = "{found[0]}"',
        )


class NoSuchFile(InterlockError):
    """A file that the settings name is not there."""

    exit_code = ExitCode.USAGE

    def __init__(self, setting: str, value: str) -> None:
        super().__init__(
            problem=f"the file that {setting} names is not there: {value}",
            remedy="correct the path; a file inside an installed package is written package:path/in/package",
        )


@dataclass(frozen=True, slots=True)
class Project:
    """An Alembic project as the operator describes it. Paths are absolute; `folder` is where its code runs.

    `environment` maps names of environment variables to templates; in them {url}, {user}, {password}, {host},
    {port} and {database} stand for the parts of the database URL. `models` and `foundation` name an attribute of a
    module, as `package.module:Base`: where the mapped classes are (None: where env.py says), and the tables that
    the chain takes for granted. `exclude_modules` are patterns of modules that are not imported to look for classes.
    `schema_file` is where the schema file is or would be (None: not to be used); whether
    the settings name it, or it is only where one is looked for. `is_flask_migrate`: the command `flask db` runs it.
    `baseline` is where the chain's baseline is, if it has one.
    """

    folder: Path
    config_file: Path | None
    toml_file: Path | None
    section: str = "alembic"
    script_location: str | None = None
    x_arguments: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=lambda: {"DATABASE_URL": "{url}"})
    models: str | None = None
    has_models: bool = True
    exclude_modules: tuple[str, ...] = ()
    foundation: str | None = None
    schema_file: Path | None = None
    is_schema_file_named: bool = False
    is_flask_migrate: bool = False
    baseline: Path = Path("baseline.json")

    @property
    def label(self) -> str:
        """What reports call it."""
        return self.folder.name or str(self.folder)


def find_project(
    folder: Path,
    *,
    config: str | None = None,
    section: str = "alembic",
    script_location: str | None = None,
    x_arguments: tuple[str, ...] = (),
    environment: Mapping[str, str] | None = None,
    models: str | bool | None = None,
    exclude_modules: tuple[str, ...] = (),
    foundation: str | None = None,
    schema_file: str | bool | None = None,
) -> Project:
    """Find the Alembic project in a folder as the `alembic` command would, or else as `flask db` would.

    Raises NoAlembicProject, SeveralProjects, NoSuchFile.
    """
    config_file, toml_file = _find_configuration(folder, config)
    if not (config_file or toml_file or script_location):
        config_file = _find_flask_migrate(folder)
    # What is installed is not the place to keep a file: the next version takes it away.
    is_packaged = bool(config and _is_in_package(config))
    beside = None if is_packaged else config_file or toml_file
    is_flask_migrate = bool(config_file and not script_location and _is_of_flask_migrate(config_file, section))
    if config_file and is_flask_migrate:
        script_location = str(config_file.parent)
    return Project(
        folder=folder,
        config_file=config_file,
        toml_file=toml_file,
        section=section,
        script_location=script_location,
        x_arguments=x_arguments,
        environment=environment or dict.fromkeys(_TOLD_BY_FLASK if is_flask_migrate else _TOLD, "{url}"),
        models=models if isinstance(models, str) else None,
        has_models=models is not False,
        exclude_modules=exclude_modules,
        foundation=foundation,
        schema_file=_place_of_schema_file(folder, beside, schema_file),
        is_schema_file_named=isinstance(schema_file, str),
        is_flask_migrate=is_flask_migrate,
        baseline=_folder_of_files(folder, beside) / BASELINE,
    )


SCHEMA_FILE = "schema.json"
BASELINE = "baseline.json"
_TOLD = ("DATABASE_URL",)
# What Flask-SQLAlchemy calls it; with the prefix, app.config.from_prefixed_env() reads it.
_TOLD_BY_FLASK = (*_TOLD, "SQLALCHEMY_DATABASE_URI", "FLASK_SQLALCHEMY_DATABASE_URI")


def _place_of_schema_file(folder: Path, config: Path | None, named: str | bool | None) -> Path | None:
    if named is False:
        return None
    return folder / named if isinstance(named, str) else _folder_of_files(folder, config) / SCHEMA_FILE


def _folder_of_files(folder: Path, config: Path | None) -> Path:
    return config.parent if config else folder


def fill_in(template: str, url: DatabaseUrl, text: str) -> str:
    """Write the parts of a database URL into a template; `text` is the URL as the project wants it spelt."""
    parts = {
        "url": text,
        "user": url.user,
        "password": url.password,
        "host": url.host,
        "port": str(url.port),
        "database": url.database,
    }
    # In one pass: a part may hold what looks like the name of another one.
    return re.sub("{(" + "|".join(parts) + ")}", lambda name: parts[name[1]], template)


def _find_configuration(folder: Path, named: str | None) -> tuple[Path | None, Path | None]:
    """The files that configure Alembic, an .ini and a .toml, as far as there are any. Raises NoSuchFile."""
    ini, toml = folder / "alembic.ini", folder / "pyproject.toml"
    config_file, toml_file = ini if ini.exists() else None, toml if _has_alembic(toml) else None
    if named:
        found = _locate(folder, named, "[project] config")
        return (None, found) if found.suffix == ".toml" else (found, toml_file)
    return config_file, toml_file


def _has_alembic(toml: Path) -> bool:
    if not toml.exists():
        return False
    try:
        return "alembic" in tomllib.loads(toml.read_text()).get("tool", {})
    except tomllib.TOMLDecodeError as error:
        raise InterlockError(f"{toml} is not valid TOML: {error}", "correct it and run again") from error


def _find_flask_migrate(folder: Path) -> Path:
    """Find what `flask db init` has made: in the folder migrations, unless the application names another one."""
    found = [ini for ini in sorted(folder.glob("*/alembic.ini")) if _is_of_flask_migrate(ini, "alembic")]
    usual = folder / "migrations" / "alembic.ini"
    if usual in found:
        return usual
    if len(found) > 1:
        raise SeveralProjects(folder, [str(ini.relative_to(folder)) for ini in found])
    if not found:
        raise NoAlembicProject(folder)
    return found[0]


def _is_of_flask_migrate(ini: Path, section: str) -> bool:
    """Whether a file of settings lies beside its env.py and leaves it to Flask-Migrate to say where that is."""
    if not (ini.parent / "env.py").exists():
        return False
    settings = RawConfigParser()
    try:
        settings.read(ini, encoding="utf-8")
    except (ParsingError, UnicodeDecodeError):
        return False  # Alembic says what is wrong with it
    return not settings.has_option(section, "script_location")


def _is_in_package(path: str) -> bool:
    """Whether it is written as package:path. A path of another system has a colon too."""
    return ":" in path and not Path(path).exists()


def _locate(folder: Path, path: str, setting: str) -> Path:
    """Find a file by its path, or by package:path for one that an installed package brings."""
    package, _, inside = path.partition(":")
    if _is_in_package(path):
        spec = importlib.util.find_spec(package)
        base = Path(spec.origin).parent if spec and spec.origin else None
        found = base / inside if base else None
    else:
        found = folder / path
    if found is None or not found.is_file():
        raise NoSuchFile(setting, path)
    return found
