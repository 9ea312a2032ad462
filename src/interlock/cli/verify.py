"""interlock verify"""

import typer

from interlock.cli.options import HERE, Folder, Json, Report, XArguments


def verify(folder: Folder = HERE, report: Report = None, x: XArguments = None, json: Json = False) -> None:
    """Compare the live schema with the head of the chain and with the mapped classes. Touches nothing."""
    from interlock.cli.guard import run
    from interlock.release import pipeline

    raise typer.Exit(run(pipeline.verify, folder, report=report, is_json=json, is_schema_only=True, x_arguments=x))
