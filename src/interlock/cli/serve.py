"""interlock serve"""

from typing import Annotated

import typer


def serve(
    host: Annotated[
        str, typer.Option(help="Where to listen; 0.0.0.0 for every network.", envvar="INTERLOCK_HOST")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, envvar="PORT")] = 8000,
    workers: Annotated[
        int, typer.Option(help="Processes that answer: about one for each core.", min=1, envvar="WEB_CONCURRENCY")
    ] = 1,
) -> None:
    """Serve the control plane in production: settings from the environment, logs as JSON lines.

    It changes no schema: release first. SIGTERM lets requests finish, within 10 seconds.
    """
    from interlock.cli.local import require_control_plane

    require_control_plane()
    from interlock.cli.serving import serve_until_stopped

    raise typer.Exit(serve_until_stopped(host, port, workers))
