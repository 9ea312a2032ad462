"""interlock plan"""

import typer

from interlock.cli.options import HERE, Accepted, AllowedDrops, Folder, Json, Report, XArguments


def plan(
    folder: Folder = HERE,
    report: Report = None,
    allow_drop: AllowedDrops = None,
    accept: Accepted = None,
    x: XArguments = None,
    json: Json = False,
) -> None:
    """Say what a release would do, and whether the database is what it claims. Touches nothing."""
    from interlock.cli.guard import run
    from interlock.release import pipeline

    code = run(
        pipeline.plan,
        folder,
        report=report,
        is_json=json,
        is_schema_only=True,
        allowed_drops=allow_drop,
        accepted=accept,
        x_arguments=x,
    )
    raise typer.Exit(code)
