"""How long the things take that a person waits for: python bench/start.py

Prints seconds, the median of several runs, and beside each the same by a named peer where there is one:
`alembic check`, which compares the models with the live schema and needs no scratch server for that.
"""

import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from interlock.cli.control_plane import control_plane_project
from interlock.postgres.embedded import free_port, run_throwaway_server

RUNS = 5
ALEMBIC_INI = control_plane_project(Path.cwd()).config_file


def main() -> None:
    """Measure, and print one line each."""
    with tempfile.TemporaryDirectory() as folder, run_throwaway_server() as server:
        settings = Path(folder) / "interlock.toml"
        settings.write_text('[project]\nconfig = "interlock:control/persistence/alembic.ini"\n')
        url = server.create_database("bench").as_text()
        environment = {**os.environ, "DATABASE_URL": url, "PYTHONWARNINGS": "ignore"}
        interlock = [sys.executable, "-m", "interlock"]

        def run(*command: str) -> None:
            subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)

        run(*interlock, "release", "--schema-only")
        bare = measured(lambda: run(sys.executable, "-c", "pass"))
        show("python -c pass", bare)
        show("import interlock.cli", measured(lambda: run(sys.executable, "-c", "import interlock.cli")))
        verify = measured(lambda: run(*interlock, "verify"))
        check = measured(lambda: run(sys.executable, "-m", "alembic", "-c", str(ALEMBIC_INI), "check"))
        show("interlock verify, with a scratch server of its own", verify)
        show("alembic check (peer)", check)
        print(f"{verify / check:8.1f}    times as long as alembic check")
    show("interlock up, second start, until CLEAR", second_start())


def measured(action: Callable[[], None]) -> float:
    """The median of the seconds that an action takes."""
    seconds = []
    for _ in range(RUNS):
        began = time.monotonic()
        action()
        seconds.append(time.monotonic() - began)
    return statistics.median(seconds)


def second_start() -> float:
    """The median of the seconds until a second start of the control plane has reported CLEAR."""
    with tempfile.TemporaryDirectory() as folder:
        bring_up(Path(folder))
        return statistics.median(bring_up(Path(folder)) for _ in range(RUNS))


def bring_up(folder: Path) -> float:
    """Start the control plane in a folder, take the time until it serves, stop it."""
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    command = [sys.executable, "-m", "interlock", "up", "--port", str(free_port())]
    began = time.monotonic()
    with subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout or ():
            if line.startswith("serving"):
                break
        seconds = time.monotonic() - began
        process.send_signal(signal.SIGINT)
        process.communicate()
    signal_shown = json.loads((folder / "interlock-report" / "report.json").read_text())["verdict"]["signal"]
    if signal_shown != "CLEAR":
        raise SystemExit(f"the control plane is {signal_shown}: nothing was measured")
    return seconds


def show(what: str, seconds: float) -> None:
    """Print one line."""
    print(f"{seconds:8.3f} s  {what}")


if __name__ == "__main__":
    main()
