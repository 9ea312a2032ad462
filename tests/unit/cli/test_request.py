from pathlib import Path

import pytest

from interlock.cli.request import read_application, read_backup
from interlock.errors import InvalidSetting
from interlock.probes.identity import GivenToken, SignIn, TokenCommand
from interlock.release.backup import DumpInto, RunCommand
from interlock.settings import Settings


def settings(**parts) -> Settings:
    return Settings.model_validate({"application": {"url": "http://127.0.0.1"}, **parts})


def identity(**way):
    application = read_application(settings(identities={"ada": way}), Path())
    assert application is not None
    return application.identities[0].source


def test_without_an_application_there_is_nothing_to_ask():
    assert read_application(Settings.model_validate({}), Path()) is None


def test_a_token_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TOKEN", "t")

    assert identity(token_env="TOKEN") == GivenToken("TOKEN", "t")


def test_a_token_that_is_not_set_is_nobody():
    assert identity(token_env="NOT_SET") == GivenToken("NOT_SET", None)


def test_a_command_line_is_split_as_a_shell_would():
    assert identity(token_command="make 'a token'") == TokenCommand(("make", "a token"))


def test_a_sign_in_is_filled_from_the_environment_in_every_depth(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PASSWORD", "p")

    source = identity(sign_in={"path": "/in", "body": {"user": {"names": ["ada"], "secret": "x${PASSWORD}"}}})

    assert source == SignIn("/in", {"user": {"names": ["ada"], "secret": "xp"}})


def test_a_sign_in_may_be_a_form_whose_answer_is_a_cookie():
    source = identity(sign_in={"path": "/in", "token": False, "form": True})

    assert source == SignIn("/in", token_field=None, is_form=True)


def test_a_sign_in_whose_password_is_not_set_is_nobody():
    assert identity(sign_in={"path": "/in", "body": {"password": "${NOT_SET}"}}) == GivenToken("NOT_SET", None)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (200, {200}),
        ("4xx", set(range(400, 500))),
        ([401, 403], {401, 403}),
        ([200, "3xx"], {200, *range(300, 400)}),
    ],
)
def test_statuses_are_read(written: object, meant: set[int]):
    application = read_application(settings(probes=[{"path": "/", "expect": {"anonymous": written}}]), Path())

    assert application is not None
    assert application.probes[0].expect == {"anonymous": meant}


@pytest.mark.parametrize("written", [99, 600, "20x", "ok"])
def test_what_is_no_status_is_refused(written: object):
    with pytest.raises(InvalidSetting):
        read_application(settings(probes=[{"path": "/", "expect": {"anonymous": written}}]), Path())


HERE = Path("/srv/shop")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ({}, None),
        ({"folder": "backups"}, DumpInto(HERE / "backups")),
        ({"folder": "/var/backups"}, DumpInto(Path("/var/backups"))),
        ({"command": "./back_up.sh 'to there'"}, RunCommand(("./back_up.sh", "to there"), HERE)),
        ({"command": ["./back_up.sh", "to there"]}, RunCommand(("./back_up.sh", "to there"), HERE)),
    ],
)
def test_a_backup_is_made_in_one_way_or_not_at_all(written: dict[str, object], meant: object):
    assert read_backup(HERE, settings(backup=written)) == meant


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ({"folder": "a", "command": "b"}, "has both a folder and a command"),
        ({"command": ""}, "is empty"),
        ({"command": []}, "is empty"),
        ({"command": "hunter2 'open"}, "cannot be split"),
    ],
)
def test_a_backup_that_cannot_be_meant_is_refused(written: dict[str, object], told: str):
    with pytest.raises(InvalidSetting, match=told) as caught:
        read_backup(HERE, settings(backup=written))

    assert "hunter2" not in caught.value.problem + caught.value.remedy


def test_a_command_is_not_shown_where_it_is_printed():
    assert "hunter2" not in repr(read_backup(HERE, settings(backup={"command": "back_up --password hunter2"})))
