"""What runs in production: the server, the operator's commands, the startup script, the blueprint of the host."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

import psycopg
import pytest
import yaml
from alembic import command
from jsonschema import Draft202012Validator
from pwdlib import PasswordHash

from interlock.errors import ExitCode
from interlock.postgres.embedded import EmbeddedServer
from tests.acceptance.conftest import Interlock, Said, ask, execute
from tests.integration.control.conftest import chain

ROOT = Path(__file__).parents[2]
KEY = "a key that only the tests know, and long enough"
EMAIL = "operator@example.com"
PASSWORD = "a password that nobody guesses"


@dataclass
class Served:
    """A running server, and what it has said so far."""

    process: subprocess.Popen[bytes]
    port: int
    out: IO[bytes]
    err: IO[bytes]

    def get(self, path: str) -> int:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code

    def read(self, path: str, token: str) -> str:
        address = f"http://127.0.0.1:{self.port}{path}"
        request = urllib.request.Request(address, headers={"Authorization": f"Bearer {token}"})
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - our own
            return answer.read().decode()

    def sign_in(self) -> int:
        body = json.dumps({"email": EMAIL, "password": PASSWORD}).encode()
        address = f"http://127.0.0.1:{self.port}/api/v1/sign-in?token=never-logged"
        request = urllib.request.Request(address, body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - our own
            return answer.status

    def wait_until_alive(self) -> None:
        deadline = time.monotonic() + 40
        while time.monotonic() < deadline:
            try:
                if self.get("/livez") == 200:
                    return
            except OSError:
                time.sleep(0.1)
            if self.process.poll() is not None:
                break
        self.process.kill()
        pytest.fail(f"it did not come up: {self.wait()}")

    def stop(self) -> Said:
        self.process.send_signal(signal.SIGTERM)
        return self.wait()

    def wait(self, seconds: float = 30) -> Said:
        code = self.process.wait(seconds)
        said = [_read_all(output) for output in (self.out, self.err)]
        return Said(code, *said)


def _read_all(output: IO[bytes]) -> str:
    output.seek(0)
    return output.read().decode()


@contextmanager
def running(*words: str | Path, database: str, **environment: str) -> Iterator[Served]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    binaries = Path(sys.executable).parent
    with TemporaryFile() as out, TemporaryFile() as err:
        # Files, not pipes: nobody reads while it runs, and a full pipe would hold it up.
        process = subprocess.Popen(
            words,
            env={
                **{name: value for name, value in os.environ.items() if not name.startswith("INTERLOCK_")},
                "PATH": f"{binaries}{os.pathsep}{os.environ['PATH']}",
                "DATABASE_URL": database,
                "INTERLOCK_TOKEN_KEY": KEY,
                "PORT": str(port),
                **environment,
            },
            stdout=out,
            stderr=err,
            start_new_session=True,
        )
        try:
            yield Served(process, port, out, err)
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait(30)


@pytest.fixture(scope="module")
def released(server: EmbeddedServer) -> str:
    """A database at the head of the control plane's chain."""
    database = server.create_database("deployment").as_text()
    command.upgrade(chain(database), "head")
    return database


def test_the_operator_makes_and_finds_administrators_and_lets_them_in(interlock: Interlock, database: str):
    command.upgrade(chain(database), "head")
    first = interlock("admin", "create", EMAIL, "--if-none", database=database)
    second = interlock("admin", "create", "second@example.com", "--if-none", database=database)
    taken = interlock("admin", "create", EMAIL, database=database)
    reset = interlock("admin", "reset-password", EMAIL, database=database)
    listed = interlock("admin", "list", database=database)
    nobody = interlock("admin", "reset-password", "nobody@example.com", database=database)

    assert first.lines[0] == f"{EMAIL} administers the platform"
    assert first.lines[1].startswith("password: ")
    assert second.lines == ["somebody administers the platform already: nothing was done"]
    assert (taken.code, taken.lines[0]) == (ExitCode.STOP, f"error: there is a login {EMAIL} already")
    assert reset.lines[1].startswith("password: ")
    assert listed.lines == [f"{EMAIL}  Administrator"]
    assert (nobody.code, nobody.lines[0]) == (ExitCode.STOP, "error: there is no login nobody@example.com")
    actions = ask(database, "select action from audit_events where resource_type = 'user' order by occurred_at")
    assert actions == [("create",), ("change",)]


def test_the_demo_set_is_filled_in_once_and_never_among_real_organisations(interlock: Interlock, database: str):
    command.upgrade(chain(database), "head")

    first = interlock("seed", "demo", database=database)
    second = interlock("seed", "demo", database=database)
    created = "select count(*) from audit_events where resource_type = 'organisation' and action = 'create'"
    audited = ask(database, created)
    execute(database, "update organisations set key = 'a-real-one' where key = 'cobalt-energy'")
    refused = interlock("seed", "demo", database=database)

    told = "16 organisations with 286 users, 12 modules and 14 flags were filled in, with a year of use"
    assert first.lines == [told]
    assert second.lines == ["the demo set is there already: nothing was done"]
    assert audited == [(16,)]
    assert refused.code == ExitCode.STOP
    assert "organisations of its own, such as a-real-one" in refused.lines[0]


def test_the_demo_set_has_something_for_every_page_and_lets_nobody_in(interlock: Interlock, database: str):
    command.upgrade(chain(database), "head")
    interlock("seed", "demo", database=database)

    def among(statement: str) -> set[Any]:
        return {row[0] for row in ask(database, statement)}

    roles = among("select distinct role::text from users u join organisations o on o.id = u.organisation_id"
                  " where o.key <> 'platform'")  # fmt: skip
    assert roles == {"admin", "analyst", "viewer"}
    assert among("select distinct role::text from users") >= roles
    assert "super_admin" not in among("select distinct role::text from users")
    assert among("select expires_at < now() from invitations") == {True, False}
    assert among("select expires_at < now() from flag_overrides where expires_at is not null") == {True, False}
    assert among("select user_id is null from flag_overrides") == {True, False}
    assert among("select distinct status::text from feature_flags") == {"active", "inactive", "deprecated"}
    assert among("select distinct signal::text from releases") == {"CLEAR", "CAUTION", "STOP"}
    assert among("select distinct proof::text from endpoints") == {"proved", "locked", "unproved", "failed"}
    assert among("select count(distinct day) > 340 from flag_uses") == {True}
    assert among("select count(distinct date_trunc('week', occurred_at)) > 40 from audit_events") == {True}
    assert among("select count(*) from audit_events where occurred_at > now()") == {0}
    assert among("select count(*) from audit_events where actor_id is null") == {0}
    by_day = ask(
        database, "select sum(uses) filter (where extract(dow from day) in (0, 6)), sum(uses) from module_uses"
    )
    assert by_day[0][0] < by_day[0][1] / 10
    made = interlock("admin", "create", EMAIL, "--if-none", database=database)
    assert made.lines[0] == f"{EMAIL} administers the platform"


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_stop_lets_requests_finish_and_the_log_is_json_without_secrets(
    interlock: Interlock, released: str, workers: str
):
    interlock("admin", "create", EMAIL, "--if-none", database=released)
    let_in(released, EMAIL, PASSWORD)
    with running(sys.executable, "-m", "interlock", "serve", database=released, WEB_CONCURRENCY=workers) as served:
        served.wait_until_alive()
        with ThreadPoolExecutor(6) as people:
            waiting = [people.submit(served.sign_in) for _ in range(6)]
            time.sleep(0.05)
            began = time.monotonic()
            said = served.stop()
            seconds = time.monotonic() - began
        statuses = [each.result() for each in waiting if each.exception() is None]
        refused = [each.exception() for each in waiting if each.exception() is not None]

    assert said.code == ExitCode.CLEAR
    assert seconds < 10
    # One that had not been accepted yet is refused at once; none that was is cut off.
    assert set(statuses) == {200}
    assert all(isinstance(each, ConnectionRefusedError | urllib.error.URLError) for each in refused)
    lines = [json.loads(line) for line in said.out.splitlines()]
    answered = [line for line in lines if line["event"] == "answered" and line["path"] == "/api/v1/sign-in"]
    assert len(answered) == len(statuses)
    assert answered[0].keys() >= {"timestamp", "level", "method", "status", "milliseconds", "request_id", "address"}
    for secret in (PASSWORD, KEY, "never-logged"):
        assert secret not in said.out + said.err


def test_two_workers_tell_their_numbers_together(released: str):
    environment = {"WEB_CONCURRENCY": "2", "INTERLOCK_METRICS_TOKEN": "for metrics"}
    with running(sys.executable, "-m", "interlock", "serve", database=released, **environment) as served:
        served.wait_until_alive()
        with ThreadPoolExecutor(8) as people:
            assert set(people.map(served.get, ["/version"] * 40)) == {200}
        # Whichever of the two is asked.
        told = {served.read("/metrics", "for metrics") for _ in range(8)}

    counts = {re.search(r'interlock_requests_total\{[^}]*route="/version"[^}]*\} (\S+)', each)[1] for each in told}
    assert counts == {"40.0"}


def let_in(database: str, email: str, password: str) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        password_hash = PasswordHash.recommended().hash(password)
        connection.execute("update logins set password_hash = %s where email = %s", (password_hash, email))


def test_what_is_missing_in_the_environment_is_told_before_anything_starts(interlock: Interlock, database: str):
    without_key = interlock("serve", "--workers", "2", database=database)
    short_key = interlock("serve", database=database, INTERLOCK_TOKEN_KEY="short")

    assert without_key.code == short_key.code == ExitCode.USAGE
    assert without_key.lines[0] == "error: INTERLOCK_TOKEN_KEY is not set"
    assert short_key.lines[0] == "error: the token key is shorter than 32 bytes"


def startup(database: str, server: EmbeddedServer) -> dict[str, str]:
    return {
        "database": database,
        "INTERLOCK_RELEASE": "1",
        "INTERLOCK_PROJECT__CONFIG": "interlock:control/persistence/alembic.ini",
        "INTERLOCK_SCRATCH_URL": server.url().as_text(),
        "INTERLOCK_ADMIN_EMAIL": EMAIL,
        "INTERLOCK_ADMIN_PASSWORD": PASSWORD,
    }


def test_the_startup_script_releases_before_it_serves(server: EmbeddedServer, database: str, tmp_path: Path):
    settings = startup(database, server) | {"INTERLOCK_REPORT": str(tmp_path / "report")}
    with running("sh", ROOT / "render-startup.sh", **settings) as served:
        served.wait_until_alive()

        assert served.get("/readyz") == 200
        assert served.sign_in() == 200
        said = served.stop()

    assert "CLEAR" in said.out
    assert said.code == ExitCode.CLEAR


def test_the_startup_script_refuses_to_serve_after_a_stop(server: EmbeddedServer, database: str, tmp_path: Path):
    command.upgrade(chain(database), "head")
    execute(database, "alter table feature_flags drop column rollout")
    settings = startup(database, server) | {"INTERLOCK_REPORT": str(tmp_path / "report")}
    with running("sh", ROOT / "render-startup.sh", **settings) as served:
        said = served.wait(120)

    assert said.code == ExitCode.STOP
    assert "feature_flags.rollout" in said.out
    assert "refusing to serve" in said.err
    assert "answered" not in said.out
    assert PASSWORD not in said.out + said.err


def test_the_blueprint_is_what_render_takes():
    blueprint = yaml.safe_load((ROOT / "render.yaml").read_text())
    schema = json.loads(Path(__file__).with_name("render_blueprint.json").read_text())

    assert [each.message for each in Draft202012Validator(schema).iter_errors(blueprint)] == []
    [service], [database] = blueprint["services"], blueprint["databases"]
    variables = {each["key"]: each for each in service["envVars"]}
    assert service["healthCheckPath"] == "/readyz"
    assert "interlock release" in service["preDeployCommand"]
    assert service["autoDeployTrigger"] == "commit"
    assert variables["DATABASE_URL"]["fromDatabase"]["name"] == database["name"]
    assert not any("value" in each for key, each in variables.items() if key in {"DATABASE_URL", "INTERLOCK_TOKEN_KEY"})


def test_a_field_that_render_does_not_know_is_found():
    schema = json.loads(Path(__file__).with_name("render_blueprint.json").read_text())
    misspelt = {"services": [{"type": "web", "name": "a", "runtime": "docker", "healthcheckPath": "/readyz"}]}

    assert not Draft202012Validator(schema).is_valid(misspelt)
