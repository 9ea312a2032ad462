"""What the commands say of themselves."""

from collections.abc import Iterator
from typing import Any

import typer

from interlock.cli import app


def texts_of(command: Any) -> Iterator[str]:
    """Every text of a command, and of those below it."""
    yield command.help or ""
    yield from (getattr(parameter, "help", None) or "" for parameter in command.params)
    for below in getattr(command, "commands", {}).values():
        yield from texts_of(below)


def test_nothing_in_a_help_text_is_taken_for_markup_and_left_out():
    texts = list(texts_of(typer.main.get_command(app)))

    assert len(texts) > 50
    assert [text for text in texts if "[" in text] == []
