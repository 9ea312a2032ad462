"""What is said while the control plane is served on this machine."""

import subprocess
import sys
from pathlib import Path

import pytest

from interlock.cli.api import Api, ApiEnded
from interlock.cli.local import _serve


def test_a_server_that_ends_after_it_came_up_is_not_said_never_to_have_come_up(tmp_path: Path):
    process = subprocess.Popen([sys.executable, "-c", ""])
    api = Api(process, 1, "a-build", tmp_path / "api.log", frozenset())

    with pytest.raises(ApiEnded, match="has ended by itself") as ended:
        _serve(api, "somebody")

    assert str(api.log) in ended.value.remedy
