"""interlock record"""

from pathlib import Path
from typing import Annotated

import typer

from interlock.cli.options import HERE, Folder


def record(
    reports: Annotated[
        Path | None, typer.Argument(help="The folder with the reports of a run.", show_default="interlock-report")
    ] = None,
    folder: Folder = HERE,
) -> None:
    """Put a run on record at the control plane that the settings name: `release --record` does it by itself."""
    from interlock.cli.recording import registrar
    from interlock.settings import read_settings

    folder = folder.absolute()
    settings = read_settings(folder, {})
    recorded = registrar(settings).record(reports or folder / settings.report_folder)
    typer.echo(f"on record: {recorded}")
