"""interlock drift"""

import os
from enum import IntEnum, StrEnum
from typing import Annotated

import typer


class Format(StrEnum):
    """How the comparison is printed."""

    TEXT = "text"
    JSON = "json"


class Answer(IntEnum):
    """What the exit code says: that of `diff`."""

    IN_STEP = 0
    DRIFT = 1
    COULD_NOT_TELL = 2


def drift(
    reference: Annotated[str, typer.Option(help="The URL of the database that is as it should be.", metavar="URL")],
    live: Annotated[str, typer.Option(help="The URL of the database that is looked at.", metavar="URL")],
    schema: Annotated[
        list[str] | None, typer.Option(help="A schema to compare. May come several times; all by default.")
    ] = None,
    format: Annotated[Format, typer.Option(help="How to print it.")] = Format.TEXT,  # noqa: A002 - the option's name
) -> None:
    """Compare any two databases, and say where the live one departs from the reference. Touches neither.

    Exit code 0: in step, 1: drift, 2: could not tell.
    """
    import gc

    import psycopg

    from interlock.errors import InterlockError
    from interlock.postgres.session import ServerRefused
    from interlock.postgres.url import parse_url
    from interlock.release.compare import compare
    from interlock.report.drift import drift_as_json, drift_as_text

    # The process ends with its answer, and until then all that is read is kept.
    gc.disable()
    try:
        scratch = os.environ.get("INTERLOCK_SCRATCH_URL")
        comparison = compare(
            parse_url(reference), parse_url(live), schema or (), parse_url(scratch) if scratch else None
        )
    except (InterlockError, psycopg.Error) as raised:
        error = raised if isinstance(raised, InterlockError) else ServerRefused(raised)
        typer.echo(f"error: {error.problem}\nnext:  {error.remedy}", err=True)
        raise typer.Exit(Answer.COULD_NOT_TELL) from None
    typer.echo(drift_as_json(comparison) if format is Format.JSON else drift_as_text(comparison), nl=False)
    if comparison.is_drift:
        raise typer.Exit(Answer.DRIFT)
    raise typer.Exit(Answer.IN_STEP if comparison.is_in_step else Answer.COULD_NOT_TELL)
