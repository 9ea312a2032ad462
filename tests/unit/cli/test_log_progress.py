"""What a log says while something takes long."""

import time
from io import StringIO

import pytest
from rich.console import Console

from interlock.cli import present
from interlock.verdict.finding import Check


def test_a_log_says_now_and_then_what_goes_on_however_often_that_changes(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(present, "LONG_SECONDS", 0.3)
    log = StringIO()
    progress = present.LogProgress(Console(file=log))

    progress.began(Check.APPLY)
    for number in range(10):
        progress.tells(f"attempt [{number}]")
        time.sleep(0.1)

    lines = log.getvalue().splitlines()
    assert 2 <= len(lines) <= 4
    assert all(line.startswith("apply: attempt [") for line in lines)
