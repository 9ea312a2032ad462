"""The options that several commands share."""

import sys
from pathlib import Path
from typing import Annotated

import typer

Folder = Annotated[Path, typer.Option("--folder", "-C", help="The project's folder.", show_default="here")]
Report = Annotated[
    Path | None, typer.Option("--report", help="Where to write the reports.", show_default="interlock-report")
]
Json = Annotated[bool, typer.Option("--json", help="Print the record as JSON, and nothing else.")]
XArguments = Annotated[
    list[str] | None, typer.Option("-x", help="An argument for env.py, as in alembic -x. May come several times.")
]
AllowedDrops = Annotated[
    list[str] | None,
    typer.Option("--allow-drop", help="A table or column, by its name, that may be dropped although it holds rows."),
]
Accepted = Annotated[
    list[str] | None,
    typer.Option("--accept", metavar="RULE:TABLE", help="A hazard that you answer for, as the report names it."),
]
Record = Annotated[
    bool, typer.Option("--record", help="Put the run on record at the control plane that the settings name.")
]
HERE = Path()


def is_debug() -> bool:
    """Whether tracebacks are asked for: known also where no command was reached."""
    return "--debug" in sys.argv
