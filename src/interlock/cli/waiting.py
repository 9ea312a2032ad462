"""Wait for the database of a build, and tell what it is that is waited for."""

import os
from pathlib import Path

import typer

from interlock.errors import ExitCode, InvalidSetting
from interlock.gate.check import LOG, Gate, Readiness
from interlock.gate.needs import read_needs
from interlock.gate.waiting import wait_until_ready
from interlock.postgres.url import parse_url

LOOKS_EVERY_SECONDS = 1.0
SHOWN = 20


def wait_for(schema_file: Path, timeout_seconds: float) -> ExitCode:
    """Wait, print what is missing whenever that changes, and say in the end how it went."""
    url = os.environ.get("INTERLOCK_DATABASE_URL") or os.environ.get("DATABASE_URL")
    if not url:
        raise InvalidSetting(
            "no database is named: DATABASE_URL is not set",
            "export DATABASE_URL=postgresql://user:password@host:5432/database",
        )
    needs = read_needs(schema_file)
    LOG.disabled = True  # the same is told below, to people
    gate = Gate(parse_url(url), needs, every_seconds=LOOKS_EVERY_SECONDS)
    answer = wait_until_ready(gate, timeout_seconds, _show)
    if answer.is_ready:
        typer.echo(f"ready: the database holds what {schema_file.name} declares at {needs.head}")
        return ExitCode.CLEAR
    typer.echo(f"not ready after {timeout_seconds:g} seconds", err=True)
    return ExitCode.TRY_AGAIN_LATER if answer.is_reachable else ExitCode.UNREACHABLE


def _show(answer: Readiness) -> None:
    if answer.is_ready:
        return
    more = len(answer.reasons) - SHOWN
    typer.echo("waiting for the database:", err=True)
    for reason in (*answer.reasons[:SHOWN], *([f"and {more} more"] if more > 0 else [])):
        typer.echo(f"  {reason}", err=True)
