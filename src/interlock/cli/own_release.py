"""The guard releases the control plane, and its first administrator is the one who is logged in."""

from pathlib import Path

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
from interlock.cli.request import blank_record
from interlock.control.persistence.provisioning import has_administrator, provision_first_administrator
from interlock.errors import ExitCode
from interlock.postgres.url import DatabaseUrl
from interlock.release.pipeline import release
from interlock.release.request import Request

EMAIL = "admin@example.com"


def release_control_plane(
    folder: Path, state: Path, url: DatabaseUrl, scratch_server: DatabaseUrl | None, api: Api
) -> tuple[ExitCode, Credentials | None]:
    """Release to a database, provision, prove, and show it; give the credentials where they are new."""
    known = _administrator(state, url)
    made: list[Credentials] = []

    def provision() -> None:
        if known and provision_first_administrator(url.as_text(), known.email, known.password):
            keep_credentials(state / "administrator.json", known)
            made.append(known)

    request = Request(
        url=url,
        project=control_plane_project(folder),
        scratch_server=scratch_server,
        application=application(api.url, known, api.build),
    )
    api.wait_until_alive()
    with report_folder(folder / "interlock-report") as reports:
        outcome = release(request, blank_record("release", "interlock control plane"), progress_here(), provision)
        code = show_outcome(outcome, reports)
    return code, made[0] if made else None


def _administrator(state: Path, url: DatabaseUrl) -> Credentials | None:
    """Who is to sign in: whom an earlier start kept, or somebody new; None where others have made one."""
    kept = read_credentials(state / "administrator.json")
    if kept or has_administrator(url.as_text()):
        return kept
    return Credentials(EMAIL, new_password())
