"""interlock locate"""

import typer

from interlock.cli.options import HERE, Folder, Json, XArguments


def locate(folder: Folder = HERE, x: XArguments = None, json: Json = False) -> None:
    """Say which revision the live schema really is: exactly, or the nearest with what differs. Touches nothing.

    Exit code 0: exactly the one that the database claims, 1: any other, or none.
    """
    from interlock.cli.present import progress_here
    from interlock.cli.request import read_request
    from interlock.errors import ExitCode
    from interlock.release.locate import locate as find
    from interlock.report.location import location_as_json, location_as_text

    _, request = read_request(folder.absolute(), is_schema_only=True, x_arguments=x)
    progress = progress_here()
    found = find(request, on_step=lambda revision: None if json else progress.tells(f"building {revision.id}"))
    write = location_as_json if json else location_as_text
    typer.echo(write(found.claimed, found.names, found.match.drift, found.told), nl=False)
    if not (found.match.is_exact or json):
        typer.echo(f"next: put right what is listed, or interlock repair, until it is {found.names[-1]}")
    elif not (found.is_as_claimed or json):
        typer.echo("next: interlock restamp writes that revision into alembic_version")
    raise typer.Exit(ExitCode.CLEAR if found.is_as_claimed else ExitCode.STOP)
