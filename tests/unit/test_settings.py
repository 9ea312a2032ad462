from pathlib import Path

import pytest

from interlock.errors import InvalidSetting
from interlock.settings import read_settings


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("DATABASE_URL", raising=False)


def test_a_file_of_its_own_counts_before_pyproject(tmp_path: Path):
    (tmp_path / "interlock.toml").write_text("lock_wait_seconds = 1")
    (tmp_path / "pyproject.toml").write_text("[tool.interlock]\nlock_wait_seconds = 2")

    assert read_settings(tmp_path, {}).lock_wait_seconds == 1


def test_pyproject_counts_where_there_is_no_file_of_its_own(tmp_path: Path):
    (tmp_path / "pyproject.toml").write_text("[tool.interlock]\nlock_wait_seconds = 2")

    assert read_settings(tmp_path, {}).lock_wait_seconds == 2


def test_the_environment_overrides_the_file_and_an_option_overrides_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "interlock.toml").write_text("lock_wait_seconds = 1")
    monkeypatch.setenv("INTERLOCK_LOCK_WAIT_SECONDS", "3")

    assert read_settings(tmp_path, {}).lock_wait_seconds == 3
    assert read_settings(tmp_path, {"lock_wait_seconds": 4}).lock_wait_seconds == 4
    assert read_settings(tmp_path, {"lock_wait_seconds": None}).lock_wait_seconds == 3


def test_one_part_of_a_section_can_come_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "interlock.toml").write_text('[application]\nurl = "http://one"\nopenapi = "/openapi.json"')
    monkeypatch.setenv("INTERLOCK_APPLICATION__URL", "http://two")

    application = read_settings(tmp_path, {}).application

    assert application is not None
    assert (application.url, application.openapi) == ("http://two", "/openapi.json")


def test_false_is_false_in_the_environment_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("INTERLOCK_PROJECT__MODELS", "false")

    assert read_settings(tmp_path, {}).project.models is False


def test_a_command_may_be_a_line_or_a_list_in_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("INTERLOCK_BACKUP__COMMAND", "./back_up.sh there")
    assert read_settings(tmp_path, {}).backup.command == "./back_up.sh there"

    monkeypatch.setenv("INTERLOCK_BACKUP__COMMAND", '["./back_up.sh", "there"]')
    assert read_settings(tmp_path, {}).backup.command == ("./back_up.sh", "there")


def test_the_database_is_named_by_the_variable_that_everybody_uses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://h/one")

    assert read_settings(tmp_path, {}).database_url == "postgresql://h/one"


def test_our_own_variable_counts_before_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://h/one")
    monkeypatch.setenv("INTERLOCK_DATABASE_URL", "postgresql://h/two")

    assert read_settings(tmp_path, {}).database_url == "postgresql://h/two"


@pytest.mark.parametrize(
    ("written", "named"),
    [
        ("lock_wait = 1", "lock_wait"),
        ('lock_wait_seconds = "soon"', "lock_wait_seconds"),
        ("[[probes]]\nmethod = 'GET'", "probes.0.path"),
        ("[project]\nmodels = true", "project.models"),
        ("[backup]\nfolder = ''", "backup.folder"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(tmp_path: Path, written: str, named: str):
    (tmp_path / "interlock.toml").write_text(written)

    with pytest.raises(InvalidSetting) as caught:
        read_settings(tmp_path, {})

    assert named in caught.value.problem


def test_the_value_of_a_wrong_setting_is_not_repeated(tmp_path: Path):
    (tmp_path / "interlock.toml").write_text('database_url = ["hunter2"]')

    with pytest.raises(InvalidSetting) as caught:
        read_settings(tmp_path, {})

    assert "hunter2" not in caught.value.problem + caught.value.remedy


def test_a_file_that_is_not_toml_is_told(tmp_path: Path):
    (tmp_path / "interlock.toml").write_text("[application")

    with pytest.raises(InvalidSetting, match="not valid TOML"):
        read_settings(tmp_path, {})
