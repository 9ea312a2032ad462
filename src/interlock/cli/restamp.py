"""interlock restamp"""

import sys
from typing import Annotated

import typer

from interlock.cli.options import HERE, Folder, XArguments


def restamp(
    revision: Annotated[
        str | None, typer.Argument(help="Needed where several revisions leave the same schema behind.")
    ] = None,
    folder: Folder = HERE,
    x: XArguments = None,
    yes: Annotated[bool, typer.Option("--yes", help="Write without asking.")] = False,
) -> None:
    """Write into alembic_version the revision that the live schema was proved to match."""
    from interlock.cli.request import read_request
    from interlock.errors import InvalidSetting
    from interlock.release.restamp import Restamped
    from interlock.release.restamp import restamp as write

    def may_write(change: Restamped) -> bool:
        told = f"alembic_version says {', '.join(change.before) or 'nothing'}; the schema is that of {change.after}."
        typer.echo(told)
        if not change.is_changed:
            return False
        if not yes and not sys.stdin.isatty():
            raise InvalidSetting("nobody is there to confirm it", "run it with --yes")
        return yes or typer.confirm(f"Write {change.after}?")

    _, request = read_request(folder.absolute(), is_schema_only=True, x_arguments=x)
    written = write(
        request, revision, may_write=may_write, on_wait=lambda holder: typer.echo(f"waiting for {holder}", err=True)
    )
    typer.echo(f"alembic_version now says {written.after}." if written else "Nothing was written.")
