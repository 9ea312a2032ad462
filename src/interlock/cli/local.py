"""The main job on one machine: a database, the control plane released to it by the guard, and the API."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import typer

from interlock.cli.api import Api, ApiDidNotStart, new_build, require_free_port, run_api, write_privately
from interlock.errors import ExitCode
from interlock.postgres.embedded import FolderNotWritable, run_server
from interlock.postgres.url import DatabaseUrl, parse_url

STATE = ".interlock"


def bring_up(folder: Path, port: int) -> ExitCode:
    """Bring everything up, prove it, and serve until Ctrl-C. Refuses to serve on STOP."""
    require_free_port(port)
    state = _state_folder(folder / STATE)
    with _database(state) as (url, scratch_server), run_api(url, port, state, new_build()) as api:
        # Its import takes as long as the API needs to come up, so they do it at the same time.
        from interlock.cli.own_release import release_control_plane

        code, credentials = release_control_plane(folder, state, url, scratch_server, api)
        if code not in (ExitCode.CLEAR, ExitCode.CAUTION):
            return code
        typer.echo(f"\nserving {api.url}  (described in {api.url}/api/v1/openapi.json; Ctrl-C stops it)")
        if credentials:
            typer.echo(f"sign in {credentials.email}  password {credentials.password}  (shown this once)")
        return _serve(api)


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


def _serve(api: Api) -> ExitCode:
    try:
        api.process.wait()
    except KeyboardInterrupt:
        typer.echo("\nstopping")
        return ExitCode.CLEAR
    raise ApiDidNotStart(api.log, "it ended by itself")
