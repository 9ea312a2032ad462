"""The incident, replayed: a release that everybody believed in, and what would have told them."""

import tempfile
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import typer

from interlock.chain.child import start_child
from interlock.cli.api import Api, new_build, run_api
from interlock.cli.control_plane import (
    ADMINISTRATOR,
    Credentials,
    application,
    control_plane_project,
    new_password,
)
from interlock.cli.present import print_text, progress_here, report_folder, show_outcome
from interlock.cli.request import blank_record
from interlock.control.persistence.provisioning import provision_first_administrator
from interlock.errors import ExitCode
from interlock.postgres.embedded import EmbeddedServer, free_port, run_throwaway_server
from interlock.postgres.session import open_session, read_identity
from interlock.postgres.url import DatabaseUrl
from interlock.postgres.version_table import find_version_table, write_revision
from interlock.probes.ask import ask
from interlock.probes.probe import ANONYMOUS, Asked, Probe
from interlock.release.pipeline import release
from interlock.release.request import Request
from interlock.release.restamp import restamp
from interlock.verdict.finding import Signal

REALLY_AT = "0005_organisation_modules"
PAGES = tuple(f"/api/v1/admin/{page}" for page in ("modules", "feature-flags", "dashboard/stats"))
EMAIL = "operator@example.com"


@dataclass(frozen=True, slots=True)
class Scene:
    """Production on the day of the incident: the application runs, the database claims head, and is not there."""

    server: EmbeddedServer
    url: DatabaseUrl
    administrator: Credentials
    api: Api

    def request(self, *, expected_build: str | None = None, is_token_withheld: bool = False) -> Request:
        """What the guard is asked to do here."""
        return Request(
            url=self.url,
            project=control_plane_project(Path.cwd()),
            scratch_server=self.server.url(),
            application=application(
                self.api.url,
                None if is_token_withheld else self.administrator,
                expected_build or self.api.build,
            ),
        )


@contextmanager
def production() -> Iterator[Scene]:
    """Set the scene, on a server and in a folder that are gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="interlock-demo-") as folder, run_throwaway_server() as server:
        url = server.create_database("production")
        administrator = Credentials(EMAIL, new_password())
        build_up_to(url, REALLY_AT)
        provision_first_administrator(url.as_text(), administrator.email, administrator.password)
        claim_head(url)
        with run_api(url, free_port(), Path(folder), new_build()) as api:
            api.wait_until_alive()
            yield Scene(server, url, administrator, api)


def build_up_to(url: DatabaseUrl, revision: str) -> None:
    """Run the chain's revisions up to one of them, as plain Alembic would."""
    with start_child(control_plane_project(Path.cwd())) as child, open_session(url) as session:
        child.connect(url, read_identity(session))
        for each in child.describe().revisions:
            child.upgrade(each.id)
            if each.id == revision:
                return


def claim_head(url: DatabaseUrl) -> None:
    """Let alembic_version say head, whatever the schema is: what `alembic stamp head` does."""
    with start_child(control_plane_project(Path.cwd())) as child, open_session(url) as session:
        child.connect(url, read_identity(session))
        write_revision(session, find_version_table(session, "alembic_version", None), child.describe().head)


def tell(reports: Path) -> ExitCode:
    """Tell the story; CLEAR where it ends as it has to."""
    typer.echo("setting the scene: a PostgreSQL server, a database and the application (some seconds)")
    with report_folder(reports), production() as scene:
        _say(
            "1. What the emergency script saw",
            "Production answers 500 on its admin pages. A script ran the migrations, looked whether one table was "
            "there, and asked the pages without logging in:",
        )
        _show(_ask_as_nobody(scene))
        _say(
            "",
            "401, 401, 401: no more 500s. It reported success. But the login check answers 401 before any query "
            "runs, so that says nothing about the pages. Here they are, for somebody who is logged in:",
        )
        _show(_ask_as_administrator(scene))
        _say(
            "2. What the guard says",
            "alembic_version claims head, so `alembic upgrade head` has nothing to do. Interlock compares the "
            "live schema with what the chain makes:",
        )
        first = release(scene.request(), blank_record("release", "production"), progress_here())
        print_text(first.record)
        _say("3. The remedy", "The guard has found the revision that the schema really is. interlock restamp:")
        _restamp(scene)
        _say("4. The release", "Now interlock release knows what is missing, and runs it:")
        second = release(scene.request(), blank_record("release", "production"), progress_here())
        code = show_outcome(second, reports)
        _say(
            "",
            "The same pages, the same administrator: 500 before, 200 after, and every table is proved. "
            "That is what CLEAR means.",
        )
        return code if first.record.verdict.signal is Signal.STOP else ExitCode.INTERNAL


def _ask_as_nobody(scene: Scene) -> Asked:
    refused = frozenset({401, 403})
    return ask(scene.api.url, [Probe(page, expect={ANONYMOUS: refused}) for page in PAGES])


def _ask_as_administrator(scene: Scene) -> Asked:
    success = frozenset(range(200, 300))
    probes = [Probe(page, expect={ADMINISTRATOR: success}) for page in PAGES]
    return ask(scene.api.url, probes, [scene.administrator.as_identity()])


def _restamp(scene: Scene) -> None:
    written = restamp(scene.request(), None, may_write=lambda _change: True, on_wait=lambda _holder: None)
    if written:
        # A line each, so that no terminal cuts a name in two.
        typer.echo(f"   alembic_version said {', '.join(written.before)};\n   it says {written.after} now.")


def _show(asked: Asked) -> None:
    for answer in asked.answers:
        typer.echo(f"   {answer.status or '---'}  {answer.probe:<40} as {answer.identity}")


def _say(title: str, text: str) -> None:
    if title:
        typer.secho(f"\n{title}\n", bold=True)
    else:
        typer.echo()
    width = min(typer.get_terminal_size()[0], 100)
    typer.echo(textwrap.fill(text, width, break_long_words=False, break_on_hyphens=False))
    typer.echo()
