"""How the worker sets Alembic up."""

from typing import Any

import pytest
from alembic.config import Config

from interlock.chain import worker

SETUP = {
    "config_file": None,
    "toml_file": None,
    "section": "alembic",
    "x_arguments": ["tenant=acme"],
    "script_location": "shop:migrations",
    "url": "postgresql://u:p%40@h/d",
}


def test_an_alembic_that_knows_no_pyproject_is_not_told_of_one(monkeypatch: pytest.MonkeyPatch):
    def as_before_1_16(file_: str | None, ini_section: str, cmd_opts: Any, stdout: Any) -> Config:
        return Config(file_=file_, ini_section=ini_section, cmd_opts=cmd_opts, stdout=stdout)

    monkeypatch.setattr(worker, "Config", as_before_1_16)

    config = worker.config_of(SETUP)

    assert config.get_main_option("sqlalchemy.url") == "postgresql://u:p%40@h/d"
    assert config.get_main_option("script_location") == "shop:migrations"


def test_env_py_finds_the_options_of_alembic_upgrade():
    options = worker.config_of(SETUP).cmd_opts

    assert options
    assert options.cmd[0].__name__ == "upgrade"
    assert (options.revision, options.sql, options.x) == ("heads", False, ["tenant=acme"])
