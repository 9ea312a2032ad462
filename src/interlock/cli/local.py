"""The main job on one machine: a database, the control plane released to it by the guard, and the API."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import typer

from interlock.cli.control_plane import (
    Api,
    ApiDidNotStart,
    Credentials,
    application,
    control_plane_project,
    keep_credentials,
    new_build,
    new_password,
    read_credentials,
    require_free_port,
    run_api,
    write_privately,
)
from interlock.cli.present import progress_here, report_folder, show_outcome
from interlock.cli.request import blank_record
from interlock.control.persistence.provisioning import has_administrator, provision_first_administrator
from interlock.errors import ExitCode
from interlock.postgres.embedded import FolderNotWritable, run_server
from interlock.postgres.url import DatabaseUrl, parse_url
from interlock.release.pipeline import release
from interlock.release.request import Request

STATE = ".interlock"
EMAIL = "admin@example.com"


def bring_up(folder: Path, port: int) -> ExitCode:
    """Bring everything up, prove it, and serve until Ctrl-C. Refuses to serve on STOP."""
    require_free_port(port)
    state = _state_folder(folder / STATE)
    with _database(state) as (url, scratch_server), run_api(url, port, state, new_build()) as api:
        known = _administrator(state, url)
        request = Request(
            url=url,
            project=control_plane_project(folder),
            scratch_server=scratch_server,
            application=application(api.url, known, api.build),
        )
        is_new: list[Credentials] = []

        def provision() -> None:
            if known and provision_first_administrator(url.as_text(), known.email, known.password):
                keep_credentials(state / "administrator.json", known)
                is_new.append(known)

        with report_folder(folder / "interlock-report") as reports:
            outcome = release(request, blank_record("release", "interlock control plane"), progress_here(), provision)
            code = show_outcome(outcome, reports)
        if code not in (ExitCode.CLEAR, ExitCode.CAUTION):
            return code
        _say_how_to_sign_in(api, state, is_new)
        return _serve(api, state)


def _state_folder(folder: Path) -> Path:
    try:
        folder.mkdir(exist_ok=True)
        (folder / ".trial").touch()
        (folder / ".trial").unlink()
    except OSError as error:
        raise FolderNotWritable(folder, error.strerror or str(error)) from None
    return folder


@contextmanager
def _database(state: Path) -> Iterator[tuple[DatabaseUrl, DatabaseUrl | None]]:
    """Give the database to release to, and a server for scratch databases where it is ours."""
    named = os.environ.get("DATABASE_URL")
    if named:
        yield parse_url(named), None
        return
    with run_server(state / "postgres", is_durable=True) as server:
        url = server.create_database("interlock")
        # For `export DATABASE_URL=$(cat ...)`: the commands of the guard work on this database too.
        write_privately(state / "database-url", url.as_text())
        yield url, server.url()


def _administrator(state: Path, url: DatabaseUrl) -> Credentials | None:
    """Who is to sign in: whom an earlier start kept, or somebody new; None where others have made one."""
    kept = read_credentials(state / "administrator.json")
    if kept or has_administrator(url.as_text()):
        return kept
    return Credentials(EMAIL, new_password())


def _say_how_to_sign_in(api: Api, state: Path, is_new: list[Credentials]) -> None:
    typer.echo(f"\nserving {api.url}/api/v1/docs  (Ctrl-C stops it)")
    for credentials in is_new:
        typer.echo(f"sign in {credentials.email}  password {credentials.password}  (shown once;")
        typer.echo(f"        kept for the probes of the next start in {STATE}/{state.name and 'administrator.json'})")


def _serve(api: Api, state: Path) -> ExitCode:
    try:
        api.process.wait()
    except KeyboardInterrupt:
        typer.echo("\nstopping")
        return ExitCode.CLEAR
    raise ApiDidNotStart(state / "api.log", "it ended by itself")
