"""interlock schema"""

import typer

from interlock.cli.options import HERE, Folder, Json, Report, XArguments

app = typer.Typer(
    help="The schema file: what the chain declares, to be committed; with it no scratch server is needed.",
    no_args_is_help=True,
)


@app.command()
def write(folder: Folder = HERE, x: XArguments = None) -> None:
    """Write what the chain makes on a scratch database into the schema file. Needs no target."""
    from interlock.cli.request import read_project, spelt_as
    from interlock.release.logbook import counted
    from interlock.release.schema_check import write_schema_file

    settings, project, scratch_server = read_project(folder.absolute(), x_arguments=x)
    path, file = write_schema_file(project, scratch_server, spelt_as(settings))
    typer.echo(f"{path.name} is written: {counted(len(file.snapshot), 'object')} at {file.head}; commit it.")


@app.command()
def baseline(folder: Folder = HERE, x: XArguments = None) -> None:
    """Take the schema of DATABASE_URL, at the revision that it claims, for what older revisions make.

    For a chain that cannot be built from empty: those up to that revision are not run on scratch databases any more.
    """
    from interlock.cli.request import read_request
    from interlock.release.logbook import counted
    from interlock.release.write_baseline import write_baseline

    _, request = read_request(folder.absolute(), x_arguments=x)
    path, file = write_baseline(request)
    typer.echo(f"{path.name} is written: {counted(len(file.snapshot), 'object')} at {file.head}; review and commit it.")


@app.command()
def check(folder: Folder = HERE, report: Report = None, x: XArguments = None, json: Json = False) -> None:
    """Say whether chain, schema file and mapped classes agree. For CI: needs no target."""
    from interlock.cli.guard import run_schema_check

    raise typer.Exit(run_schema_check(folder, report=report, is_json=json, x_arguments=x))
