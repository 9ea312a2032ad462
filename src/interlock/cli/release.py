"""interlock release"""

from typing import Annotated

import typer

from interlock.cli.options import HERE, Accepted, AllowedDrops, Folder, Json, Record, Report, XArguments


def release(
    folder: Folder = HERE,
    schema_only: Annotated[
        bool, typer.Option("--schema-only", help="Ask no endpoint; the verdict speaks of the schema alone.")
    ] = False,
    report: Report = None,
    lock_wait: Annotated[
        float | None, typer.Option("--lock-wait", help="Seconds to wait for another release.", show_default="600")
    ] = None,
    allow_drop: AllowedDrops = None,
    accept: Accepted = None,
    record: Record = False,
    x: XArguments = None,
    json: Json = False,
) -> None:
    """Release: plan, verify, apply the pending revisions, verify again, probe, and give the verdict."""
    from interlock.cli.guard import run
    from interlock.release import pipeline

    code = run(
        pipeline.release,
        folder,
        report=report,
        is_json=json,
        is_recorded=record,
        is_schema_only=schema_only,
        lock_wait_seconds=lock_wait,
        allowed_drops=allow_drop,
        accepted=accept,
        x_arguments=x,
    )
    raise typer.Exit(code)
