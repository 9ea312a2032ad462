"""interlock admin"""

import os
import sys
from typing import Annotated

import typer

app = typer.Typer(
    help="Who administers the control plane, for the operator: it needs DATABASE_URL, and no sign-in.",
    no_args_is_help=True,
)

Email = Annotated[str, typer.Argument(help="With which he or she signs in.")]
PasswordStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from standard input, instead of making one.")
]

SHORTEST_PASSWORD = 12


@app.command()
def create(
    email: Email,
    password_stdin: PasswordStdin = False,
    if_none: Annotated[
        bool, typer.Option("--if-none", help="Do nothing where somebody active administers it.")
    ] = False,
) -> None:
    """Let somebody administer the platform, who may have been put out; the password that is made is printed once."""
    url = _database_url()
    _check_address(email)
    password = _password(is_read=password_stdin)
    from interlock.control.persistence.administrators import create_administrator
    from interlock.control.persistence.provisioning import provision_first_administrator

    if not if_none:
        create_administrator(url, email, password)
    elif provision_first_administrator(url, email, password) is None:
        typer.echo("somebody administers the platform already: nothing was done")
        return
    typer.echo(f"{email} administers the platform")
    _tell(password, is_read=password_stdin)


@app.command("reset-password")
def reset(email: Email, password_stdin: PasswordStdin = False) -> None:
    """Give a user another password; the one that is made is printed once."""
    url, password = _database_url(), _password(is_read=password_stdin)
    from interlock.control.persistence.administrators import reset_password

    reset_password(url, email, password)
    typer.echo(f"{email} has another password")
    _tell(password, is_read=password_stdin)


@app.command("list")
def show() -> None:
    """List those who administer the platform."""
    url = _database_url()
    from interlock.control.persistence.administrators import list_administrators

    administrators = list_administrators(url)
    for each in administrators:
        typer.echo(f"{each.email}  {each.name}" + ("" if each.is_active else "  (deactivated)"))
    if not any(each.is_active for each in administrators):
        typer.echo("nobody who is active: interlock admin create EMAIL lets in somebody new, or put out", err=True)


def _database_url() -> str:
    from interlock.cli.local import require_control_plane

    require_control_plane()
    from interlock.postgres.session import open_session
    from interlock.postgres.url import parse_url
    from interlock.settings import required_variable

    url = required_variable(os.environ, "DATABASE_URL")
    with open_session(parse_url(url)):  # or say here and now why it cannot be reached
        return url


def _check_address(email: str) -> None:
    from interlock.control.domain.sign_in import LONGEST_EMAIL, is_email, normalised
    from interlock.errors import InvalidSetting

    if not is_email(normalised(email)):
        raise InvalidSetting(
            f"{email[:60]!r} is no e-mail address",
            f"give one of at most {LONGEST_EMAIL} characters, such as jo@acme.example",
        )


def _password(*, is_read: bool) -> str:
    if not is_read:
        from secrets import token_urlsafe

        return token_urlsafe(15)
    from interlock.errors import InvalidSetting

    # Never an option: what stands on a command line is in the list of processes.
    password = sys.stdin.readline().rstrip("\n")
    if len(password) < SHORTEST_PASSWORD:
        raise InvalidSetting(
            f"the password on standard input is shorter than {SHORTEST_PASSWORD} characters",
            "take a longer one, or leave --password-stdin out to have one made",
        )
    return password


def _tell(password: str, *, is_read: bool) -> None:
    if not is_read:
        typer.echo(f"password: {password}  (shown this once)")
