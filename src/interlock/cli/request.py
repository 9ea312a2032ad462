"""From settings to what the guard is asked to do."""

import os
import re
import secrets
import shlex
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from interlock import __version__
from interlock.chain.project import Project, find_project
from interlock.errors import InvalidSetting
from interlock.hazards.acceptance import accepted_by_operator
from interlock.postgres.url import DatabaseUrl, InvalidDatabaseUrl, parse_url
from interlock.probes.build import BuildCheck
from interlock.probes.identity import GivenToken, Identity, SignIn, TokenCommand, TokenHeader
from interlock.probes.probe import Probe
from interlock.release.backup import BackupWay, DumpInto, RunCommand
from interlock.release.record import ReleaseRecord
from interlock.release.rehearse import Budget
from interlock.release.rehearse_rows import Sampling
from interlock.release.request import Application, Request
from interlock.schema.rules import Rule, Rules, Treatment
from interlock.settings import IdentitySettings, ProbeSettings, Settings, Statuses, read_settings
from interlock.verdict.judge import Verdict

_VARIABLE = re.compile(r"\$\{(\w+)\}")


def blank_record(command: str, project: str) -> ReleaseRecord:
    """A record that nothing is written in yet, but who, what and when."""
    began = datetime.now(UTC)
    return ReleaseRecord(
        id=f"{began:%Y%m%dT%H%M%S}-{secrets.token_hex(3)}",
        command=command,
        project=project,
        tool_version=__version__,
        began=began,
        seconds=0.0,
        verdict=Verdict(),
        timeline=(),
    )


def read_request(
    folder: Path,
    *,
    is_schema_only: bool = False,
    x_arguments: Sequence[str] | None = None,
    allowed_drops: Sequence[str] | None = None,
    accepted: Sequence[str] | None = None,
    **options: Any,
) -> tuple[Settings, Request]:
    """Read the settings of a folder and make the request that they describe. Raises InvalidSetting and its kin."""
    settings, project, scratch_server = read_project(folder, x_arguments=x_arguments, **options)
    return settings, Request(
        url=_target(settings),
        project=project,
        databases=frozenset(settings.project.databases),
        scratch_server=scratch_server,
        application=read_application(settings, folder),
        rules=_rules(settings),
        is_schema_only=is_schema_only,
        lock_wait_seconds=settings.lock_wait_seconds,
        allowed_drops=frozenset(allowed_drops or ()),
        sampling=_sampling(settings),
        backup=read_backup(folder, settings),
        budget=Budget(settings.rehearsal.budget_seconds, tuple(map(accepted_by_operator, accepted or ()))),
    )


def read_project(
    folder: Path, *, x_arguments: Sequence[str] | None = None, **options: Any
) -> tuple[Settings, Project, DatabaseUrl | None]:
    """Read what needs no target: the settings of a folder, its project, the scratch server. Raises as read_request."""
    settings = read_settings(folder, options)
    project = _project(folder, settings, tuple(x_arguments or settings.project.x_arguments))
    return settings, project, parse_url(settings.scratch_url) if settings.scratch_url else None


def spelt_as(settings: Settings) -> DatabaseUrl | None:
    """The target, of which only the driver counts here; None where there is none, or none that can be read."""
    with suppress(InvalidDatabaseUrl):
        return parse_url(settings.database_url) if settings.database_url else None
    return None


def read_application(settings: Settings, folder: Path) -> Application | None:
    """The application that the settings of a folder describe, None where they describe none."""
    wanted = settings.application
    if wanted is None:
        if settings.probes or settings.identities:
            raise InvalidSetting(
                "there are probes or identities, but no application to ask",
                'name its address: [application] url = "http://127.0.0.1:8000"',
            )
        return None
    identities = tuple(_identity(name, each) for name, each in settings.identities.items())
    known = {"anonymous", "invalid", *settings.identities}
    return Application(
        base_url=wanted.url,
        probes=tuple(_probe(each, known) for each in settings.probes),
        identities=identities,
        openapi=_openapi(wanted.openapi, folder),
        excluded=wanted.exclude,
        protected=wanted.protected,
        build=BuildCheck(wanted.build.path, wanted.build.field) if wanted.build else None,
        expected_build=wanted.build.expected if wanted.build else None,
        timeout_seconds=wanted.timeout_seconds,
    )


def _openapi(wanted: str | None, folder: Path) -> str | Mapping[str, Any] | None:
    """What begins with a slash is asked of the application; anything else is a file of the project."""
    if wanted is None or wanted.startswith("/"):
        return wanted
    from interlock.probes.document import read_document

    try:
        return read_document((folder / wanted).read_bytes(), wanted)
    except OSError as error:
        raise InvalidSetting(
            f"the OpenAPI document {wanted} cannot be read: {error.strerror}",
            "name a file of the project, or the path at which the application serves it, with a slash in front",
        ) from None


def _rules(settings: Settings) -> Rules:
    wanted = settings.comparison
    return Rules(
        wanted.schemas, tuple(Rule(each.pattern, Treatment(each.treat_as), each.reason) for each in wanted.objects)
    )


def _sampling(settings: Settings) -> Sampling:
    number = settings.rehearsal.rows.removeprefix("sample:")
    return Sampling(0 if number == "none" else int(number), frozenset(settings.rehearsal.mask))


def read_backup(folder: Path, settings: Settings) -> BackupWay | None:
    """How what a release drops is kept before, None where the settings do not say so."""
    wanted = settings.backup
    if wanted.folder is not None and wanted.command is not None:
        raise InvalidSetting(
            "[backup] has both a folder and a command, and a backup is made in one way", "take one of them out"
        )
    if wanted.folder is not None:
        return DumpInto((folder / wanted.folder).absolute())
    if wanted.command is None:
        return None
    return RunCommand(_words(wanted.command), folder.absolute())


def _words(command: str | tuple[str, ...]) -> tuple[str, ...]:
    """Read a command as a shell would split it. The line may hold a secret, so it is not repeated."""
    try:
        words = tuple(shlex.split(command)) if isinstance(command, str) else command
    except ValueError as error:
        raise InvalidSetting(
            f"the backup command cannot be split into words: {error}",
            "close its quotation marks, or give a list of words: [backup] command",
        ) from None
    if not words or not words[0]:
        raise InvalidSetting("the backup command is empty", "name the program and its arguments: [backup] command")
    return words


def _target(settings: Settings) -> DatabaseUrl:
    if not settings.database_url:
        raise InvalidSetting(
            "no database is named: DATABASE_URL is not set",
            "export DATABASE_URL=postgresql://user:password@host:5432/database",
        )
    return parse_url(settings.database_url)


def _project(folder: Path, settings: Settings, x_arguments: tuple[str, ...]) -> Project:
    wanted = settings.project
    return find_project(
        folder,
        config=wanted.config,
        section=wanted.section,
        script_location=wanted.script_location,
        x_arguments=x_arguments,
        environment=wanted.environment,
        models=wanted.models,
        exclude_modules=wanted.exclude_modules,
        foundation=wanted.foundation,
        schema_file=wanted.schema_file,
    )


def _identity(name: str, wanted: IdentitySettings) -> Identity:
    ways = [way for way in (wanted.token_env, wanted.token_command, wanted.sign_in) if way is not None]
    if len(ways) != 1:
        raise InvalidSetting(
            f"the identity {name} has {len(ways)} ways to be logged in, and needs exactly one",
            "give it one of token_env, token_command and sign_in",
        )
    return Identity(name, _source(wanted), TokenHeader(wanted.header, wanted.template))


def _source(wanted: IdentitySettings) -> GivenToken | TokenCommand | SignIn:
    if wanted.token_env is not None:
        return GivenToken(wanted.token_env, os.environ.get(wanted.token_env))
    if wanted.token_command is not None:
        command = wanted.token_command
        return TokenCommand.from_line(command) if isinstance(command, str) else TokenCommand(command)
    sign_in = wanted.sign_in
    assert sign_in is not None  # noqa: S101 - the caller counted the ways
    missing = sorted(name for name in _variables(sign_in.body) if name not in os.environ)
    if missing:
        # Nobody can be logged in: the endpoints stay unproved, which is for the verdict to say.
        return GivenToken(missing[0], None)
    return SignIn(
        sign_in.path, _filled(sign_in.body), sign_in.method, token_field=sign_in.token or None, is_form=sign_in.form
    )


def _variables(value: Any) -> set[str]:
    match value:
        case str():
            return set(_VARIABLE.findall(value))
        case Mapping():
            return {name for each in value.values() for name in _variables(each)}
        case list() | tuple():
            return {name for each in value for name in _variables(each)}
        case _:
            return set()


def _filled(value: Any) -> Any:
    match value:
        case str():
            return _VARIABLE.sub(lambda match: os.environ[match[1]], value)
        case Mapping():
            return {name: _filled(each) for name, each in value.items()}
        case list() | tuple():
            return [_filled(each) for each in value]
        case _:
            return value


def _probe(wanted: ProbeSettings, known: set[str]) -> Probe:
    for name in wanted.expect.keys() - known:
        raise InvalidSetting(
            f"the probe {wanted.method} {wanted.path} expects something of {name}, whom nobody described",
            f"describe that identity: [identities.{name}]",
        )
    expect = {name: _statuses(each) for name, each in wanted.expect.items()}
    return Probe(wanted.path, wanted.method.upper(), expect, body=wanted.body)


def _statuses(wanted: Statuses) -> frozenset[int]:
    """Read 200, "2xx" or a list of them."""
    if isinstance(wanted, tuple):
        return frozenset().union(*map(_statuses, wanted))
    if isinstance(wanted, int) and 100 <= wanted <= 599:
        return frozenset({wanted})
    if isinstance(wanted, str) and re.fullmatch(r"[1-5]xx", wanted):
        return frozenset(range(int(wanted[0]) * 100, int(wanted[0]) * 100 + 100))
    raise InvalidSetting(f"{wanted!r} is no HTTP status", 'write a status as 200, or a hundred of them as "2xx"')
