"""interlock up"""

from pathlib import Path
from typing import Annotated

import typer

from interlock.cli.options import HERE, Folder, Report

REPORTS = Path("interlock-report")


def up(
    folder: Folder = HERE,
    port: Annotated[int, typer.Option(help="Where to serve the API, on 127.0.0.1.", min=1, max=65535)] = 8000,
    report: Report = None,
) -> None:
    """Bring up the control plane on this machine: database, release by the guard, API. Ctrl-C stops it all.

    The database is a PostgreSQL of its own in .interlock/, or the one that DATABASE_URL names.
    """
    from interlock.cli.local import bring_up

    raise typer.Exit(bring_up(folder.absolute(), port, report or REPORTS))
