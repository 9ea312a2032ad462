"""interlock probe"""

import typer

from interlock.cli.options import HERE, Folder, Json, Record, Report


def probe(folder: Folder = HERE, report: Report = None, record: Record = False, json: Json = False) -> None:
    """Ask the application's endpoints as nobody and as everybody who can be logged in."""
    from interlock.cli.guard import run_probe

    raise typer.Exit(run_probe(folder, report=report, is_json=json, is_recorded=record))
