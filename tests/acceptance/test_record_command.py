"""interlock release --record, interlock record: a run of the guard on a project, on record at a real control plane."""

from pathlib import Path

import pytest
from fastapi import FastAPI

from interlock.errors import ExitCode
from tests.acceptance.conftest import Interlock
from tests.alembic_project import make_project
from tests.integration.control.conftest import (
    PASSWORD,
    Api,
    Member,
    People,
    api,
    password_hash,
    people,
    serve_app,
    served,
)

__all__ = ["api", "password_hash", "people", "served"]

SECRET = "INTERLOCK_RECORD__PASSWORD"


@pytest.fixture
def recorder(people: People) -> Member:
    return people.member("platform", "recorder")


def configure(folder: Path, url: str, email: str) -> None:
    (folder / "interlock.toml").write_text(f'[record]\nurl = "{url}"\nemail = "{email}"\nproject = "the shop"\n')


def test_a_release_is_on_record(
    interlock: Interlock, tmp_path: Path, api: Api, people: People, recorder: Member, database: str
):
    make_project(tmp_path)
    configure(tmp_path, str(api.client.base_url), recorder.email)

    said = interlock("release", "--schema-only", "--record", database=database, **{SECRET: PASSWORD})

    assert said.code == ExitCode.CLEAR, said
    on_record = api.get("/api/v1/admin/releases", people.super_admin()).json()["items"]
    assert [(each["summary"]["project"], each["summary"]["signal"]) for each in on_record] == [("the shop", "CLEAR")]
    assert PASSWORD not in said.out + said.err


def test_a_control_plane_that_is_away_takes_nothing_from_the_verdict_and_the_run_can_be_recorded_later(
    interlock: Interlock, tmp_path: Path, api: Api, people: People, recorder: Member, database: str
):
    make_project(tmp_path)
    configure(tmp_path, "http://127.0.0.1:9", recorder.email)

    said = interlock("release", "--schema-only", "--record", database=database, **{SECRET: PASSWORD})

    assert said.code == ExitCode.CLEAR
    assert "the run is not on record: http://127.0.0.1:9" in said.err
    assert "interlock record" in said.err
    configure(tmp_path, str(api.client.base_url), recorder.email)
    later = interlock("record", **{SECRET: PASSWORD})
    assert later.code == ExitCode.CLEAR, later
    assert people.sql("select count(*) from releases") == [(1,)]


@pytest.mark.parametrize(
    ("written", "environment", "told"),
    [
        ("", {}, "no control plane is named"),
        ('[record]\nurl = "http://127.0.0.1:9"\nemail = "a@b.example"\n', {}, "the password of a@b.example"),
        ('[record]\nurl = "ftp://a"\nemail = "a@b.example"\n', {SECRET: "x"}, "record.url"),
    ],
)
def test_what_is_missing_is_said_before_anything_is_touched(
    interlock: Interlock, tmp_path: Path, database: str, written: str, environment: dict[str, str], told: str
):
    make_project(tmp_path)
    (tmp_path / "interlock.toml").write_text(written)

    said = interlock("release", "--schema-only", "--record", database=database, **environment)

    assert said.code == ExitCode.USAGE
    assert told in said.err
    assert not (tmp_path / "interlock-report").exists()


def test_a_wrong_password_is_told_and_not_shown(interlock: Interlock, tmp_path: Path, api: Api, recorder: Member):
    reports = tmp_path / "interlock-report"
    reports.mkdir()
    (reports / "report.json").write_text('{"project": "shop", "id": "one"}')
    (reports / "report.html").write_text("<!doctype html>")
    configure(tmp_path, str(api.client.base_url), recorder.email)

    said = interlock("record", **{SECRET: "not-the-password"})

    assert said.code == ExitCode.STOP
    assert "401 Unauthorized: this e-mail address and password do not belong to an active user" in said.err
    assert "not-the-password" not in said.out + said.err


def test_a_run_that_was_interrupted_ends_at_once_and_can_be_recorded_later(
    interlock: Interlock, tmp_path: Path, api: Api, people: People, recorder: Member, database: str
):
    interrupts = "import os, signal, time; os.kill(os.getppid(), signal.SIGINT); time.sleep(20)"
    make_project(tmp_path, {"r1": interrupts})
    configure(tmp_path, str(api.client.base_url), recorder.email)

    said = interlock("release", "--schema-only", "--record", database=database, **{SECRET: PASSWORD})

    assert said.code == ExitCode.INTERRUPTED, said
    assert "the run is not on record: it was interrupted" in said.err
    assert people.sql("select count(*) from releases") == [(0,)]
    assert interlock("record", **{SECRET: PASSWORD}).code == ExitCode.CLEAR
    assert people.sql("select signal from releases") == [("STOP",)]


def test_an_answer_that_does_not_confirm_the_run_is_not_taken_for_one(
    interlock: Interlock, tmp_path: Path, recorder: Member
):
    """Something that answers 200 to everything: a parking page, a proxy, another application."""
    reports = tmp_path / "interlock-report"
    reports.mkdir()
    (reports / "report.json").write_text('{"project": "shop", "id": "one"}')
    (reports / "report.html").write_text("<!doctype html>")
    app = FastAPI()

    @app.post("/{path:path}")
    def answer_anything(path: str) -> dict[str, str]:
        return {"access_token": path, "id": "one", "status": "ok"}

    with serve_app(app) as anything:
        configure(tmp_path, str(anything.client.base_url), recorder.email)
        said = interlock("record", **{SECRET: PASSWORD})

    assert said.code == ExitCode.STOP
    assert "does not confirm the run" in said.err


def test_a_folder_without_reports_is_said(interlock: Interlock, tmp_path: Path, api: Api, recorder: Member):
    configure(tmp_path, str(api.client.base_url), recorder.email)

    said = interlock("record", "nowhere", **{SECRET: PASSWORD})

    assert said.code == ExitCode.USAGE
    assert "there are no reports of a run in nowhere" in said.err
