"""The guard releases the control plane, and its first administrator is the one who is logged in."""

from dataclasses import dataclass
from pathlib import Path

import typer
from sqlalchemy.exc import SQLAlchemyError

from interlock.cli.api import Api
from interlock.cli.control_plane import (
    Credentials,
    application,
    control_plane_project,
    keep_credentials,
    new_password,
    read_credentials,
)
from interlock.cli.present import progress_here, report_folder, show_outcome
from interlock.cli.recording import NotRecorded, Registrar
from interlock.cli.request import blank_record
from interlock.control.persistence.provisioning import has_administrator, provision_first_administrator
from interlock.errors import ExitCode
from interlock.postgres.url import DatabaseUrl
from interlock.release.pipeline import release
from interlock.release.request import Request

EMAIL = "admin@example.com"
CREDENTIALS = "administrator.json"


@dataclass(frozen=True, slots=True)
class Administrator:
    """Who is to sign in. Nobody is known where others have made the administrator of this database."""

    file: Path
    known: Credentials | None
    is_there: bool

    def provision(self, url: DatabaseUrl) -> None:
        """Make the administrator unless the database has one."""
        if self.is_there or self.known is None:
            return
        # Kept first: were we killed in between, nobody would know the password of an administrator who is there.
        keep_credentials(self.file, self.known)
        if not provision_first_administrator(url.as_text(), self.known.email, self.known.password):
            self.file.unlink()  # somebody else was quicker, with another password

    def how_to_sign_in(self) -> str:
        """The password is told once; later, where it is kept."""
        kept_in = f"{self.file.parent.name}/{self.file.name}"
        if self.known is None:
            return (
                "as the administrator whom this database has already; to have the admin pages proved\n"
                f'         at the next start, write {kept_in}: {{"email": "...", "password": "..."}}'
            )
        if self.is_there:
            return f"{self.known.email}, with the password in {kept_in}"
        return f"{self.known.email}, password {self.known.password}\n         (shown this once, kept in {kept_in})"


def release_control_plane(
    folder: Path, state: Path, report: Path, url: DatabaseUrl, scratch_server: DatabaseUrl | None, api: Api
) -> tuple[ExitCode, str]:
    """Release to a database, provision, prove, and show it; give the exit code and how to sign in."""
    administrator = _administrator(state / CREDENTIALS, url)
    request = Request(
        url=url,
        project=control_plane_project(folder),
        scratch_server=scratch_server,
        application=application(api.url, administrator.known, api.build),
    )
    with report_folder(report) as reports:
        outcome = release(
            request,
            blank_record("release", "interlock control plane"),
            progress_here(),
            arrive=api.wait_until_alive,
            deploy=lambda: administrator.provision(url),
        )
        code = show_outcome(outcome, reports)
        if code in (ExitCode.CLEAR, ExitCode.CAUTION) and administrator.known:
            _keep_on_record(api, administrator.known, reports)
        return code, administrator.how_to_sign_in()


def _keep_on_record(api: Api, known: Credentials, reports: Path) -> None:
    """Let the console show its own release. What is wrong with the record is no reason not to serve."""
    try:
        Registrar(api.url, known.email, known.password).record(reports)
    except NotRecorded as error:
        typer.echo(f"record   {error.problem}", err=True)


def _administrator(file: Path, url: DatabaseUrl) -> Administrator:
    kept = read_credentials(file)
    try:
        is_there = has_administrator(url.as_text())
    except SQLAlchemyError:  # a table of that name that is not ours: the release will say so
        is_there = False
    return Administrator(file, kept or (None if is_there else Credentials(EMAIL, new_password())), is_there)
