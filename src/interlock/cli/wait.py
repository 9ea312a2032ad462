"""interlock wait"""

from pathlib import Path
from typing import Annotated

import typer


def wait(
    timeout: Annotated[
        float, typer.Option("--timeout", min=0, help="Seconds to wait for the database.", show_default="60")
    ] = 60.0,
    schema_file: Annotated[
        Path, typer.Option("--schema-file", help="What this build declares.", show_default="schema.json")
    ] = Path("schema.json"),
) -> None:
    """Wait until the database holds what this build declares. For init containers: needs no Alembic project."""
    from interlock.cli.waiting import wait_for

    raise typer.Exit(wait_for(schema_file, timeout))
