"""The Flask application that Flask-Migrate runs env.py in. Runs in the child process, beside the project's code."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any


class NoFlaskApplication(Exception):
    """Flask does not find the application, or it cannot be loaded."""


@contextmanager
def application_context(env: Path, *, is_flask_migrate: bool) -> Iterator[None]:
    """Let env.py run where `flask db` would run it, if it needs that. Raises NoFlaskApplication."""
    if not (is_flask_migrate or _takes_it_for_granted(env)):
        yield
        return
    with _load_application().app_context():
        yield


def _takes_it_for_granted(env: Path) -> bool:
    """Whether an env.py works with the current application and does not make one the current one itself."""
    text = env.read_text(encoding="utf-8", errors="replace") if env.exists() else ""
    return "current_app" in text and "flask" in text and "app_context" not in text


@cache
def _load_application() -> Any:
    """Load the application as the command `flask` does."""
    # Flask is the project's, not ours.
    command_line, helpers = import_module("flask.cli"), import_module("flask.helpers")
    if helpers.get_load_dotenv():
        command_line.load_dotenv()
    try:
        return command_line.ScriptInfo(os.environ.get("FLASK_APP")).load_app()
    except command_line.NoAppException as error:
        first, *_, last = [*str(error).strip().splitlines(), ""]
        raise NoFlaskApplication(f"{first} {last}".strip()) from error
    except Exception as error:
        raise NoFlaskApplication(f"{type(error).__name__}: {error}") from error
