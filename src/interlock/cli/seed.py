"""interlock seed"""

import os

import typer

app = typer.Typer(help="Fill a control plane that is still empty.", no_args_is_help=True)


@app.callback()
def sets() -> None:
    """Keep `demo` a command of its own, though it is the only one."""


@app.command()
def demo() -> None:
    """Fill in a believable set of organisations with a year of use, to look around in. Once done, it does nothing.

    Refused where there are organisations already: what is invented must not stand among what is real.
    """
    from interlock.cli.local import require_control_plane

    require_control_plane()
    from interlock.cli.seeding import seed_demo
    from interlock.settings import required_variable

    typer.echo(seed_demo(required_variable(os.environ, "DATABASE_URL")))
