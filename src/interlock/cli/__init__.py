"""The command line: here the parts are joined. One file per command; each imports its parts when it runs."""

import signal
import sys
from types import FrameType

import typer

from interlock.cli import (
    admin,
    demo,
    drift,
    locate,
    plan,
    probe,
    record,
    release,
    repair,
    restamp,
    schema,
    seed,
    serve,
    up,
    verify,
    wait,
)
from interlock.cli.options import is_debug
from interlock.errors import ExitCode, InterlockError

app = typer.Typer(
    help="A release guard for SQLAlchemy/Alembic applications on PostgreSQL. CLEAR is said only for what was proved.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for command in (release, plan, verify, probe, record, locate, repair, restamp, drift, wait, up, serve):
    app.command()(getattr(command, command.__name__.rpartition(".")[2]))
app.add_typer(schema.app, name="schema")
app.add_typer(admin.app, name="admin")
app.add_typer(seed.app, name="seed")
app.add_typer(demo.app, name="demo")


@app.callback()
def options(
    version: bool = typer.Option(False, "--version", help="Print the version and stop."),
    debug: bool = typer.Option(False, "--debug", help="Show the traceback of an error."),  # noqa: ARG001 - is_debug()
) -> None:
    """Take what every command has."""
    if version:
        from interlock import __version__

        typer.echo(__version__)
        raise typer.Exit


def main() -> None:
    """Run the command line, and leave with an exit code that says what happened (`interlock.errors.ExitCode`)."""
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        app()  # leaves with SystemExit, a usage error with ExitCode.USAGE
    except InterlockError as error:
        sys.exit(_tell(error))
    except Exception as error:  # noqa: BLE001 - the edge: a mistake of ours must not look like anything else
        sys.exit(_tell_mistake(error))


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _tell(error: InterlockError) -> ExitCode:
    if is_debug():
        raise error
    typer.echo(f"error: {error.problem}\nnext:  {error.remedy}", err=True)
    return error.exit_code


def _tell_mistake(error: Exception) -> ExitCode:
    if is_debug():
        raise error
    typer.echo(
        f"error: Interlock itself failed: {type(error).__name__}\n"
        "next:  run it again with --debug before the command, and report what it shows",
        err=True,
    )
    return ExitCode.INTERNAL
