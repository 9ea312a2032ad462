"""interlock probe, on a real application and its settings."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from interlock.errors import ExitCode
from tests.acceptance.conftest import Interlock

TOKEN = "a-token-that-nobody-may-see"
PASSWORD = "a-password-that-nobody-may-see"


class Shop(BaseHTTPRequestHandler):
    """An application with a door: orders for those who have the token, a version for everybody."""

    def do_GET(self) -> None:
        if self.path == "/version":
            self.answer(200, {"build": "b7"})
        elif self.headers.get("Authorization") == f"Bearer {TOKEN}":
            self.answer(200, {"orders": []})
        else:
            self.answer(401, {"error": "who are you?"})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        right = body == {"user": "ada", "password": PASSWORD}
        self.answer(200, {"token": {"value": TOKEN}}) if right else self.answer(401, {"error": PASSWORD})

    def answer(self, status: int, body: dict) -> None:
        payload = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    def log_message(self, *_: object) -> None:
        """Say nothing: the tests read what the command says."""


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Shop) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def configure(tmp_path: Path, url: str):
    def write(identity: str, *, expected_build: str = "b7") -> None:
        (tmp_path / "interlock.toml").write_text(
            f'[application]\nurl = "{url}"\n[application.build]\nexpected = "{expected_build}"\n'
            f"[identities.ada]\n{identity}\n"
            '[[probes]]\npath = "/orders"\nexpect = {anonymous = 401, invalid = [401, 403], ada = "2xx"}\n'
        )

    return write


def test_a_token_from_the_environment_proves_the_page(configure, interlock: Interlock):
    configure('token_env = "SHOP_TOKEN"')

    said = interlock("probe", SHOP_TOKEN=TOKEN)

    assert said.code == ExitCode.CLEAR, said
    assert "proved" in said.out


def test_a_token_that_is_withheld_leaves_the_page_unproved(configure, interlock: Interlock):
    configure('token_env = "SHOP_TOKEN"')

    said = interlock("probe")

    assert said.code == ExitCode.CAUTION
    assert "SHOP_TOKEN" in said.out


def test_a_command_may_print_the_token(configure, interlock: Interlock):
    configure(f'token_command = "echo {TOKEN}"')

    assert interlock("probe").code == ExitCode.CLEAR


def test_a_sign_in_takes_its_password_from_the_environment(configure, interlock: Interlock):
    configure(
        'sign_in = {path = "/sign-in", body = {user = "ada", password = "${SHOP_PASSWORD}"}, token = "token.value"}'
    )

    assert interlock("probe", SHOP_PASSWORD=PASSWORD).code == ExitCode.CLEAR
    assert interlock("probe", SHOP_PASSWORD="wrong").code == ExitCode.STOP
    assert interlock("probe").code == ExitCode.CAUTION


def test_another_build_than_the_expected_one_is_stop(configure, interlock: Interlock):
    configure('token_env = "SHOP_TOKEN"', expected_build="b8")

    said = interlock("probe", SHOP_TOKEN=TOKEN)

    assert said.code == ExitCode.STOP
    assert "b7 instead of b8" in " ".join(said.out.split())


def test_the_environment_says_which_build_is_expected(configure, interlock: Interlock):
    configure('token_env = "SHOP_TOKEN"')

    said = interlock("probe", SHOP_TOKEN=TOKEN, INTERLOCK_APPLICATION__BUILD__EXPECTED="b9")

    assert said.code == ExitCode.STOP


def test_no_output_and_no_report_holds_the_token_or_the_password(configure, interlock: Interlock, tmp_path: Path):
    configure(
        'sign_in = {path = "/sign-in", body = {user = "ada", password = "${SHOP_PASSWORD}"}, token = "token.value"}'
    )

    said = interlock("--debug", "probe", SHOP_PASSWORD=PASSWORD)

    reports = "".join(file.read_text() for file in (tmp_path / "interlock-report").iterdir())
    assert TOKEN not in said.out + said.err + reports
    assert PASSWORD not in said.out + said.err + reports


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ("", "no application is described"),
        ("[[probes]]\npath = '/orders'\n", "no application to ask"),
        ("[application]\nurl = 'ftp://x'\n", "http://"),
        ("[application]\nurl = 'http://127.0.0.1'\n[identities.ada]\n", "exactly one"),
        (
            "[application]\nurl = 'http://127.0.0.1'\n[[probes]]\npath = '/orders'\nexpect = {ada = 200}\n",
            "[identities.ada]",
        ),
        (
            "[application]\nurl = 'http://127.0.0.1'\n[[probes]]\npath = '/orders'\nexpect = {anonymous = 'ok'}\n",
            "HTTP status",
        ),
    ],
    ids=["no application", "probes alone", "no web address", "no way to log in", "an unknown identity", "no status"],
)
def test_settings_that_cannot_be_meant_are_told(interlock: Interlock, tmp_path: Path, settings: str, told: str):
    (tmp_path / "interlock.toml").write_text(settings)

    said = interlock("probe")

    assert said.code != 0
    assert told in said.err
    assert len(said.lines) <= 3
