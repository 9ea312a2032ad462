"""The drift bench: python -m bench.drift, from the folder of the repository. See bench/drift/README.md."""

import argparse
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bench.drift.databases import Databases
from bench.drift.projects import (
    CACHE,
    PROJECTS,
    build_templates,
    dumps_of_older_majors,
    install_peers,
)
from bench.drift.results import page
from bench.drift.tools import AlembicCheck, InterlockDrift, Migra, PgDelta, TextDiff, Tool
from bench.drift.trial import Notebook, Wanted, hold_trial, load, measure, prove_agreement
from interlock.postgres.embedded import run_server

RESULTS = Path(__file__).with_name("RESULTS.md")


def main() -> int:
    """Try every tool on every project, and write the page of results."""
    arguments = _arguments()
    began = time.monotonic()

    def tell(what: str) -> None:
        print(f"{time.monotonic() - began:7.1f} s  {what}", file=sys.stderr, flush=True)

    projects = tuple(each for each in PROJECTS if not arguments.project or each.name in arguments.project)
    CACHE.mkdir(exist_ok=True)
    for project in projects:
        project.install()
    commands = install_peers()
    tools: list[Tool] = [InterlockDrift(), TextDiff(), PgDelta(commands), Migra(commands), AlembicCheck()]
    asked = [tool for tool in tools if not arguments.tool or tool.name in arguments.tool]
    dumps = dumps_of_older_majors(projects, tell)
    wanted = Wanted(arguments.seed, arguments.places, arguments.share)
    folder, kept = CACHE / "server", CACHE / "records"
    with run_server(folder, is_durable=False) as server, ThreadPoolExecutor(arguments.workers) as workers:
        databases = Databases(server, folder)
        databases.make_roles()
        build_templates(projects, databases, tell)
        quick = [TextDiff({}) if isinstance(tool, TextDiff) else tool for tool in asked]
        notebooks = [Notebook(each, quick, kept, wanted, arguments.take_up) for each in projects]
        # First, while nothing else runs.
        for notebook in notebooks:
            prove_agreement(notebook.project, databases, wanted)
            measure(notebook, databases, asked)
            tell(f"{notebook.project.name}: measured")
        held = [workers.submit(hold_trial, each, databases, dumps, tell) for each in notebooks]
        for trial in held:
            trial.result()
    write_page(arguments.out, tools, kept, wanted)
    tell(f"wrote {arguments.out}")
    return 0


def write_page(file: Path, tools: Sequence[Tool], kept: Path, wanted: Wanted) -> None:
    """Write down what is known."""
    everything = [load(project.name, tool.name, kept, wanted) for project in PROJECTS for tool in tools]
    file.write_text(page([record for record in everything if record], tools, wanted))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.drift", description=main.__doc__)
    parser.add_argument("--seed", default="2026", help="chooses the places that are damaged")
    parser.add_argument("--places", type=int, default=1, help="how many places for each kind and project")
    parser.add_argument("--share", type=float, default=0.1, help="of the damage to real projects, for slow tools")
    parser.add_argument("--project", action="append", help="try only this project, the rest is that of the last run")
    parser.add_argument(
        "--tool", action="append", help="ask only this tool again, and take the rest from the last run; can be repeated"
    )
    parser.add_argument("--take-up", action="store_true", help="go on with a run that was stopped")
    parser.add_argument("--workers", type=int, default=2, help="projects at a time")
    parser.add_argument("--out", type=Path, default=RESULTS, help="the page to write")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
