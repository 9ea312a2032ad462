"""The guard's settings: options over environment over file, read once at the edge into one frozen value."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from interlock.errors import InvalidSetting

FILE = "interlock.toml"

# What has no default, and how to come by it.
REQUIRED_VARIABLES = MappingProxyType(
    {
        "DATABASE_URL": "set it, such as postgresql://user@host:5432/name",
        "INTERLOCK_TOKEN_KEY": "make one with: openssl rand -base64 48",
    }
)

Statuses = int | str | tuple[int | str, ...]


class _Section(BaseModel):
    # An unknown key is an error: a misspelt setting that is passed over is a check that does not run.
    model_config = ConfigDict(frozen=True, extra="forbid")


def _as_false(value: object) -> object:
    """In the environment everything is text."""
    return False if isinstance(value, str) and value.lower() == "false" else value


class ProjectSettings(_Section):
    """The Alembic project."""

    databases: tuple[Annotated[str, Field(pattern=r"^[0-9]+/.+$")], ...] = ()
    config: str | None = None
    section: str = "alembic"
    script_location: str | None = None
    x_arguments: tuple[str, ...] = ()
    environment: Mapping[str, str] | None = None
    models: Annotated[str | Literal[False] | None, BeforeValidator(_as_false)] = None
    exclude_modules: tuple[str, ...] = ()
    foundation: str | None = None
    schema_file: Annotated[str | Literal[False] | None, BeforeValidator(_as_false)] = None


class ObjectSettings(_Section):
    """How the differences of some objects are treated, and why. The pattern is one of a shell."""

    pattern: str
    treat_as: Literal["ignored", "caution", "stop"]
    reason: str = Field(min_length=1)


class ComparisonSettings(_Section):
    """What of the schema is compared, and how what differs is treated."""

    schemas: tuple[str, ...] = ()
    objects: tuple[ObjectSettings, ...] = ()


class RehearsalSettings(_Section):
    """What a release may ask of the people who use the database."""

    budget_seconds: float = Field(default=1.0, ge=0)
    rows: str = Field(default="none", pattern=r"^(none|sample:[1-9][0-9]{0,5})$")
    mask: tuple[str, ...] = ()


class BackupSettings(_Section):
    """How what a release drops is kept before: by at most one of the two ways."""

    folder: str | None = Field(default=None, min_length=1)
    command: str | tuple[str, ...] | None = None


class BuildSettings(_Section):
    """Where the application says which build it is, and which one has to answer."""

    path: str = "/version"
    field: str = "build"
    expected: str | None = None


class ApplicationSettings(_Section):
    """The running application."""

    url: str
    openapi: str | None = None
    exclude: tuple[str, ...] = ()
    protected: tuple[str, ...] = ()
    timeout_seconds: float = Field(default=10.0, gt=0)
    build: BuildSettings | None = None


class SignInSettings(_Section):
    """A sign-in request. In its body, ${NAME} stands for an environment variable.

    `token` is where the answer has the token, false where its cookies are the credential; `form` sends the body as
    an HTML form does, as OAuth 2 wants it.
    """

    path: str
    method: str = "POST"
    body: Mapping[str, Any] = {}
    token: Annotated[str | Literal[False], BeforeValidator(_as_false)] = "access_token"  # noqa: S105 - the name of a field
    form: bool = False


class IdentitySettings(_Section):
    """Somebody to be logged in as: by exactly one of the three ways."""

    token_env: str | None = None
    token_command: str | tuple[str, ...] | None = None
    sign_in: SignInSettings | None = None
    header: str = "Authorization"
    template: str = "Bearer {token}"


class ProbeSettings(_Section):
    """One request, and the statuses that each identity may get: 200, "2xx", or a list of them."""

    path: str
    method: str = "GET"
    expect: Mapping[str, Statuses] = {}
    body: Any = None


class RecordSettings(_Section):
    """The control plane that runs are put on record at, and who does that; `project` names what is released."""

    url: str = Field(pattern=r"^https?://")
    email: str
    password: str | None = Field(default=None, repr=False)
    project: str | None = Field(default=None, min_length=1, max_length=200)


class Settings(BaseSettings):
    """Everything that the guard can be told."""

    model_config = SettingsConfigDict(
        frozen=True, extra="forbid", env_prefix="INTERLOCK_", env_nested_delimiter="__", populate_by_name=True
    )

    database_url: str | None = Field(
        default=None,
        repr=False,
        # Names are compared without their case: the second is DATABASE_URL of the environment too.
        validation_alias=AliasChoices("INTERLOCK_DATABASE_URL", "database_url"),
    )
    scratch_url: str | None = Field(default=None, repr=False)
    project: ProjectSettings = ProjectSettings()
    comparison: ComparisonSettings = ComparisonSettings()
    rehearsal: RehearsalSettings = RehearsalSettings()
    backup: BackupSettings = BackupSettings()
    application: ApplicationSettings | None = None
    identities: Mapping[str, IdentitySettings] = {}
    probes: tuple[ProbeSettings, ...] = ()
    lock_wait_seconds: float = Field(default=600.0, ge=0)
    record: RecordSettings | None = None
    report_folder: Path = Path("interlock-report")


def required_variable(environment: Mapping[str, str], name: str) -> str:
    """Read what the control plane cannot do without. Raises InvalidSetting, which says how to come by it."""
    value = environment.get(name)
    if not value:
        raise InvalidSetting(problem=f"{name} is not set", remedy=REQUIRED_VARIABLES[name])
    return value


def read_settings(folder: Path, options: Mapping[str, Any]) -> Settings:
    """Read the settings of a project folder; options left at None do not count.

    Raises InvalidSetting, which names the setting that is wrong and never its value.
    """
    file, written = _read_file(folder)

    class Here(Settings):
        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the base class has it
            file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the base class has it
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            return init_settings, env_settings, InitSettingsSource(settings_cls, written)

    try:
        return Here(**{name: value for name, value in options.items() if value is not None})
    except (ValidationError, SettingsError) as error:
        raise _invalid(error, file) from None


def _read_file(folder: Path) -> tuple[Path, dict[str, Any]]:
    """Read interlock.toml, or else the table [tool.interlock] of pyproject.toml."""
    own, shared = folder / FILE, folder / "pyproject.toml"
    if own.exists():
        return own, _parse(own)
    if shared.exists():
        return shared, _parse(shared).get("tool", {}).get("interlock", {})
    return own, {}


def _parse(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidSetting(f"{file} is not valid TOML: {error}", "correct it and run again") from None
    except OSError as error:
        raise InvalidSetting(f"{file} cannot be read: {error.strerror}", "make it readable") from None


def _invalid(error: ValidationError | SettingsError, file: Path) -> InvalidSetting:
    remedy = f"correct it in {file.name}, in the environment or among the options (docs/reference/settings.md)"
    if isinstance(error, SettingsError):
        return InvalidSetting("an environment variable INTERLOCK_... does not hold valid JSON", remedy)
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    return InvalidSetting(f"the setting {where} cannot be used: {first['msg'].lower()}", remedy)
