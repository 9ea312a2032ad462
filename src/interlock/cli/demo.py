"""interlock demo"""

import typer

from interlock.cli.options import HERE, Report

app = typer.Typer(help="Stories that run for real, on a database that is gone afterwards.", no_args_is_help=True)


@app.callback()
def stories() -> None:
    """Keep `incident` a command of its own, though it is the only one."""


@app.command()
def incident(report: Report = None) -> None:
    """Replay the incident that Interlock exists for: a database that claims what it has not, and who notices."""
    from interlock.cli.local import require_control_plane

    require_control_plane()
    from interlock.cli.incident import tell

    raise typer.Exit(tell((HERE / (report or "interlock-report")).absolute()))
